"""What users' code keeps outside of its fits is found, told apart and put back."""

import functools
import types

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from helpers.diagnosis.outside import Outside

STEPS = {"n": [1, 2]}
FAR = np.zeros(2**22)
MANY = [0] * 20_000
NESTED = {"pictures": [np.zeros(2**20) for _ in range(4)]}
settings = types.ModuleType("settings")
settings.rate = 0.5


class Base:
    weights = np.ones(3)

    @classmethod
    def grow(cls):
        Base.weights *= 2


class Net(Base):
    n_fits = 0
    seen = frozenset()

    @property
    def rate(self):
        return settings.rate

    def fit(self):
        Net.n_fits += 1
        STEPS["n"].append(3)


def reads_much():
    return FAR, MANY, NESTED


def counts(calls=[]):  # noqa: B006 - it is what is to be found
    calls.append(1)


def counts_by_keyword(*, calls=[]):  # noqa: B006 - likewise
    calls.append(1)


def counter():
    n = 0

    def count():
        nonlocal n
        n += 1

    return count


def doubled():
    settings.rate *= 2


CHANGES = {
    "class": (Net(), lambda: Net().fit(), ["Net.n_fits", f"{__name__}.STEPS"]),
    "base class": (Net, Net.grow, ["Base.weights"]),
    "default": (counts, counts, ["counts.calls"]),
    "default of a keyword": (
        counts_by_keyword,
        counts_by_keyword,
        ["counts_by_keyword.calls"],
    ),
    "closure": (count := counter(), count, ["counter.<locals>.count.n"]),
    "module by a property": (Net(), doubled, ["settings.rate"]),
    "partial in a list": ([functools.partial(counts)], counts, ["counts.calls"]),
    "method": ({"fit": Net().fit}, Net().fit, ["Net.n_fits", f"{__name__}.STEPS"]),
}


@pytest.mark.parametrize(("thing", "change", "names"), CHANGES.values(), ids=CHANGES)
def test_what_changes_is_named_and_put_back(thing, change, names):
    outside = Outside([thing])
    assert outside.changed() == []
    change()
    assert outside.changed() == sorted(names)
    outside.put_back()
    assert outside.changed() == []
    assert STEPS["n"] == [1, 2]


def test_what_was_held_in_between_can_be_given_back():
    outside = Outside([Net()])
    Net().fit()
    worn = outside.held()
    outside.put_back()
    outside.put_back(worn)
    assert (Net.n_fits, STEPS["n"]) == (1, [1, 2, 3])
    outside.put_back()


@pytest.mark.parametrize(
    "thing", [LogisticRegression(), np.mean, reads_much, 3, None, "text"],
    ids=["estimator", "function", "function of large data", "number", "none", "text"],
)  # fmt: skip
def test_libraries_and_large_data_are_not_kept(thing):
    assert not any(Outside([thing]).held())


ENDLESS = []
ENDLESS.append(ENDLESS)
NAMES = np.array(["".join(letters) for letters in ("ab", "cd")], dtype=object)


def reads_odd_things():
    return ENDLESS, NAMES


def test_what_contains_itself_is_not_kept_and_objects_are_compared_by_what_they_are():
    outside = Outside([reads_odd_things, ENDLESS])
    assert {name for state in outside.held() for name in state} == {"NAMES"}
    assert outside.changed() == []
    NAMES[0] = "other"
    assert outside.changed() == [f"{__name__}.NAMES"]
    outside.put_back()
    assert NAMES[0] == "ab"
