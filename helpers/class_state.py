"""Finds what callbacks keep on their classes, where one fit leaves it for the next."""

import inspect
import pickle
import warnings
from contextlib import contextmanager
from io import BytesIO

from helpers.quiet import keras

# Their contents are variables and graphs: telling one from another by identity has to do.
_OPAQUE_PACKAGES = ("keras", "tensorflow")


@contextmanager
def watched_class_state(callbacks):
    """Warn after the block of attributes of the callbacks' classes that it has changed.

    A callback object is copied for each fit, its class is not: ``Schedule.rate *= 0.5`` halves the
    rate of the fits that come after, too. What is compared are the attributes that the classes and
    their bases up to ``keras.callbacks.Callback`` define; methods, properties and caches of
    `functools` are no state, and neither is what a name with two underscores at both ends holds.

    Parameters
    ----------
    callbacks : callback class or object, or list or dict of them, or None
        As the user gave them. Several are looked through in one list.

    Warns
    -----
    UserWarning
        Names each attribute.

    Examples
    --------
    >>> import warnings
    >>> class Schedule(keras.callbacks.Callback):
    ...     rate = 1.0
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     with watched_class_state([Schedule()]):
    ...         Schedule.rate *= 0.5
    >>> str(caught[0].message).split(":")[0]
    'the fit changed Schedule.rate'
    """
    classes = list(dict.fromkeys(_users_classes(callbacks)))
    before = {cls: _state(cls) for cls in classes}
    yield
    changed = []
    for cls in classes:
        after = _state(cls)
        changed += [
            f"{cls.__qualname__}.{name}"
            for name in dict.fromkeys([*before[cls], *after])
            if _differ(before[cls].get(name), after.get(name))
        ]
    if changed:
        warnings.warn(
            f"the fit changed {', '.join(changed)}: what a callback keeps on its class is shared "
            "by all fits, so that a fit depends on those before it. Set it in __init__ or "
            "on_train_begin, on self",
            stacklevel=2,
        )


def _users_classes(callbacks):
    if isinstance(callbacks, dict):
        callbacks = list(callbacks.values())
    if isinstance(callbacks, list | tuple):
        for each in callbacks:
            yield from _users_classes(each)
        return
    cls = callbacks if inspect.isclass(callbacks) else type(callbacks)
    if issubclass(cls, keras.callbacks.Callback):
        yield from (base for base in cls.__mro__ if not _is_opaque(base) and base is not object)


def _state(cls):
    """The value of each attribute that holds data, and a description that tells if it changed."""
    return {
        name: (value, _described(value))
        for name, value in vars(cls).items()
        if _is_data(name, value)
    }


def _is_data(name, value):
    if name.startswith("__") and name.endswith("__"):
        return False
    # Methods, properties, functools' caches and ABC's registers are how a class works.
    return not (hasattr(type(value), "__get__") or inspect.isclass(value) or name == "_abc_impl")


def _described(value):
    described = BytesIO()
    try:
        with warnings.catch_warnings(action="ignore"):
            _Description(described, protocol=4).dump(value)
    except Exception:  # noqa: BLE001 - what a user's object raises then is the user's to choose
        return id(value)
    return described.getvalue()


def _differ(before, after):
    if before is None or after is None:
        return before is not after
    (old, old_description), (new, new_description) = before, after
    if old_description == new_description:
        return False
    if old is new:
        return True
    try:
        return not bool(old == new)
    except Exception:  # noqa: BLE001 - likewise
        return True


class _Description(pickle.Pickler):
    """Writes data down as they are, and what is no data by its identity. Never read back."""

    def persistent_id(self, thing):
        is_code = inspect.isroutine(thing) or inspect.isclass(thing) or inspect.ismodule(thing)
        return id(thing) if is_code or _is_opaque(type(thing)) else None


def _is_opaque(cls):
    return cls.__module__.partition(".")[0] in _OPAQUE_PACKAGES
