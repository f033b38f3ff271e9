"""The best of many equal candidates is overrated; the best of unequal ones is not."""

import numpy as np
import pytest
from examined import examined, found
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.tree import ExtraTreeClassifier

from helpers.diagnosis.checks.noise_optimistic_best_score import (
    noise_optimistic_best_score,
    optimism_interval,
)

CODE = "noise/optimistic-best-score"


def drawn(truths, n=200, seed=0, shared=0.0):
    """Right answers of candidates of such accuracies on rows; some rows are right for all."""
    rng = np.random.default_rng(seed)
    table = rng.random((len(truths), n)) < np.array(truths)[:, None]
    return np.where(rng.random(n) < shared, 1.0, table)


def test_best_of_equals_is_overrated():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((120, 5)), np.arange(120) % 2
    search = GridSearchCV(
        ExtraTreeClassifier(), {"random_state": list(range(40))},
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    )  # fmt: skip
    finding = found(noise_optimistic_best_score, examined(search, X, y))[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "warning")
    assert abs(finding.evidence["corrected_score"] - 0.5) < 0.06


def test_a_clear_best_is_silent():
    search = GridSearchCV(LogisticRegression(max_iter=100), {"C": [1e-6, 1e-3, 1.0]}, cv=3)
    assert found(noise_optimistic_best_score, examined(search, *load_iris(return_X_y=True))) == {}


@pytest.mark.parametrize("n_candidates", [2, 10, 24])
def test_optimism_is_near_the_truth(n_candidates):
    """Equal candidates: the truth is best score minus accuracy."""
    errors = []
    for seed in range(15):
        table = drawn([0.8] * n_candidates, seed=seed)
        errors.append(optimism_interval(table, seed)[0] - (table.mean(axis=1).max() - 0.8))
    assert abs(np.mean(errors)) < 0.015


def test_false_alarms_where_candidates_differ():
    """Null: three candidates 10 points apart, 200 rows; lower end above 0.01 in none of 40."""
    lows = [optimism_interval(drawn([0.9, 0.8, 0.7], seed=seed))[1] for seed in range(40)]
    assert np.sum(np.array(lows) > 0.01) == 0
