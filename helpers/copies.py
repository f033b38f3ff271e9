"""Copies of the Keras objects that a user hands over, whoever wrote their classes.

Keras copies and pickles its objects by name, from a registry. A schedule, loss or metric of a
user's own is usually not in it, so that `copy.deepcopy` and `pickle` fail where the object is fine.
Here an object is taken apart into its class and what it was made with, which can be copied and
pickled, and put together again.
"""

import copy
import inspect
import numbers
import re
from dataclasses import dataclass, field

from helpers.quiet import keras
from helpers.routing import constructor_parameters

__all__ = [
    "check_told", "config_of", "copy_of", "hand_on", "put_together", "taken_apart", "told_by",
]  # fmt: skip

Schedule = keras.optimizers.schedules.LearningRateSchedule
#: Known by their members: they have no variables, and not all of them a whole configuration.
BY_MEMBERS = (keras.losses.Loss, Schedule)
#: Known by their configuration: they have variables, and copies start afresh.
BY_CONFIG = (keras.optimizers.Optimizer, keras.metrics.Metric)
#: What an optimizer was told after it was made; no configuration has it.
TOLD_LATER = ("_exclude_from_weight_decay", "_exclude_from_weight_decay_pattern")


@dataclass(frozen=True)
class Parts:
    """An object of Keras, taken apart.

    Parameters
    ----------
    cls : type
    made_with : dict
        Its members, or its configuration.
    by_members : bool
    told : dict
        Numbers and words that its constructor takes, as it has them.
    told_later : dict
        Settings of `TOLD_LATER`.
    """

    cls: type
    made_with: dict
    by_members: bool
    told: dict
    told_later: dict = field(default_factory=dict)

    def put_together(self):
        """A new object."""
        made_with = put_together(self.made_with)
        if self.by_members:
            thing = object.__new__(self.cls)
            vars(thing).update(made_with)
        else:
            thing = self.cls.from_config(made_with)
            check_told(self.told, thing)
            _tell_later(thing, self.told_later)
        return thing


class LostParameterError(TypeError):
    """A configuration that leaves a parameter out."""


def taken_apart(value):
    """Replace Keras objects by their `Parts`, also in lists, tuples and dicts.

    Parameters
    ----------
    value : object

    Returns
    -------
    object
        What is none of these, or tells no configuration, stays as it is.

    Examples
    --------
    >>> parts = taken_apart([keras.losses.Huber(delta=2.0), "mse"])
    >>> put_together(copy.deepcopy(parts))[0]([0.0], [1.0]).numpy().item()
    0.5
    """
    if isinstance(value, BY_MEMBERS):
        return Parts(type(value), taken_apart(vars(value)), True, told_by(value))
    if isinstance(value, BY_CONFIG):
        try:
            config, told = taken_apart(config_of(value)), told_by(value)
            return Parts(type(value), config, False, told, _told_later(value))
        except NotImplementedError:
            # Keras raises it for a class without get_config. Whoever copies or pickles the object
            # as it is hears of that from Keras.
            return value
    return _each(taken_apart, value)


def put_together(value):
    """Undo `taken_apart`, with new objects.

    Parameters
    ----------
    value : object

    Returns
    -------
    object

    Raises
    ------
    LostParameterError
        The configuration of an object leaves a parameter out.
    """
    return value.put_together() if isinstance(value, Parts) else _each(put_together, value)


def config_of(thing):
    """Configuration of a Keras object, with what it leaves out.

    Parameters
    ----------
    thing : object with get_config

    Returns
    -------
    dict
        A learning-rate schedule or function is in it as it is, not as its configuration, which
        Keras reads for registered classes alone.
    """
    schedule = vars(thing).get("_learning_rate")
    if isinstance(thing, keras.optimizers.Optimizer) and callable(schedule):
        twin = object.__new__(type(thing))
        vars(twin).update(vars(thing) | {"_learning_rate": 0.0})
        return twin.get_config() | {"learning_rate": schedule}
    # Keras 3.15 leaves what some losses were made with (Huber's delta) out of their configuration.
    made_with, takes = getattr(thing, "_fn_kwargs", {}), constructor_parameters(type(thing))
    return thing.get_config() | {name: made_with[name] for name in takes if name in made_with}


def copy_of(thing):
    """Copy an object; a variable of it (an optimizer's moments) starts afresh.

    Parameters
    ----------
    thing : object, str, function or None

    Returns
    -------
    object
        The same if it is a name, a function or None.

    Raises
    ------
    TypeError
        It cannot be copied, or its configuration leaves a parameter out.
    """
    if thing is None or isinstance(thing, str) or inspect.isroutine(thing):
        return thing
    try:
        return put_together(copy.deepcopy(taken_apart(thing)))
    except LostParameterError:
        raise
    except Exception as error:  # what a user's object raises when copied is the user's to choose
        raise TypeError(
            f"{type(thing).__name__} object: it can be copied neither from its configuration nor "
            f"by copy.deepcopy ({error}); pass its class, with parameters routed to it"
        ) from error


def hand_on(thing, made):
    """Tell an optimizer made from the configuration of another what that was told later."""
    _tell_later(made, _told_later(thing))


def _told_later(thing):
    """As plain sets and text: Keras' sets keep track of changes, and patterns have no digest."""
    told = {name: vars(thing)[name] for name in TOLD_LATER if vars(thing).get(name)}
    return {
        name: value.pattern if isinstance(value, re.Pattern) else set(value)
        for name, value in told.items()
    }


def _tell_later(thing, told):
    for name, value in told.items():
        setattr(thing, name, re.compile(value) if isinstance(value, str) else value)


def told_by(thing):
    """Numbers and words among what the constructor of an object takes, as the object has them.

    Parameters
    ----------
    thing : object

    Returns
    -------
    dict
    """
    values = {name: getattr(thing, name, None) for name in constructor_parameters(type(thing))}
    return {n: value for n, value in values.items() if isinstance(value, numbers.Real | str)}


def check_told(told, made):
    """Refuse an object that has lost a number or a word on the way through a configuration.

    Parameters
    ----------
    told : dict
        From `told_by`.
    made : object

    Raises
    ------
    LostParameterError
        Names the parameter.
    """
    for name, old in told.items():
        new = getattr(made, name, None)
        if type(old) is not type(new) or (old != new and old == old):  # NaN is not itself
            raise LostParameterError(
                f"{type(made).__name__} object: a copy from its configuration has "
                f"{name}={new!r}, not {old!r}; get_config has to name {name!r}, or pass the class, "
                "with parameters routed to it"
            )


def _each(function, value):
    """Apply a function to the members of a list, a tuple or a dict; the rest stays."""
    if type(value) in (list, tuple):
        return type(value)(map(function, value))
    if type(value) is dict:
        return {name: function(each) for name, each in value.items()}
    return value
