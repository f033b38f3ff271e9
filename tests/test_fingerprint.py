"""Equal values have equal names, in any process; what changes a result changes the name."""

import functools
import os
import subprocess
import sys
import threading
import types
from time import time as clock

import numpy as np
import pytest

from helpers.fingerprint import NoFingerprintError, Unordered, comes_installed, fingerprint
from helpers.quiet import keras, tf

#: A module of a user's, twice; what differs is what a fit may depend on.
SOURCE = """
import functools
import settings
WIDTH = {width}
def helper(n, rate={default}):
    return n + {constant}
def closed(depth):
    def build(units=8):
        inner = lambda: helper(depth) * WIDTH
        return inner() + settings.UNITS
    return build
class Layer:
    scale = {attribute}
    def call(self):
        return {body}
    @property
    def twice(self):
        return {constant} * self.scale
class Derived(Layer):
    def __init__(self, state):
        self.state = state
    def __call__(self, units=8):
        return self.call() + self.state
build = closed({cell})
bound = Derived({state}).call
called = Derived({state})
part = functools.partial(helper, {constant}, rate={default})
def local():
    class Inner(Layer):
        pass
    return Inner
def imports():
    from settings import UNITS
    return UNITS
"""
SAME = {
    "width": 3, "default": 0.1, "constant": 4, "attribute": 5, "body": "self.scale",
    "cell": 2, "state": 7, "units": 16,
}  # fmt: skip
#: What changes, and what has to be told by it.
CHANGES = [
    ("width", 9, ["build"]),
    ("default", 0.2, ["build", "part"]),
    ("constant", 9, ["build", "part", "bound", "called", "local"]),
    ("attribute", 9, ["bound", "called", "local"]),
    ("body", "self.scale + 1", ["bound", "called", "local"]),
    ("cell", 9, ["build"]),
    ("state", 9, ["bound", "called"]),
    ("units", 9, ["build", "imports"]),
]  # fmt: skip
NAMES = ("build", "bound", "called", "part", "local", "imports")


def prints(monkeypatch, **changes):
    values = SAME | changes
    settings = types.ModuleType("settings")
    settings.UNITS = values["units"]
    monkeypatch.setitem(sys.modules, "settings", settings)
    namespace = {"__name__": "__main__"}
    exec(SOURCE.format(**values), namespace)
    return {name: fingerprint(namespace[name]) for name in NAMES}


@pytest.mark.parametrize(("name", "value", "told"), CHANGES, ids=[row[0] for row in CHANGES])
def test_code_and_all_that_it_refers_to_count(monkeypatch, name, value, told):
    before, after = prints(monkeypatch), prints(monkeypatch, **{name: value})
    assert before == prints(monkeypatch)
    assert [each for each in NAMES if before[each] != after[each]] == [
        each for each in NAMES if each in told
    ]


PAIRS = {
    "number": (1, 2),
    "kind of number": (1, 1.0),
    "truth": (1, True),
    "word": ("a", "b"),
    "sequence": ([1, 2], (1, 2)),
    "order": ([1, 2], [2, 1]),
    "order of a dict": ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    "nested": ({"a": [1]}, {"a": [2]}),
    "array": (np.zeros(3), np.ones(3)),
    "dtype": (np.zeros(3), np.zeros(3, "float32")),
    "shape": (np.zeros((2, 3)), np.zeros((3, 2))),
    "objects": (np.array(["a", None]), np.array(["b", None])),
    "function of a package": (np.sin, np.cos),
    "class of a package": (keras.layers.Dense, keras.layers.Dropout),
    "optimizer": (keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.2)),
    "schedule": (
        keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.9)),
        keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 5, 0.8)),
    ),
    "loss": (keras.losses.Huber(1.0), keras.losses.Huber(2.0)),
    "callback": (
        keras.callbacks.EarlyStopping(patience=1), keras.callbacks.EarlyStopping(patience=2),
    ),
    "tensor": (tf.constant([1.0]), tf.constant([2.0])),
    "where a generator stands": (np.random.default_rng(0), np.random.default_rng(1)),
}  # fmt: skip


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS)
def test_values_that_differ(one, other):
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one)


def test_weights_of_a_captured_layer_count():
    layer = keras.layers.Dense(2, name="base")
    layer.build((None, 3))
    before = fingerprint(lambda: layer)
    layer.kernel.assign_add(keras.ops.ones((3, 2)))
    assert fingerprint(lambda: layer) != before


SAME_VALUES = {
    "order of attributes": (Unordered(a=1, b=2), Unordered(b=2, a=1)),
    "order of keywords": (functools.partial(len, a=1, b=2), functools.partial(len, b=2, a=1)),
    "layout": (np.asfortranarray(np.eye(3)[:2]), np.ascontiguousarray(np.eye(3)[:2])),
    "shared or copied": ([[1]] * 2, [[1], [1]]),
}


@pytest.mark.parametrize(("one", "other"), SAME_VALUES.values(), ids=SAME_VALUES)
def test_values_that_are_equal(one, other):
    assert fingerprint(one) == fingerprint(other)


def test_what_refers_to_itself():
    def calls(n):
        return calls(n - 1) if n else settings

    settings = {"a": 1}
    settings["self"] = settings
    before = fingerprint(calls)
    settings["a"] = 2
    assert len(before) == 32
    assert fingerprint(calls) != before


SCRIPT = """
import functools
from helpers.fingerprint import fingerprint
from helpers.quiet import keras
names = {"a", "b", "c", "d"}
class Own(keras.callbacks.Callback):
    members = frozenset(names)
def build(units=8):
    return [units in {"x", "y", "z"}, names, Own]
print(fingerprint([build, Own(), functools.partial(build, units=3), names]))
"""


def test_the_process_and_its_hash_seed_do_not_count():
    printed = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True,
            env=os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        printed.add(run.stdout)
    assert len(printed) == 1


LOCK = threading.Lock()


def locks():
    return LOCK


def reads_a_file():
    return open("units.txt")


def reads_the_environment():
    return os.environ["UNITS"]


def loads_an_array():
    return np.load("units.npy")


def tells_the_time():
    return clock()


REFUSED = [
    (locks, r"LOCK: a lock"),
    (reads_a_file, "uses open, whose result its code does not tell"),
    (reads_the_environment, "uses environ, "),
    (loads_an_array, "uses np.load, "),
    (tells_the_time, "clock uses time, whose"),
    ((row for row in []), "<genexpr>: a generator"),
]


@pytest.mark.parametrize(("thing", "message"), REFUSED)
def test_what_cannot_be_told_is_refused_and_said_where(thing, message):
    with pytest.raises(NoFingerprintError, match=message):
        fingerprint(thing)


def test_a_class_may_say_what_its_instances_are():
    class Connection:
        def __init__(self, address):
            self.lock, self.address = threading.Lock(), address

        def __fingerprint__(self):
            return self.address

    assert fingerprint(Connection("a")) == fingerprint(Connection("a"))
    assert fingerprint(Connection("a")) != fingerprint(Connection("b"))


def test_what_comes_installed():
    assert [comes_installed(name) for name in ("numpy", "os", "sys", "helpers.training")] == [
        True, True, True, True,
    ]  # fmt: skip
    assert not any(map(comes_installed, ("__main__", "tests.builders", None, "nowhere")))
