"""wrapper/clone-drops-parameter: clone loses or changes a constructor parameter."""

import inspect

from sklearn.base import clone

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check
from helpers.diagnosis.trials import described, differing, told

#: What Keras was asked for, where it can be told from the record of a fit.
_IN_RECORDS = {
    "epochs": lambda record: record.epochs_asked,
    "batch_size": lambda record: record.batch_size or 32,
    "validation_split": lambda record: record.validation_split,
}


@check("wrapper/clone-drops-parameter", needs={"trials"})
def wrapper_clone_drops_parameter(examination):
    """The parameters of the estimator, and what it and its steps keep of their constructors'
    arguments (under a name with an underscore, too), are compared with those of the clone that a
    search fits; what is lost and asks Keras for no more than every fit had is harmless."""
    estimator = examination.subject.estimator
    before, after = _settings(estimator), _settings(clone(estimator))
    lost = differing(before, after)
    if not lost:
        return []
    is_harmless = all(
        _had_it_anyhow(examination, name.rpartition("__")[2], value, after[name])
        for name, value in before.items()
        if name in after and after[name] != value
    )
    return [
        Finding(
            "wrapper/clone-drops-parameter",
            "not the cause" if is_harmless else "fault",
            "info" if is_harmless else "serious",
            f"clone, which a search makes for each fit, changed a parameter: {lost[0]}"
            + ("; every fit was trained so all the same" if is_harmless else ""),
            Fix(
                "Use a wrapper whose constructor names the parameter.",
                "KerasClassifier(build, epochs=30)",
            ),
            evidence={"lost": lost},
        )
    ]  # fmt: skip


def _had_it_anyhow(examination, name, value, instead):
    """Whether all fits were trained as a lost setting, or what is lost of it, asks for."""
    if isinstance(value, dict):
        left = instead if isinstance(instead, dict) else {}
        return all(
            _had_it_anyhow(examination, key, each, left.get(key))
            for key, each in value.items()
            if key not in left or left[key] != each
        )
    records = [trial.record for trial in examination.trials]
    if name not in _IN_RECORDS or not all(records):
        return name == "verbose"
    return all(_IN_RECORDS[name](record) == value for record in records)


def _settings(estimator):
    """Parameters, and the plain attributes beside them that are not results of a fit; of the steps
    of a pipeline too."""
    settings = told(estimator)
    for name, each in {"": estimator, **estimator.get_params()}.items():
        if hasattr(each, "get_params") and not isinstance(each, type):
            settings = _attributes(each, f"{name}__" if name else "") | settings
    return settings


def _attributes(estimator, prefix):
    named = {
        name
        for cls in type(estimator).__mro__
        if "__init__" in vars(cls) and cls is not object
        for name in inspect.signature(cls.__init__).parameters
    }
    return {
        f"{prefix}{name}": described(value)
        for name, value in vars(estimator).items()
        if not name.endswith("_") and (not name.startswith("_") or name.lstrip("_") in named)
    }
