"""The best of equal candidates is overrated, and a score of other rows; others are silent."""

import numpy as np
import pandas as pd
import pytest
from examined import examined, found
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import ExtraTreeClassifier

from helpers.diagnosis.checks.noise_optimistic_best_score import (
    noise_optimistic_best_score,
    noise_score_without_targets,
    optimism_interval,
)

CODE = "noise/optimistic-best-score"
IRIS = load_iris(return_X_y=True)


def drawn(truths, n=200, seed=0, shared=0.0):
    """Right answers of candidates of such accuracies on rows; some rows are right for all."""
    rng = np.random.default_rng(seed)
    table = rng.random((len(truths), n)) < np.array(truths)[:, None]
    return np.where(rng.random(n) < shared, 1.0, table)


def test_best_of_equals_is_overrated():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((120, 5)), np.arange(120) % 2
    search = GridSearchCV(
        ExtraTreeClassifier(), {"min_impurity_decrease": list(np.linspace(0, 1e-9, 40))},
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


def on_training_rows(model, X, y):
    """What the fit kept of itself; the held-out rows do not matter."""
    return model.score_then


class Keeping(ExtraTreeClassifier):
    """Keeps its accuracy on the rows that it was fitted on."""

    def fit(self, X, y):
        super().fit(X, y)
        self.score_then = super().score(X, y)
        return self


class KeepingScore(Keeping):
    def score(self, X, y):
        return self.score_then


NOISE = np.random.default_rng(0).standard_normal((120, 5))


@pytest.mark.parametrize(
    ("estimator", "scoring"),
    [
        (Keeping(random_state=0), on_training_rows),
        (make_pipeline(StandardScaler(), KeepingScore(random_state=0)), None),
    ],
    ids=["scorer", "own score"],
)
@pytest.mark.parametrize("y", [np.arange(120) % 2, np.array(["a", "b", "c"])[np.arange(120) % 3]])
def test_a_score_that_does_not_look_at_held_out_rows_is_a_fault(estimator, scoring, y):
    examination = examined(GridSearchCV(estimator, {}, cv=3, scoring=scoring), NOISE, y)
    finding = found(noise_score_without_targets, examination)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect == pytest.approx(1 - finding.evidence["accuracy_on_held_out_rows"])


def test_what_such_a_score_adds_may_be_nothing():
    def accuracy_of_another(model, X, y):
        return float(np.mean(model.predict(IRIS[0]) == IRIS[1]))

    search = GridSearchCV(LogisticRegression(max_iter=300), {}, cv=3, scoring=accuracy_of_another)
    finding = found(noise_score_without_targets, examined(search, *IRIS, delta=0.2))[CODE]
    assert (finding.verdict, finding.severity) == ("not the cause", "info")


def test_a_score_in_other_units_is_undecided():
    search = GridSearchCV(Ridge(), {}, cv=3, scoring=lambda model, X, y: -float(model.coef_[0]))
    finding = found(noise_score_without_targets, examined(search, *load_diabetes(return_X_y=True)))
    assert (finding[CODE].verdict, finding[CODE].effect) == ("undecided", None)


@pytest.mark.parametrize(
    ("estimator", "scoring"),
    [
        (LogisticRegression(max_iter=300), None),
        (LogisticRegression(max_iter=300), "neg_log_loss"),
        (DummyClassifier(), lambda model, X, y: model.score(X, y)),
        (DummyClassifier(), lambda model, X, y: {"right": model.score(X, y), "one": 1.0}),
        (DummyClassifier(), lambda model, X, y: float(y.to_numpy().mean())),
    ],
    ids=["none", "name", "a constant", "several", "which targets there are"],
)
def test_scores_that_look_at_the_targets_are_silent(estimator, scoring):
    search = GridSearchCV(estimator, {}, cv=3, scoring=scoring, refit=False)
    y = pd.Series(np.arange(120) % 2)
    assert found(noise_score_without_targets, examined(search, NOISE, y)) == {}
