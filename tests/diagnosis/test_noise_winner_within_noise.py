"""A lead among equals is called noise; a real one, and a small one, are not."""

import numpy as np
import pytest
from examined import examined, found
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, StratifiedShuffleSplit

from helpers.diagnosis.checks.noise_optimistic_best_score import noise_optimistic_best_score
from helpers.diagnosis.checks.noise_winner_within_noise import (
    _tied,
    lead,
    noise_luckiest_seed,
    noise_winner_within_noise,
)

CODE, OPTIMISTIC = "noise/winner-within-noise", "noise/optimistic-best-score"
FOLDS = StratifiedKFold(5, shuffle=True, random_state=0)


Y = np.arange(150) % 2


class Guess(ClassifierMixin, BaseEstimator):
    """Right with a known probability: the rows are their own labels."""

    def __init__(self, right=0.8, named=0, seed=0):
        self.right, self.named, self.seed = right, named, seed

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.where(np.random.random(len(X)) < self.right, X[:, 0], 1 - X[:, 0])


def finding_of(grid, seed, budget=0):
    np.random.seed(seed)
    examination = examined(GridSearchCV(Guess(), grid, cv=FOLDS), Y[:, None], Y, budget=budget)
    findings = found(noise_luckiest_seed, examination) | found(
        noise_winner_within_noise, examination
    )
    return findings.get(CODE), examination


def test_many_equal_candidates_are_a_fault():
    finding, examination = finding_of({"named": list(range(30))}, seed=1, budget=40)
    assert (finding.verdict, finding.severity) == ("fault", "warning")
    assert finding.interval[0] > examination.delta
    assert finding.evidence["interval_of_lead_elsewhere"][0] < 0


@pytest.mark.parametrize(
    "grid",
    [
        {"seed": [0, 1]},
        {"right": [0.6, 0.9], "seed": [0, 1, 2]},
        {"named": [{"seed": 0, "units": 8}, {"seed": 1, "units": 8}]},
    ],
)
def test_seeds_are_no_settings(grid):
    finding, examination = finding_of(grid, seed=3)
    assert (finding.verdict, finding.interval) == ("fault", None)
    assert finding.effect > examination.delta
    assert examination.budget.spent_fits == 0


@pytest.mark.parametrize(("n_seeds", "code"), [(12, OPTIMISTIC), (3, None)])
@pytest.mark.parametrize("cv", [FOLDS, StratifiedShuffleSplit(1, test_size=0.25, random_state=0)])
def test_the_luckiest_of_many_seeds_is_optimistic(cv, n_seeds, code):
    np.random.seed(1)
    search = GridSearchCV(Guess(), {"seed": list(range(n_seeds))}, cv=cv)
    findings = found(noise_optimistic_best_score, examined(search, Y[:, None], Y))
    assert list(findings) == ([code] if code else [])


def test_a_seed_beside_better_settings_is_no_fault():
    finding, _ = finding_of([{"right": [0.95], "seed": [0]}, {"right": [0.6], "seed": [0, 1]}], 0)
    assert finding is None


def test_without_fits_many_equal_candidates_are_at_least_undecided():
    verdicts = [finding_of({"named": list(range(30))}, seed)[0] for seed in range(8)]
    assert sum(finding is not None for finding in verdicts) >= 3


def test_fresh_seeds_tell_equal_candidates():
    found_in = [finding_of({"named": list(range(12))}, seed, budget=40)[0] for seed in range(12)]
    assert sum(finding is not None for finding in found_in) >= 6


@pytest.mark.parametrize("rights", [[0.6, 0.8], [0.7, 0.8, 0.9], [0.7, 0.8, 0.85, 0.9]])
def test_false_alarms_where_the_lead_is_real(rights):
    """Null: candidates that differ as given; below 1 in 20 of 20 searches."""
    alarms = [finding_of({"right": rights}, seed, budget=40)[0] for seed in range(20)]
    assert sum(finding is not None for finding in alarms) <= 1


def test_recall_and_false_alarms_of_the_table():
    """24 equal candidates, 5 folds, noise .03: mostly found; SD of truth .03: below 1 in 20."""

    def alarm(spread, seed):
        rng = np.random.default_rng(seed)
        truth = rng.normal(0, spread, (24, 1))
        claimed, p, reliability = lead(truth + rng.normal(0, 0.03, (24, 5)))
        return claimed > 0.01 and p > 0.05 and reliability < 0.5

    assert np.mean([alarm(0.0, seed) for seed in range(200)]) > 0.4
    assert np.mean([alarm(0.03, seed) for seed in range(200)]) < 0.05


def of_logistic(values):
    X, y = load_digits(return_X_y=True)
    search = GridSearchCV(LogisticRegression(max_iter=300), {"C": values}, cv=FOLDS)
    examination = examined(search, X / 16, y, budget=40)
    return found(noise_winner_within_noise, examination), examination


def test_a_clear_lead_is_silent():
    assert of_logistic([1e-4, 1e-3, 0.1])[0] == {}


def test_a_tie_is_not_the_cause():
    findings, examination = of_logistic([0.5, 0.6, 0.7])
    finding = findings[CODE]
    assert (finding.verdict, finding.severity) == ("not the cause", "info")
    assert finding.interval[0] <= finding.effect <= finding.interval[1] < examination.delta
    assert examination.budget.spent_fits == 0


def test_a_small_lead_of_wide_interval_is_silent():
    rng = np.random.default_rng(0)
    scores = 0.8 + rng.normal(0, 0.1, (3, 5))
    scores += 0.8 - scores.mean(axis=1, keepdims=True)
    assert _tied(scores, 0.0, 1.0, delta=0.02) == []
