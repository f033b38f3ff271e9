"""Says what ``keras.Model.fit`` is called with, and refuses what it would not take."""

import math
import numbers

import numpy as np

from helpers.building import instantiate, make_callback
from helpers.routing import check_accepted

#: What other wrappers call, or called, a parameter, and what to write here.
LEFTOVERS = {
    "build_fn": "pass the builder as `model`",
    "nb_epoch": "it is called `epochs`",
    "fit_kwargs": "pass its members as `fit__...`, and `epochs` and `batch_size` by name",
    "model_kwargs": "pass its members as `model__...`",
    "sk_params": "pass its members by name",
    "fit__class_weight": "it is called `class_weight`",
    "fit__validation_split": "it is called `validation_split`",
    "fit__shuffle": "it is called `shuffle`",
}

#: What ``fit__`` and a call of ``fit`` may ask of ``keras.Model.fit``; the rest the wrapper says.
FIT = frozenset({
    "batch_size", "callbacks", "epochs", "validation_batch_size", "validation_freq",
    "validation_steps", "verbose",
})  # fmt: skip
#: What ``predict__`` and a call of ``predict`` may ask of ``keras.Model.predict``.
PREDICT = frozenset({"batch_size", "callbacks", "steps", "verbose"})


def check_leftovers(parameters, taken, *, owner):
    """Refuse parameters that are another wrapper's, with what to write instead.

    Parameters
    ----------
    parameters : mapping
        What the estimator has no name of its own for.
    taken : collection of str
        What the builder takes: a name of its own is no leftover.
    owner : str
        The estimator's class, for the message.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> check_leftovers({"nb_epoch": 5}, [], owner="KerasClassifier")
    Traceback (most recent call last):
        ...
    ValueError: nb_epoch=5: KerasClassifier has no such parameter; it is called `epochs`
    """
    for name in parameters:
        if name in LEFTOVERS and name not in taken:
            raise ValueError(
                f"{name}={parameters[name]!r}: {owner} has no such parameter; {LEFTOVERS[name]}"
            )


def fit_arguments(own, defaults, routed, given, *, owner, known=FIT):
    """Merge what the constructor, ``fit__`` and one call of ``fit`` ask for, the last one first.

    Parameters
    ----------
    own : mapping
        ``epochs`` and the sizes of batches of the constructor.
    defaults : mapping
        What they are where nobody asks: ``fit__`` may differ from these.
    routed : mapping
        Parameters with the prefix ``fit__``, without it.
    given : mapping
        Arguments of this fit.
    owner : str
        The estimator's class, for the messages.
    known : collection of str
        What may be asked for.

    Returns
    -------
    dict
        Arguments of ``keras.Model.fit``; ``epochs`` may be ``"auto"``.

    Raises
    ------
    ValueError
        Nothing takes an argument, two contradict one another, or a number is out of range.
    """
    check_accepted(routed, known, owner="keras.Model.fit here", prefix="fit__")
    check_accepted(given, known, owner="keras.Model.fit here")
    for name, value in own.items():
        if value not in (defaults[name], routed.get(name, value)):
            raise ValueError(
                f"fit__{name}={routed[name]!r} contradicts {name}={value!r}: give one of the two"
            )
    arguments = {**own, **routed, **given}
    if not _is_text(arguments["epochs"], "auto") and not _is_whole(arguments["epochs"]):
        raise ValueError(
            f'epochs={arguments["epochs"]!r}: {owner} accepts an integer >= 1 or "auto"'
        )
    _check_batch_size("batch_size", arguments["batch_size"], owner)
    if arguments.get("validation_batch_size") is not None:
        _check_batch_size("validation_batch_size", arguments["validation_batch_size"], owner)
    if "verbose" in arguments:
        check_verbose(arguments["verbose"])
    return arguments


def predict_arguments(routed, given, known=PREDICT):
    """Merge what ``predict__`` and one call of ``predict`` ask for, the last one first.

    Raises
    ------
    ValueError
        If ``keras.Model.predict`` takes an argument not.
    """
    check_accepted(routed, known, owner="keras.Model.predict here", prefix="predict__")
    check_accepted(given, known, owner="keras.Model.predict here")
    arguments = {**routed, **given}
    if arguments.get("batch_size") is not None:
        _check_batch_size("predict__batch_size", arguments["batch_size"], "keras.Model.predict")
    if arguments.get("callbacks") is not None:
        made = instantiate(arguments["callbacks"], {}, make_callback, prefix="predict__callbacks__")
        arguments["callbacks"] = list(made.values()) if isinstance(made, dict) else made
    return arguments


def check_whole(name, value, *, owner):
    """Refuse what is no integer >= 1.

    Raises
    ------
    ValueError
    """
    if not _is_whole(value):
        raise ValueError(f"{name}={value!r}: {owner} accepts an integer >= 1")


def check_share(name, value):
    """Refuse what is no share of the training rows.

    Raises
    ------
    ValueError
    """
    if not (isinstance(value, numbers.Real) and 0 <= value < 1):
        raise ValueError(f"{name}={value!r}: a share of the training rows in [0, 1) is accepted")


def check_flag(name, value):
    """Refuse what is neither True nor False, such as the word "no".

    Raises
    ------
    ValueError
    """
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{name}={value!r}: True or False is accepted")


def check_verbose(value):
    """Refuse what ``keras.Model.fit`` would silently take for silence, or for noise.

    Raises
    ------
    ValueError
    """
    if not isinstance(value, numbers.Integral | str) or value not in ("auto", 0, 1, 2):
        raise ValueError(f'verbose={value!r}: 0, 1, 2 or "auto" is accepted')


def check_class_weight(class_weight, classes):
    """Refuse weights that are no weights, or of labels that are not there.

    A label without a weight has weight 1, and a weight without a label is no harm: a fold may lack
    a class. Together they are a label that is misspelt.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    classes : ndarray, shape (n_classes,)
        Labels of the rows.

    Raises
    ------
    ValueError

    Examples
    --------
    >>> check_class_weight({"yse": 2.0}, np.array(["no", "yes"]))
    Traceback (most recent call last):
        ...
    ValueError: class_weight has the label 'yse'; y has the labels ['no', 'yes']
    """
    if not isinstance(class_weight, dict):
        if class_weight is not None and not _is_text(class_weight, "balanced"):
            raise ValueError(
                f"class_weight={class_weight!r}: a dict of label to weight, "
                '"balanced" or None is accepted'
            )
        return
    for label, weight in class_weight.items():
        if not (isinstance(weight, numbers.Real) and math.isfinite(weight) and weight >= 0):
            raise ValueError(
                f"class_weight={class_weight!r}: the weight of {label!r} is {weight!r}; "
                "a number >= 0 is accepted"
            )
    labels = classes.tolist()
    unknown = [label for label in class_weight if label not in labels]
    if unknown and any(label not in class_weight for label in labels):
        raise ValueError(f"class_weight has the label {unknown[0]!r}; y has the labels {labels}")


def _check_batch_size(name, value, owner):
    if isinstance(value, bool) or value != -1:  # -1: all rows, as in SciKeras
        check_whole(name, value, owner=owner)


def _is_text(value, text):
    return isinstance(value, str) and value == text


def _is_whole(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 1
