"""The puzzle's yardstick: candidates trained long."""

import pytest

from helpers import datasets, parameters
from helpers.cases import _puzzle
from helpers.cases._case import Task
from helpers.cases.puzzle_resetting import first
from helpers.cases.puzzle_xor_like import advised
from helpers.recorder import FitRecorder


def test_a_candidate_that_diverges_is_nobodys_best(monkeypatch):
    monkeypatch.setattr(_puzzle, "LEARNING_RATES", (1e30, 0.03))
    monkeypatch.setattr(_puzzle, "MIN_EPOCHS", 2)
    settings = parameters.check(profile="ci", n_splits=2, epochs=2, max_rows=200)
    curves = _puzzle._curves(Task(datasets.load("digits", max_rows=200), settings), 0, 0)
    best = curves.groupby("learning_rate")["accuracy"].max()
    assert best[1e30] == 0 < best[0.03]
    assert curves.groupby("learning_rate").size().nunique() == 1


def test_a_search_as_one_starts_and_the_advised_one_make_the_same_fits():
    X, y, *_ = datasets.load("xor_like", random_state=0).sample(100, 3)
    frames = []
    for search in (first, advised):
        with FitRecorder() as recorder:
            search(X, y, _puzzle.LEARNING_RATES[:2], 1, 7)
        frames.append(recorder.to_frame()[["rows_digest", "start_digest", "end_digest"]])
    assert frames[0].equals(frames[1])


@pytest.mark.parametrize(("profile", "n_repeats"), [("ci", 5), ("default", 6), ("full", 10)])
def test_repetitions_are_enough_for_an_interval(profile, n_repeats):
    task = Task(datasets.load("wine"), parameters.check(profile=profile))
    assert len(_puzzle._repetitions(task)) == n_repeats
