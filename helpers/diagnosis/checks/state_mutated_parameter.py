"""state/mutated-parameter: a constructor parameter was changed by fitting."""

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check


@check("state/mutated-parameter", needs={"fits"})
def state_mutated_parameter(examination):
    """The constructor parameters are compared before and after each fit."""
    trials = [*examination.trials, *([examination.refit] if examination.refit else [])]
    changed = sorted({each for trial in trials for each in trial.changed})
    if not changed:
        return []
    return [
        Finding(
            "state/mutated-parameter", "fault", "warning",
            f"fitting changed a constructor parameter: {changed[0]}",
            Fix(
                "Give what belongs to a fit to the constructor, under a name of its own, and "
                "nothing to fit; or use a wrapper whose fit leaves its parameters alone.",
                "KerasClassifier(build, epochs=30)",
            ),
            evidence={"changed": changed},
        )
    ]  # fmt: skip
