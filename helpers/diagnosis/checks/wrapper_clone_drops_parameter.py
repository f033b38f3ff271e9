"""wrapper/clone-drops-parameter: clone loses or changes a constructor parameter."""

from sklearn.base import clone

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check
from helpers.diagnosis.trials import described, differing, told


@check("wrapper/clone-drops-parameter", needs={"trials"})
def wrapper_clone_drops_parameter(examination):
    """The parameters of the estimator, and what it and its steps keep of their constructors'
    arguments, are compared with those of the clone that a search fits."""
    estimator = examination.subject.estimator
    copied = clone(estimator)
    lost = differing(_settings(estimator), _settings(copied))
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


def _settings(estimator):
    """Parameters, and the plain attributes beside them that are not results of a fit; of the steps
    of a pipeline too."""
    settings = told(estimator)
    for name, each in {"": estimator, **estimator.get_params()}.items():
        if hasattr(each, "get_params") and not isinstance(each, type):
            settings = _attributes(each, f"{name}__" if name else "") | settings
    return settings


def _attributes(estimator, prefix):
    return {
        f"{prefix}{name}": described(value)
        for name, value in vars(estimator).items()
        if not name.startswith("_") and not name.endswith("_")
    }
