"""One short name for all that a value is, code included: equal values, equal names, in any process.

`joblib.hash` knows functions and classes by their names alone, so that a builder whose body has
changed would still be the same. Here a function is its code, its defaults, what it closes over and
the globals that it uses, and so on down. What comes with an installed package is known by its name;
the version of the package belongs into the key of whoever compares fingerprints.

>>> units = 8
>>> def build():
...     return units
>>> before = fingerprint(build)
>>> units = 9
>>> fingerprint(build) == before
False
"""

import builtins
import dis
import functools
import hashlib
import importlib
import importlib.util
import sys
import sysconfig
import types
from pathlib import Path

import numpy as np

from helpers.copies import BY_CONFIG, BY_MEMBERS, taken_apart
from helpers.quiet import keras, tf

__all__ = ["NoFingerprintError", "comes_installed", "fingerprint"]

#: Things that are gone through at most.
MOST_THINGS = 100_000
#: Names whose use in a function says that it depends on what its code does not show.
READS_OUTSIDE = (
    "open", "environ", "getenv", "read_text", "read_bytes", "read_csv", "read_parquet",
    "read_pickle", "loadtxt", "genfromtxt", "fromfile", "load_model", "load_weights",
    "load_file_list", "urandom", "time_ns", "perf_counter", "now", "today", "uuid4",
    "BackupAndRestore",
)  # fmt: skip
#: Python's own functions of which the same is true.
BUILTINS_THAT_READ = (
    "open", "eval", "exec", "globals", "locals", "input", "__import__", "compile",
)  # fmt: skip
#: As attributes of modules only: the names are too common.
READS_OUTSIDE_OF = (
    ("numpy", "load"), ("pickle", "load"), ("_pickle", "load"), ("json", "load"),
    ("joblib", "load"), ("joblib.numpy_pickle", "load"), ("time", "time"), ("sys", "argv"),
    ("secrets", "token_bytes"), ("secrets", "randbits"), ("yaml", "safe_load"), ("torch", "load"),
)  # fmt: skip

_ATOMS = (type(None), bool, int, float, complex, str, bytes, type(...), type(NotImplemented))
_DESCRIPTORS = (
    types.MemberDescriptorType, types.GetSetDescriptorType, types.WrapperDescriptorType,
    types.MethodDescriptorType, types.ClassMethodDescriptorType, types.MethodWrapperType,
)  # fmt: skip
# How a class works, not what it is: where it stands, what its help says, registers and caches.
_NO_PART_OF_A_CLASS = (
    "__dict__", "__weakref__", "__doc__", "__module__", "__annotations__", "__annotate__",
    "__firstlineno__", "__static_attributes__", "_abc_impl", "__abstractmethods__",
    "__orig_bases__", "__parameters__",
)  # fmt: skip
_INSTALLED = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib"))
_PACKAGE_FOLDERS = ("site-packages", "dist-packages")


class NoFingerprintError(TypeError):
    """Nobody can tell whether such a value is equal to another one."""


def fingerprint(thing):
    """Name a value by all that it is.

    Parameters
    ----------
    thing : object
        Functions, methods, partials, classes and instances are gone through, whoever wrote them; a
        class may say with a method ``__fingerprint__`` what its instances are.

    Returns
    -------
    str
        32 hexadecimal digits, the same in every process. The order of a dict counts, as it does for
        whoever goes through one; that of attributes, keywords and sets does not.

    Raises
    ------
    NoFingerprintError
        Says where it is and why not: an open file, a lock, code that reads files or the clock.
    """
    walk = _Walk()
    try:
        return walk.digest(thing, str(getattr(thing, "__name__", "it"))).hex()
    except RecursionError:
        raise NoFingerprintError(f"{walk.place()} is nested too deeply") from None


class Unordered(dict):
    """A dict of str whose order means nothing."""


class _Walk:
    """Goes through a value depth first; what was met before is looked up."""

    def __init__(self):
        self.known, self.alive, self.open, self.names, self.count = {}, [], {}, [], 0

    def place(self):
        return " -> ".join(name for name in self.names if name)

    def digest(self, thing, name=""):
        if type(thing) in _ATOMS:
            return _hash(f"{type(thing).__name__} {thing!r}")
        if id(thing) in self.known:
            return self.known[id(thing)]
        if id(thing) in self.open:  # it contains itself: how far up is all that there is to say
            return _hash(f"up {len(self.open) - self.open[id(thing)]}")
        self.count += 1
        if self.count > MOST_THINGS:
            raise NoFingerprintError(f"{self.place()} refers to more than {MOST_THINGS} things")
        self.open[id(thing)] = len(self.open)
        self.names.append(name)
        head, members, ordered = self._parts(thing)
        digests = [_hash(label) + self.digest(each, label) for label, each in members]
        self.names.pop()
        del self.open[id(thing)]
        digests = digests if ordered else sorted(digests)
        self.alive.append((thing, members))  # an id is given again to what comes after
        self.known[id(thing)] = made = _hash(head, *digests)
        return made

    def _parts(self, thing):
        """What a value is, its named members, and whether their order counts."""
        try:
            parts = _parts_of(thing)
        except (NoFingerprintError, RecursionError) as error:
            raise _located(error, self.place()) from None
        except Exception as error:
            kind = type(thing).__name__
            raise NoFingerprintError(f"{self.place()}: a {kind} ({error})") from error
        head, members, *ordered = parts
        return head, list(members), not ordered or ordered[0]


def _located(error, place):
    if isinstance(error, RecursionError):
        return error
    return NoFingerprintError(f"{place} {error}")


def _hash(head, *digests):
    made = hashlib.blake2b(head.encode("utf-8", "surrogatepass"), digest_size=16)
    for each in digests:
        made.update(each)
    return made.digest()


def comes_installed(name):
    """Whether a module of that name is Python's, this package's or an installed one."""
    # In a worker process, __main__ is another module than the one that a function comes from.
    if name is None or name in ("__main__", "__mp_main__"):
        return False
    root = name.partition(".")[0]
    if root in ("helpers", "builtins"):
        return True
    module = sys.modules.get(name) or sys.modules.get(root)
    if module is None:
        return False
    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    places = [Path(place) for place in places if place]
    if not places:
        return root in sys.stdlib_module_names
    return any(
        set(_PACKAGE_FOLDERS) & set(place.parts) or any(map(place.is_relative_to, _INSTALLED))
        for place in places
    )


def _installed_name(thing):
    """Name of a function or class that an installed module has under this name; else None."""
    name = f"{getattr(thing, '__qualname__', None) or getattr(thing, '__name__', '')}"
    module = getattr(thing, "__module__", None)
    if not (isinstance(module, str) and comes_installed(module)):
        return None
    found = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return f"{module}.{name}" if found is thing else None


def _parts_of(thing):
    if isinstance(thing, type | types.FunctionType | types.BuiltinFunctionType | np.ufunc):
        named = _installed_name(thing)
        if named is not None:
            _check_attribute(thing.__name__)
            _check_of(thing.__module__, thing.__name__, thing.__name__)
            return f"named {named}", ()
    for kinds, parts in _PARTS:
        if isinstance(thing, kinds):
            return parts(thing)
    if hasattr(type(thing), "__fingerprint__"):
        return "tells", [("class", type(thing)), ("told", thing.__fingerprint__())]
    return _reduced(thing)


def _sequence(thing):
    return type(thing).__name__, [(f"[{i}]", each) for i, each in enumerate(thing)]


def _mapping(thing):
    pairs = [(f"[{key!r:.40}]", (key, value)) for key, value in thing.items()]
    return "dict", pairs


def _attributes(thing):
    return "attributes", [(str(name), value) for name, value in sorted(thing.items())]


def _array(thing):
    head = f"array {thing.shape} {np.dtype(thing.dtype)}"
    if thing.dtype.hasobject:
        return head, [("values", thing.tolist())]
    data = memoryview(np.ascontiguousarray(thing).reshape(-1).view(np.uint8))
    return f"{head} {hashlib.blake2b(data, digest_size=16).hexdigest()}", ()


def _scalar(thing):
    return f"{type(thing).__name__}", [("value", np.asarray(thing))]


def _function(function):
    used = Unordered(_used(function.__code__, function))
    attributes = {n: v for n, v in vars(function).items() if n != "__wrapped__"}
    return "function", [
        ("", function.__code__), ("defaults of " + function.__name__, function.__defaults__),
        ("", Unordered(function.__kwdefaults__ or {})), (function.__name__, used),
        ("", Unordered(attributes)),
    ]  # fmt: skip


def _code(code):
    """What is executed; neither where it stands nor what its help says."""
    constants = [each for each in code.co_consts if not isinstance(each, types.CodeType)]
    constants = constants[1:] if constants and isinstance(constants[0], str) else constants
    return f"code {code.co_name} {code.co_argcount} {code.co_kwonlyargcount} {code.co_flags}", [
        ("code", code.co_code), ("exceptions", getattr(code, "co_exceptiontable", b"")),
        ("names", (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)),
        ("constants", constants),
        ("documented", len(constants) != len(code.co_consts)), ("within", list(_inner(code))),
    ]  # fmt: skip


def _inner(code):
    return (each for each in code.co_consts if isinstance(each, types.CodeType))


def _used(code, function):
    """Names that the code of a function and of those within it use, with what they stand for."""
    cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
    closure = dict(cells)
    used, steps = {}, [s for s in dis.get_instructions(code) if s.opname != "PRECALL"]
    for place, step in enumerate(steps):
        after = [s.argval for s in _attribute_steps(steps[place + 1 :])]
        if step.opname in ("LOAD_DEREF", "LOAD_CLASSDEREF") and step.argval in closure:
            cell = closure[step.argval]
            try:
                used |= _followed(step.argval, cell.cell_contents, after)
            except ValueError:
                used[step.argval] = "a cell that is empty"
        elif "GLOBAL" in step.opname or step.opname == "LOAD_NAME":
            used |= _global(step.argval, function.__globals__, after)
        elif step.opname == "IMPORT_NAME":
            level = steps[place - 2].argval or 0
            used |= _imported(step.argval, level, function.__globals__)
        elif step.opname in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"):
            _check_attribute(step.argval)
    for inner in _inner(code):
        used |= _used(inner, function)
    return used


def _attribute_steps(steps):
    for step in steps:
        if step.opname not in ("LOAD_ATTR", "LOAD_METHOD"):
            return
        yield step


def _check_attribute(name):
    if name in READS_OUTSIDE:
        raise NoFingerprintError(f"uses {name}, whose result its code does not tell")


def _check_of(module, name, said):
    if (module, name) in READS_OUTSIDE_OF:
        raise NoFingerprintError(f"uses {said}, whose result its code does not tell")


def _global(name, namespace, after):
    if name in namespace:
        return _followed(name, namespace[name], after)
    if name in BUILTINS_THAT_READ:
        raise NoFingerprintError(f"uses {name}, whose result its code does not tell")
    return {name: "not there"} if not hasattr(builtins, name) else {}


def _followed(name, value, after):
    """What a name, or one of the user's modules by the attributes that follow, stands for."""
    if isinstance(value, types.ModuleType) and after:
        _check_of(value.__name__, after[0], f"{name}.{after[0]}")
    for attribute in after:
        if not isinstance(value, types.ModuleType) or comes_installed(value.__name__):
            break
        name, value = f"{name}.{attribute}", getattr(value, attribute, "not there")
    return {name: value}


def _imported(name, level, namespace):
    package = namespace.get("__package__") or ""
    name = importlib.util.resolve_name("." * level + name, package) if level else name
    return {f"import {name}": importlib.import_module(name)}


def _module(module):
    if comes_installed(module.__name__):
        return f"named {module.__name__}", ()
    namespace = {n: v for n, v in vars(module).items() if not n.startswith("__")}
    return "module", [("", Unordered(namespace))]


def _class(cls):
    """A class by all that it and its bases say, up to the installed ones."""
    namespace = {n: v for n, v in vars(cls).items() if n not in _NO_PART_OF_A_CLASS}
    return f"class {cls.__qualname__}", [
        ("bases of " + cls.__name__, cls.__bases__), ("", type(cls)),
        (cls.__name__, Unordered(namespace)),
    ]  # fmt: skip


def _method(method):
    return "method", [("", method.__func__), ("self", method.__self__)]


def _builtin(function):
    owner = function.__self__
    if owner is None or isinstance(owner, types.ModuleType):
        return f"builtin {function.__module__}.{function.__qualname__}", ()
    return f"builtin {function.__name__}", [("self", owner)]


def _partial(partial):
    return "partial", [
        ("", partial.func), ("arguments", partial.args), ("", Unordered(partial.keywords)),
    ]  # fmt: skip


def _layer(layer):
    layers = layer._flatten_layers(include_self=True, recursive=True)
    return "layer", [
        ("configuration", layer.get_config()), ("variables", list(layer.variables)),
        ("layers", [(type(each), each.trainable) for each in layers]),
    ]  # fmt: skip


def _reduced(thing):
    """Any other object as `copy` and `pickle` see it: its class and its state."""
    reduced = thing.__reduce_ex__(4)
    if isinstance(reduced, str):
        return f"global {thing.__class__.__module__}.{reduced}", [("class", type(thing))]
    make, arguments, state, items, pairs = (*reduced, None, None, None)[:5]
    states = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    states = [Unordered(each) if _is_attributes(each) else each for each in states]
    return "object", [
        ("", make), (type(thing).__name__, arguments), *((type(thing).__name__, s) for s in states),
        ("items", None if items is None else list(items)),
        ("items", None if pairs is None else dict(pairs)),
    ]  # fmt: skip


def _is_attributes(state):
    return type(state) is dict and all(isinstance(name, str) for name in state)


_PARTS = (
    (Unordered, _attributes),
    ((tuple, list), lambda t: _sequence(t) if type(t) in (tuple, list) else _reduced(t)),
    ((dict, types.MappingProxyType),
     lambda t: _mapping(t) if type(t) in (dict, types.MappingProxyType) else _reduced(t)),
    ((set, frozenset), lambda t: ("set", [("member", each) for each in t], False)),
    (np.ndarray, lambda t: _array(t) if type(t) in (np.ndarray, np.memmap) else _reduced(t)),
    (np.generic, _scalar),
    (np.dtype, lambda t: (f"dtype {t}", ())),
    (types.FunctionType, _function),
    (types.CodeType, _code),
    (types.MethodType, _method),
    (functools.partial, _partial),
    (types.BuiltinFunctionType, _builtin),
    (np.ufunc, lambda t: (f"ufunc {t.__name__}", ())),
    (type, _class),
    (types.ModuleType, _module),
    (property, lambda t: ("property", [("", (t.fget, t.fset, t.fdel))])),
    ((staticmethod, classmethod), lambda t: (type(t).__name__, [("", t.__func__)])),
    (functools.cached_property, lambda t: ("cached_property", [("", t.func)])),
    (functools._lru_cache_wrapper, lambda t: ("lru_cache", [("", t.__wrapped__)])),
    (_DESCRIPTORS, lambda t: (f"descriptor {t.__name__}", ())),
    ((keras.Variable, tf.Tensor, tf.Variable), lambda t: ("tensor", [("", np.asarray(t.numpy()))])),
    (type(tf.function(lambda: None)), lambda t: ("tf.function", [("", t.python_function)])),
    (keras.layers.Layer, _layer),
    (BY_MEMBERS + BY_CONFIG, lambda t: ("apart", [("", taken_apart(t))])),
)  # fmt: skip
