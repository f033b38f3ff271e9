"""Row scores whose mean is the score."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn import metrics

from helpers.diagnosis.rowwise import is_mean_over_rows, labels_of, row_scores

RNG = np.random.default_rng(0)


def scored_by(name, *, is_classification):
    return SimpleNamespace(score_name=name, is_classification=is_classification)


LABELS = RNG.integers(0, 3, 50) * 7
TOLD = np.where(RNG.random(50) < 0.6, LABELS, 7)
VALUES = RNG.normal(3, 2, (50, 2))
GUESSES = VALUES + RNG.normal(0, 1, (50, 2))
PAIRS = RNG.integers(0, 2, (50, 2))


@pytest.mark.parametrize(
    ("name", "truth", "predictions", "score"),
    [
        ("accuracy", LABELS, TOLD, metrics.accuracy_score),
        ("accuracy", PAIRS, PAIRS[::-1], metrics.accuracy_score),
        ("balanced_accuracy", LABELS, TOLD, metrics.balanced_accuracy_score),
        ("r2", VALUES[:, 0], GUESSES[:, 0], metrics.r2_score),
        ("R2", VALUES, GUESSES, metrics.r2_score),
        (
            "neg_mean_squared_error", VALUES, GUESSES,
            lambda *told: -metrics.mean_squared_error(*told),
        ),
        (
            "neg_mean_absolute_error", VALUES[:, 0], GUESSES[:, 0],
            lambda *told: -metrics.mean_absolute_error(*told),
        ),
    ],
)  # fmt: skip
def test_their_mean_is_the_score(name, truth, predictions, score):
    subject = scored_by(name, is_classification=truth.dtype.kind == "i")
    assert is_mean_over_rows(subject)
    rows = row_scores(subject, truth, predictions)
    assert rows.shape == (50,)
    assert rows.mean() == pytest.approx(score(truth, predictions))


@pytest.mark.parametrize("name", ["roc_auc", "f1", "score"])
def test_other_scores_have_none(name):
    subject = scored_by(name, is_classification=True)
    assert not is_mean_over_rows(subject)
    assert row_scores(subject, LABELS, TOLD) is None


def test_one_column_a_class_becomes_its_number():
    np.testing.assert_array_equal(labels_of(np.eye(3), np.arange(3)), np.arange(3))
