"""wrapper/clone-drops-parameter: clone loses or changes a constructor parameter."""

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check


@check("wrapper/clone-drops-parameter", needs={"trials"})
def wrapper_clone_drops_parameter(examination):
    """The parameters of the estimator are compared with those of the clone that a search fits."""
    lost = sorted({each for trial in examination.trials for each in trial.lost})
    if not lost:
        return []
    return [
        Finding(
            "wrapper/clone-drops-parameter", "fault", "serious",
            f"clone, which a search makes for each fit, changed a parameter: {lost[0]}",
            Fix(
                "Use a wrapper whose constructor names the parameter.",
                "KerasClassifier(build, epochs=30)",
            ),
            evidence={"lost": lost},
        )
    ]  # fmt: skip
