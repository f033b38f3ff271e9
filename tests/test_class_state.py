"""Class attributes of callbacks that a fit has changed are named, and nothing else is."""

import functools
import threading
from abc import ABC
from collections import Counter
from dataclasses import dataclass

import numpy as np
import pytest

from helpers.class_state import watched_class_state
from helpers.quiet import keras


@dataclass
class Tally:
    epochs: int = 0


def make_class():
    """A new class, so that no test changes what another one sees."""

    class Base(keras.callbacks.Callback):
        inherited = 1

    class Seen(Base, ABC):
        number = 0
        rows = [1]  # noqa: RUF012 - shared on purpose
        counts = Counter()  # noqa: RUF012
        array = np.zeros(3)
        tally = Tally()
        lock = threading.Lock()
        label = "a"
        model_kept = None

        @functools.lru_cache  # noqa: B019 - a cache is the point
        def looked_up(self, key):
            return key

        @property
        def half(self):
            return self.number / 2

    return Seen


CHANGES = {
    "rebound": (lambda cls: setattr(cls, "number", 1), "Seen.number"),
    "list": (lambda cls: cls.rows.append(2), "Seen.rows"),
    "counter": (lambda cls: cls.counts.update("a"), "Seen.counts"),
    "array": (lambda cls: cls.array.__iadd__(1), "Seen.array"),
    "object": (lambda cls: setattr(cls.tally, "epochs", 1), "Seen.tally"),
    "inherited": (lambda cls: setattr(cls.__mro__[1], "inherited", 2), "Base.inherited"),
    "new": (lambda cls: setattr(cls, "best", 0.5), "Seen.best"),
    "gone": (lambda cls: delattr(cls, "label"), "Seen.label"),
    "model": (lambda cls: setattr(cls, "model_kept", keras.Sequential()), "Seen.model_kept"),
}
HARMLESS = {
    "nothing": lambda cls: None,
    "equal value": lambda cls: setattr(cls, "rows", [1]),
    "back again": lambda cls: (cls.rows.append(2), cls.rows.pop()),
    "cache of functools": lambda cls: cls().looked_up(3),
    "register of ABC": lambda cls: (isinstance(3, cls), cls.register(int)),
    "lock": lambda cls: cls.lock.acquire(),
    "attribute of the object": lambda cls: setattr(cls(), "number", 5),
    "documentation": lambda cls: setattr(cls, "__doc__", "new"),
    "method": lambda cls: setattr(cls, "looked_up", lambda self: None),
}


def change_watched(given, change, cls):
    with watched_class_state(given):
        change(cls)


@pytest.mark.parametrize("given", [lambda c: c, lambda c: c(), lambda c: {"a": [None, c()]}])
@pytest.mark.parametrize(("change", "named"), CHANGES.values(), ids=CHANGES)
def test_change_is_named(change, named, given):
    cls = make_class()
    with pytest.warns(UserWarning, match="the fit changed") as caught:
        change_watched(given(cls), change, cls)
    assert str(caught[0].message).partition(":")[0].endswith(named)


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_no_alarm(change):
    cls = make_class()
    change_watched([cls()], change, cls)


def test_all_changes_come_in_one_warning():
    def change(cls):
        cls.number += 1
        cls.rows.append(2)

    cls = make_class()
    with pytest.warns(UserWarning, match=r"Seen\.number, .*Seen\.rows: ") as caught:
        change_watched([cls(), cls()], change, cls)
    assert len(caught) == 1


def test_nothing_is_added_to_an_error():
    def change(cls):
        cls.number += 1
        raise RuntimeError("inside")

    cls = make_class()
    with pytest.raises(RuntimeError):
        change_watched([cls], change, cls)


@pytest.mark.parametrize("given", [None, [], {}, 3, "name", [object()]])
def test_what_is_no_callback_is_others_to_refuse(given):
    change_watched(given, lambda cls: None, None)


def test_keras_own_callbacks_are_left_alone(monkeypatch):
    cls = keras.callbacks.EarlyStopping
    change_watched([cls()], lambda cls: monkeypatch.setattr(cls, "seen", 1, raising=False), cls)
