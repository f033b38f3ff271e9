"""Copies on both sides of a split are found; honest repeats, and rows that lie close, are not."""

import numpy as np
import pandas as pd
import pytest
from examined import examined, found
from sklearn.datasets import load_digits, load_iris, load_wine, make_circles
from sklearn.model_selection import GridSearchCV, GroupKFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier

from helpers.diagnosis.checks.leak_duplicate_rows import leak_duplicate_rows, twins

CODE = "leak/duplicate-rows"


def search(cv=None):
    cv = cv or StratifiedKFold(3, shuffle=True, random_state=0)
    return GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5]}, cv=cv)


def noisy(n=150, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((n, 6)), np.arange(n) % 2


def test_copies_are_a_fault():
    X, y = noisy()
    examination = examined(search(), np.r_[X, X], np.r_[y, y], budget=20)
    finding = found(leak_duplicate_rows, examination)[CODE]
    assert finding.verdict == "fault"
    assert finding.interval[0] > examination.delta
    assert finding.evidence["equal_pairs"] == len(X)


def test_noisy_copies_are_a_fault():
    X, y = noisy()
    jitter = np.random.default_rng(1).normal(0, 0.1, X.shape)
    examination = examined(search(), np.r_[X, X + jitter], np.r_[y, y], budget=20)
    assert found(leak_duplicate_rows, examination)[CODE].verdict == "fault"


class Balanced:
    """Folds of rows that were drawn until both classes are as many."""

    def get_n_splits(self, X=None, y=None, groups=None):
        return 3

    def split(self, X, y, groups=None):
        rng, rare = np.random.default_rng(0), np.flatnonzero(y == 1)
        rows = rng.permutation(np.r_[np.arange(len(y)), rng.choice(rare, len(y) - 2 * len(rare))])
        for part in np.array_split(np.arange(len(rows)), 3):
            yield rows[np.setdiff1d(np.arange(len(rows)), part)], rows[part]


class Everything(Balanced):
    """Scores the rows that have been trained."""

    def split(self, X, y, groups=None):
        return iter([(np.arange(len(y)), np.arange(len(y)))] * 3)


@pytest.mark.parametrize(("cv", "is_measured"), [(Balanced(), True), (Everything(), False)])
def test_rows_that_a_splitter_hands_out_twice_are_a_fault(cv, is_measured):
    X = np.random.default_rng(0).standard_normal((200, 6))
    y = (np.arange(200) % 7 == 0).astype(int)
    finding = found(leak_duplicate_rows, examined(search(cv), X, y, budget=20))[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert "training rows of the same split" in finding.title
    assert (finding.effect is not None) == is_measured


def pictures(n, n_copies):
    """Digits, each so many times with noise, which differs where all of them are dark too."""
    X, y = load_digits(return_X_y=True)
    X, y = np.repeat(X[:n] / 16, n_copies, axis=0), np.repeat(y[:n], n_copies)
    return X + np.random.default_rng(0).normal(0, 0.06, X.shape), y


def test_several_noisy_copies_in_one_unit_are_a_fault():
    """Standardised, the noise of dark pixels hides them; one by one they are not near enough."""
    examination = examined(search(), *pictures(160, n_copies=5), budget=20)
    assert found(leak_duplicate_rows, examination)[CODE].verdict == "fault"
    assert len(twins(pictures(800, n_copies=1)[0])[0]) == 0


def test_copies_kept_together_are_silent():
    X, y = noisy()
    groups = np.tile(np.arange(len(X)), 2)
    examination = examined(search(GroupKFold(3)), np.r_[X, X], np.r_[y, y], groups=groups)
    assert found(leak_duplicate_rows, examination) == {}


def test_copies_that_every_model_can_do_without_are_not_the_cause():
    rng, y = np.random.default_rng(0), np.arange(200) % 2
    X = rng.standard_normal((200, 3)) + 12 * y[:, None]
    examination = examined(search(), np.r_[X, X], np.r_[y, y], budget=20)
    assert found(leak_duplicate_rows, examination)[CODE].verdict == "not the cause"


def survey(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.integers(0, 4, (400, 5)).astype(float)
    return X, (X[:, 0] + X[:, 1] > 3).astype(int)


def of_words(seed=0):
    X, y = survey(seed)
    return pd.DataFrame(
        {f"q{n}": np.array(list("abcd"))[c.astype(int)] for n, c in enumerate(X.T)}
    ), y


@pytest.mark.parametrize(
    "data",
    [
        lambda: load_iris(return_X_y=True),
        lambda: load_wine(return_X_y=True),
        lambda: (load_digits().data[:400], load_digits().target[:400]),
        lambda: make_circles(300, noise=0.12, factor=0.5, random_state=0),
        survey,
        of_words,
    ],
    ids=["iris", "wine", "digits", "circles", "honest repeats", "of words"],
)
def test_healthy_rows_are_silent(data):
    assert found(leak_duplicate_rows, examined(search(), *data(), observe=False)) == {}


@pytest.mark.parametrize("n_columns", [1, 2, 8, 300])
def test_share_of_false_twins(n_columns):
    """Null: independent normal rows; about one in 1000 has a twin."""
    data = (np.random.default_rng(seed).standard_normal((200, n_columns)) for seed in range(30))
    assert np.mean([len(np.unique(twins(X)[0])) / 200 for X in data]) < 0.003
