"""Copies of the Keras objects that a user hands over, whoever wrote their classes.

Keras copies and pickles its objects by name, from a registry. A schedule, loss or metric of a
user's own is usually not in it, so that `copy.deepcopy` and `pickle` fail where the object is fine.
Here an object is taken apart into its class and what it was made with, which can be copied and
pickled, and put together again.
"""

import copy
import inspect
import numbers
from dataclasses import dataclass

from helpers.quiet import keras
from helpers.routing import constructor_parameters

__all__ = [
    "check_same_parameters", "config_of", "copy_of", "deep_copy", "put_together", "taken_apart",
]  # fmt: skip

Schedule = keras.optimizers.schedules.LearningRateSchedule
#: Known by their members: they have no variables, and not all of them a whole configuration.
BY_MEMBERS = (keras.losses.Loss, Schedule)
#: Known by their configuration: they have variables, and copies start afresh.
BY_CONFIG = (keras.optimizers.Optimizer, keras.metrics.Metric)


@dataclass(frozen=True)
class Parts:
    """An object of Keras, taken apart.

    Parameters
    ----------
    cls : type
    made_with : dict
        Its members, or its configuration.
    by_members : bool
    """

    cls: type
    made_with: dict
    by_members: bool

    def put_together(self):
        """A new object."""
        made_with = put_together(self.made_with)
        if not self.by_members:
            return self.cls.from_config(made_with)
        thing = object.__new__(self.cls)
        vars(thing).update(made_with)
        return thing


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
    if type(value) in (list, tuple):
        return type(value)(map(taken_apart, value))
    if type(value) is dict:
        return {name: taken_apart(each) for name, each in value.items()}
    if isinstance(value, BY_MEMBERS):
        return Parts(type(value), taken_apart(vars(value)), by_members=True)
    if isinstance(value, BY_CONFIG):
        try:
            return Parts(type(value), taken_apart(config_of(value)), by_members=False)
        except NotImplementedError:  # what Keras raises for a class without get_config
            return value
    return value


def put_together(value):
    """Undo `taken_apart`, with new objects.

    Parameters
    ----------
    value : object

    Returns
    -------
    object
    """
    if isinstance(value, Parts):
        return value.put_together()
    if type(value) in (list, tuple):
        return type(value)(map(put_together, value))
    if type(value) is dict:
        return {name: put_together(each) for name, each in value.items()}
    return value


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
    if isinstance(thing, BY_MEMBERS):
        return put_together(deep_copy(taken_apart(thing), of=thing))
    try:
        copied = type(thing).from_config(put_together(copy.deepcopy(taken_apart(config_of(thing)))))
    except (AttributeError, NotImplementedError, TypeError, ValueError):
        # Keras raises NotImplementedError where a user's class has no get_config; a get_config
        # that is wrong raises one of the others in from_config.
        return deep_copy(thing)
    check_same_parameters(thing, copied)
    return copied


def deep_copy(thing, of=None):
    """`copy.deepcopy`, with an error that names the object.

    Parameters
    ----------
    thing : object
    of : object, default=thing
        What the error names.

    Raises
    ------
    TypeError
        It cannot be copied.
    """
    try:
        return copy.deepcopy(thing)
    except Exception as error:  # what a user's object raises when copied is the user's to choose
        raise TypeError(
            f"{type(thing if of is None else of).__name__} object: it can be copied neither from "
            f"its configuration nor by copy.deepcopy ({error}); pass its class, with parameters "
            "routed to it"
        ) from error


def check_same_parameters(thing, copied, but=()):
    """Refuse a copy that has lost a number or a word on the way through the configuration.

    Parameters
    ----------
    thing, copied : object
    but : collection of str
        Parameters that were changed on purpose.

    Raises
    ------
    TypeError
        Names the parameter.
    """
    for name in constructor_parameters(type(thing)):
        old, new = getattr(thing, name, None), getattr(copied, name, None)
        if name in but or not isinstance(old, numbers.Real | str):
            continue
        if type(old) is not type(new) or (old != new and old == old):  # NaN is not itself
            raise TypeError(
                f"{type(thing).__name__} object: a copy from its configuration has "
                f"{name}={new!r}, not {old!r}; get_config has to name {name!r}, or pass the class, "
                "with parameters routed to it"
            )
