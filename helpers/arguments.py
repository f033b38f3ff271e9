"""Says what ``keras.Model.fit`` is called with, and refuses what it would not take."""

import numbers

from helpers.building import instantiate, make_callback
from helpers.quiet import keras
from helpers.routing import accepted_names, check_accepted

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
    "validation_batch_size": "leave it out: it changes no result",
}

# What the wrapper itself passes to keras.Model.fit.
_OWN_FIT_ARGUMENTS = (
    "x", "y", "sample_weight", "class_weight", "validation_data", "validation_split",
    "steps_per_epoch", "initial_epoch", "callbacks", "shuffle",
)  # fmt: skip


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


def fit_arguments(own, defaults, routed, given, *, owner):
    """Merge what the constructor, ``fit__`` and one call of ``fit`` ask for, the last one first.

    Parameters
    ----------
    own : mapping
        ``epochs`` and ``batch_size`` of the constructor.
    defaults : mapping
        What they are where nobody asks: ``fit__`` may differ from these.
    routed : mapping
        Parameters with the prefix ``fit__``, without it.
    given : mapping
        Arguments of this fit.
    owner : str
        The estimator's class, for the messages.

    Returns
    -------
    dict
        Arguments of ``keras.Model.fit``; ``epochs`` may be ``"auto"``.

    Raises
    ------
    ValueError
        Nothing takes an argument, two contradict one another, or a number is out of range.
    """
    known = accepted_names(keras.Model.fit)
    if known is not None:  # None: somebody has put a function of his own there
        known = [name for name in known if name not in ("self", *_OWN_FIT_ARGUMENTS)]
        known.append("callbacks")
    check_accepted(routed, known, owner="keras.Model.fit here", prefix="fit__")
    check_accepted(given, known, owner="keras.Model.fit here")
    for name, value in own.items():
        if value not in (defaults[name], routed.get(name, value)):
            raise ValueError(
                f"fit__{name}={routed[name]!r} contradicts {name}={value!r}: give one of the two"
            )
    arguments = {**own, **routed, **given}
    if arguments["epochs"] != "auto" and not _is_whole(arguments["epochs"]):
        raise ValueError(
            f'epochs={arguments["epochs"]!r}: {owner} accepts an integer >= 1 or "auto"'
        )
    if arguments["batch_size"] != -1:
        check_whole("batch_size", arguments["batch_size"], owner=owner)
    return arguments


def predict_arguments(routed, given):
    """Merge what ``predict__`` and one call of ``predict`` ask for, the last one first.

    Raises
    ------
    ValueError
        If ``keras.Model.predict`` takes an argument not.
    """
    known = [name for name in accepted_names(keras.Model.predict) if name not in ("self", "x")]
    check_accepted(routed, known, owner="keras.Model.predict here", prefix="predict__")
    check_accepted(given, known, owner="keras.Model.predict here")
    arguments = {**routed, **given}
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


def _is_whole(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 1
