"""A column that gives the target away is suspected; strong honest ones are not."""

import numpy as np
import pandas as pd
import pytest
from examined import examined, found
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV

from helpers.diagnosis.checks.leak_target_in_features import leak_target_in_features

CODE = "leak/target-in-features"
RNG = np.random.default_rng(0)
Y = np.arange(200) % 2
MANY = np.arange(900) % 2
FLAG = np.where(RNG.random(900) < 0.015, 1 - MANY, MANY)  # set after the outcome, mostly
WEAK = RNG.standard_normal((200, 6)) + 0.5 * Y[:, None]
PRICE = np.exp(RNG.standard_normal(200))


def findings(X, y, estimator=None):
    search = GridSearchCV(estimator or LogisticRegression(max_iter=50), {}, cv=3)
    return found(leak_target_in_features, examined(search, X, y, observe=False))


@pytest.mark.parametrize(
    ("table", "y"),
    [
        (pd.DataFrame(WEAK).add_prefix("x").assign(treated=Y + RNG.normal(0, 0.1, 200)), Y),
        (pd.DataFrame(WEAK).add_prefix("x").assign(treated=np.array(["no", "yes"])[Y]), Y),
        (pd.DataFrame(WEAK).add_prefix("x").assign(treated=PRICE * 1.2), PRICE),
        (pd.DataFrame(RNG.standard_normal((900, 4))).assign(treated=FLAG), MANY),
    ],
    ids=["number", "text", "other unit", "flag"],
)
def test_a_column_that_tells_is_suspected(table, y):
    estimator = Ridge() if y is PRICE else None
    finding = findings(table, y, estimator)[CODE]
    assert (finding.verdict, finding.severity) == ("undecided", "warning")
    assert finding.evidence["column"] == "treated"


def with_gaps(rng, shares, signal=0.2):
    """Days to something that happens to these shares of the classes."""
    happens = rng.random(200) < np.array(shares)[Y]
    days = np.where(happens, rng.integers(3, 60, 200), np.nan)
    return pd.DataFrame(rng.standard_normal((200, 4)) + signal * Y[:, None]).assign(days=days)


@pytest.mark.parametrize("signal", [0.2, 0.7])
def test_a_column_whose_gaps_tell_is_suspected(signal):
    finding = findings(with_gaps(np.random.default_rng(0), [0.06, 0.96], signal), Y)[CODE]
    assert finding.title.startswith("whether days is missing predicts")


@pytest.mark.parametrize(("shares", "signal"), [([0.3, 0.85], 0.2), ([0.1, 0.95], 1.2)])
def test_gaps_that_say_something_are_silent(shares, signal):
    """Null: gaps that say some of the target, or no more than honest columns do; none of 20."""
    for seed in range(20):
        assert findings(with_gaps(np.random.default_rng(seed), shares, signal), Y) == {}


def test_strong_honest_columns_are_silent():
    """Null: one column of AUC about .98 among weak ones; none of 20."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = rng.standard_normal((200, 6)) + 0.3 * Y[:, None]
        X[:, 0] += 2.7 * Y
        assert findings(X, Y) == {}


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer, load_digits])
def test_data_sets_are_silent(load):
    X, y = load(return_X_y=True)
    assert findings(X[:600], y[:600]) == {}


def test_regression_is_silent():
    assert findings(*load_diabetes(return_X_y=True), Ridge()) == {}
