"""The puzzle's yardstick: candidates trained long."""

from helpers import datasets, parameters
from helpers.cases import _puzzle
from helpers.cases._case import Task


def test_a_candidate_that_diverges_is_nobodys_best(monkeypatch):
    monkeypatch.setattr(_puzzle, "LEARNING_RATES", (1e30, 0.03))
    monkeypatch.setattr(_puzzle, "MIN_EPOCHS", 2)
    settings = parameters.check(profile="ci", n_splits=2, epochs=2, max_rows=200)
    curves = _puzzle._curves(Task(datasets.load("digits", max_rows=200), settings), 0, 0)
    best = curves.groupby("learning_rate")["accuracy"].max()
    assert best[1e30] == 0 < best[0.03]
    assert curves.groupby("learning_rate").size().nunique() == 1
