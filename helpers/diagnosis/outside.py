"""What users' code keeps outside of its fits: on classes, in modules, in shared objects."""

import copy
import inspect
import math
import types
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np

from helpers.fingerprint import comes_installed
from helpers.model_facts import is_plain
from helpers.quiet import keras

__all__ = ["Outside", "held_by", "put_back"]

#: What is larger is data, which no fit is expected to write into.
_MOST_BYTES, _MOST_MEMBERS = 2**24, 10_000
#: Of Keras, what is watched where it is fitted: an object of the user's own that is none of these
#: (a loss, a schedule, an initialiser) is looked at as what is none of Keras'.
_WATCHED = keras.Layer, keras.Optimizer, keras.callbacks.Callback


class Outside:
    """The classes and modules of a user that hold what the code of some things reads.

    Parameters
    ----------
    things : iterable
        Estimators, functions, callbacks, and lists and dicts of them.

    Examples
    --------
    >>> class Net:
    ...     __module__ = "study"  # not this package
    ...     n_fits = 0
    ...     def fit(self):
    ...         Net.n_fits += 1
    >>> outside = Outside([Net()])
    >>> Net().fit()
    >>> outside.changed()
    ['Net.n_fits']
    >>> outside.put_back()
    >>> Net.n_fits
    0
    """

    def __init__(self, things=()):
        found = _Found()
        for thing in things:
            found.look_at(thing)
        self._places = found.places()
        self._first = self.held()

    def held(self):
        """What all of it holds now, for `put_back`."""
        return [held_by(place.read()) for place in self._places]

    def put_back(self, held=None):
        """Let it hold again what it held at first, or what `held` has returned."""
        held = self._first if held is None else held
        for place, state in zip(self._places, held, strict=True):
            put_back(state, place.assign)

    def changed(self):
        """Names of what is not as it was at first."""
        return sorted(
            f"{place.name}.{name}"
            for place, first in zip(self._places, self._first, strict=True)
            for name, (_, before) in first.items()
            if not _same(place.read().get(name), before)
        )


def held_by(namespace):
    """The attributes of a namespace that are data.

    Parameters
    ----------
    namespace : mapping of str to object

    Returns
    -------
    dict of str to tuple
        Each object itself, and a copy of it.
    """
    return {
        name: (value, _copy(value))
        for name, value in list(namespace.items())
        if not name.startswith("__") and _is_state(value)
    }


def put_back(state, assign):
    """Give attributes back: the same objects, holding what they held.

    Parameters
    ----------
    state : dict
        What `held_by` has returned.
    assign : callable (name, value) -> None
    """
    for name, (value, held) in state.items():
        if isinstance(value, list):
            value[:] = copy.deepcopy(held)
        elif isinstance(value, dict | set):
            value.clear()
            value.update(copy.deepcopy(held))
        elif isinstance(value, np.ndarray) and value.flags.writeable:
            value[...] = held
        elif isinstance(value, keras.Variable):
            value.assign(held)
        assign(name, value)


def _copy(value):
    if isinstance(value, keras.Variable):
        return np.array(keras.ops.convert_to_numpy(value))
    return copy.deepcopy(value)


def _is_state(value):
    if isinstance(value, keras.Variable):
        return math.prod(value.shape) <= _MOST_BYTES / 8
    try:
        return _size(value) <= _MOST_BYTES and is_plain(value)
    except RecursionError:  # it contains itself
        return False


def _size(value):
    """Bytes of data, about; more than the most where it has more members than are gone through."""
    if isinstance(value, np.ndarray):
        return value.nbytes
    if isinstance(value, dict | list | tuple | set):
        if len(value) > _MOST_MEMBERS:
            return _MOST_BYTES + 1
        return sum(map(_size, value.values() if isinstance(value, dict) else value))
    return len(value) if isinstance(value, str) else 8


def _same(one, two):
    if isinstance(one, keras.Variable):
        one = _copy(one)
    if type(one) is not type(two):
        return False
    if isinstance(one, np.ndarray):
        if one.dtype == object:  # its bytes are addresses
            return one.shape == two.shape and _same(one.tolist(), two.tolist())
        return one.dtype == two.dtype and one.tobytes() == two.tobytes()
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(_same, one, two))
    if isinstance(one, dict):
        return list(one) == list(two) and all(_same(one[name], two[name]) for name in one)
    return one == two or (one != one and two != two)


@dataclass(frozen=True)
class _Place:
    """A class, the variables of a module, or those that a function closes over."""

    name: str
    read: Callable
    assign: Callable


class _Found:
    """Goes from things to the classes and functions of the user's own that they are made of."""

    def __init__(self):
        self.seen, self.classes, self.objects = {}, [], []
        self.functions, self.modules = [], {}

    def places(self):
        """Where these classes and functions keep what outlasts a call."""
        classes = [
            _Place(cls.__qualname__, partial(vars, cls), partial(setattr, cls))
            for cls in self.classes
        ]
        objects = [
            _Place(type(each).__qualname__, partial(vars, each), partial(setattr, each))
            for each in self.objects
        ]
        return (
            classes
            + objects
            + list(map(_variables, self.modules.values()))
            + list(map(_own_variables, self.functions))
        )

    def look_at(self, thing):
        """Find what a thing is made of."""
        if id(thing) in self.seen:
            return
        self.seen[id(thing)] = thing  # held, so that nothing else gets its id
        if isinstance(thing, dict | list | tuple | set):
            if len(thing) <= _MOST_MEMBERS:
                self.look_at_all(thing.values() if isinstance(thing, dict) else thing)
        elif isinstance(thing, partial):
            self.look_at_all([thing.func, *thing.args, *thing.keywords.values()])
        elif isinstance(thing, types.MethodType):
            self.look_at_all([thing.__func__, thing.__self__])
        elif isinstance(thing, classmethod | staticmethod):
            self.look_at(thing.__func__)
        elif isinstance(thing, property):
            self.look_at(thing.fget)
        elif isinstance(thing, types.ModuleType):
            self._look_at_module(thing)
        elif isinstance(thing, types.FunctionType):
            self._look_at_function(thing)
        elif inspect.isclass(thing):
            self._look_at_class(thing)
        else:
            self._look_at_class(type(thing))
            self._look_at_object(thing)

    def look_at_all(self, things):
        for thing in list(things):
            self.look_at(thing)

    def _look_at_class(self, cls):
        for base in cls.__mro__:
            if base not in self.classes and not comes_installed(base.__module__):
                self.classes.append(base)
                self.look_at_all(vars(base).values())

    def _look_at_object(self, thing):
        """One of the user's own that code shares; not what is fitted, nor what Keras makes of it,
        which are copied or watched where they are used."""
        bases = [base.__module__ for base in type(thing).__mro__[:-1]]
        others = [name for name in bases if name.partition(".")[0] != "keras"]
        installed = not others or any(map(comes_installed, others)) or isinstance(thing, _WATCHED)
        if not installed and hasattr(thing, "__dict__") and not hasattr(thing, "fit"):
            self.objects.append(thing)
            self.look_at_all(vars(thing).values())

    def _look_at_module(self, module):
        """All of it: code that reads an attribute of it does not say whose attribute that is."""
        if not comes_installed(module.__name__):
            names = {name for name, value in vars(module).items() if _is_state(value)}
            self.modules.setdefault(id(vars(module)), (vars(module), set()))[1].update(names)

    def _look_at_function(self, function):
        if comes_installed(function.__module__):
            return
        self.functions.append(function)
        namespace = function.__globals__
        _, names = self.modules.setdefault(id(namespace), (namespace, set()))
        for name in _names(function.__code__) & set(namespace):
            names.add(name)
            self.look_at(namespace[name])
        self.look_at_all(_own_variables(function).read().values())


def _names(code):
    """Names that code and the code within it use."""
    inner = [_names(each) for each in code.co_consts if inspect.iscode(each)]
    return set(code.co_names).union(*inner)


def _variables(module):
    namespace, names = module
    return _Place(
        namespace.get("__name__", "?"),
        lambda: {name: namespace[name] for name in names if name in namespace},
        namespace.__setitem__,
    )


def _own_variables(function):
    """What a function closes over, and its defaults, which it can but write into."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    given = function.__defaults__ or ()
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    defaults = dict(zip(names[len(names) - len(given) :], given, strict=True))
    defaults |= function.__kwdefaults__ or {}

    def read():
        held = dict(defaults)
        for name, cell in cells.items():
            with suppress(ValueError):  # a cell that is empty
                held[name] = cell.cell_contents
        return held

    def assign(name, value):
        if name in cells:
            cells[name].cell_contents = value

    return _Place(function.__qualname__, read, assign)
