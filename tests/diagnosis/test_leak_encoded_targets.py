"""Levels encoded by their mean targets over all rows are seen; numbers of other origin are not."""

import numpy as np
import pandas as pd
import pytest
from examined import examined, found
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.preprocessing import StandardScaler, TargetEncoder

from helpers.diagnosis.checks.leak_encoded_targets import leak_encoded_targets

CODE = "leak/fitted-on-all-rows"
N = 600
RNG = np.random.default_rng(0)
OFTEN = np.arange(1, 71) ** -0.7
LEVELS = np.unique(RNG.choice(70, N, p=OFTEN / OFTEN.sum()), return_inverse=True)[1]
Y = RNG.integers(0, 2, N)
OTHER = RNG.standard_normal(N)


def encoded(levels, y, weight=0.0):
    sums, counts = np.bincount(levels, y), np.bincount(levels)
    return ((sums + weight * y.mean()) / (counts + weight))[levels]


def finding_of(X, y, estimator=None):
    search = GridSearchCV(estimator or LogisticRegression(), {}, cv=KFold(4))
    return found(leak_encoded_targets, examined(search, X, y, observe=False, delta=0.01)).get(CODE)


@pytest.mark.parametrize("weight", [0, 10])
@pytest.mark.parametrize("scaled", [False, True])
def test_levels_without_meaning_are_a_fault(weight, scaled):
    X = np.c_[OTHER, encoded(LEVELS, Y, weight)]
    finding = finding_of(StandardScaler().fit_transform(X) if scaled else X, Y)
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect > 0.03
    assert finding.evidence["columns"] == ["column 1"]


def test_a_column_of_a_table_is_named():
    table = pd.DataFrame(
        {"age": OTHER, "town": encoded(LEVELS, Y), "sex": np.tile(["f", "m"], N // 2)}
    )
    assert finding_of(table.drop(columns="sex"), Y).evidence["columns"] == ["town"]
    assert finding_of(table, Y).evidence["columns"] == ["column 1"]


def test_a_class_of_several_and_a_number():
    classes = RNG.integers(0, 3, N)
    X = np.c_[OTHER, encoded(LEVELS, (classes == 1).astype(float))]
    assert finding_of(X, classes).effect > 0
    y = RNG.standard_normal(N)
    assert finding_of(np.c_[OTHER, encoded(LEVELS, y)], y, Ridge()).verdict == "fault"


def test_levels_that_fell_together_leave_it_open():
    levels = np.repeat(np.arange(150), 4)
    finding = finding_of(np.c_[OTHER, encoded(levels, Y)], Y)
    assert (finding.verdict, finding.severity) == ("undecided", "warning")


def test_few_large_levels_of_a_number_hardly_matter():
    levels, y = RNG.integers(0, 6, N), 3 * OTHER + RNG.standard_normal(N)
    assert finding_of(np.c_[OTHER, encoded(levels, y)], y, Ridge()).verdict == "not the cause"


@pytest.mark.parametrize(
    "column",
    [
        LEVELS, np.round(OTHER, 1), Y, 5 * Y + LEVELS % 2,
        TargetEncoder(cv=KFold(5)).fit_transform(LEVELS[:, None], Y).ravel(),
        encoded(LEVELS, RNG.integers(0, 2, N)),
    ],
    ids=["numbers", "rounded", "target", "target and parity", "cross-fitted", "another target"],
)  # fmt: skip
def test_other_columns_are_silent(column):
    assert finding_of(np.c_[OTHER, column], Y) is None


def test_a_number_that_follows_its_level_exactly_is_silent():
    steps = LEVELS % 12
    assert finding_of(np.c_[OTHER, steps], 2.0 * steps, Ridge()) is None


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_data_sets_are_silent(load):
    assert finding_of(*load(return_X_y=True)) is None


def test_a_data_set_of_numbers_is_silent():
    assert finding_of(*load_diabetes(return_X_y=True, scaled=False), Ridge()) is None
