"""The score with splits that keep together what belongs together, against splits that do not."""

import math

import numpy as np

from helpers.diagnosis.probes import (
    Arm,
    ProbedEffect,
    probe_scores,
    probes,
    winner_scores,
)
from helpers.diagnosis.registry import NotApplicable
from helpers.diagnosis.resampling import row_table
from helpers.diagnosis.rowwise import is_mean_over_rows
from helpers.intervals import Interval, paired_interval

__all__ = ["clustered", "compared"]

_NORMAL = 1.96


def compared(examination, X, y, mixed, apart, clusters):
    """How much more splits that mix score than splits that keep apart.

    Parameters
    ----------
    examination : Examination
    X, y : ndarray
        Rows and targets as numbers, for probes.
    mixed, apart : list of list of (train, test)
        The same number of repetitions of splits; those that keep apart, and others of their size.
    clusters : ndarray of int, shape (n_samples,)
        Rows of one cluster are not independent of each other: the interval counts clusters.

    Returns
    -------
    ProbedEffect
    """
    subject, scored, intervals = examination.subject, {}, {}
    for name, model in probes(subject.is_classification).items():
        high = [probe_scores(subject, model, Arm(X, y, splits)) for splits in mixed]
        low = [probe_scores(subject, model, Arm(X, y, splits)) for splits in apart]
        scored[name] = (high[0], low[0])
        intervals[name] = _interval(subject, high, low, mixed, apart, clusters)
    best = max(scored, key=lambda each: np.nan_to_num(scored[each][0].folds.mean(), nan=-np.inf))
    return ProbedEffect(best, intervals[best], _by_winner(examination, apart[0], clusters), scored)


def _by_winner(examination, apart, clusters):
    """The winner's recorded predictions against those of as many fits as splits kept apart."""
    subject = examination.subject
    if examination.best is None or not examination.budget.allows(
        len(apart), examination.seconds_a_fit
    ):
        return None
    try:
        candidates, table, _ = row_table(examination)
        recorded = table[candidates.index(examination.best)]
    except (NotApplicable, ValueError):
        return None
    low = winner_scores(examination, Arm(subject.X, subject.y, apart))
    if low.rows is None or not np.isfinite(low.folds).all():
        return None
    held_out = np.concatenate([test for _, test in subject.splits])
    high = np.full(subject.n_rows, np.nan)
    high[held_out] = recorded
    return clustered(high - _by_row(low, apart, subject.n_rows), clusters)


def _interval(subject, high, low, mixed, apart, clusters):
    if is_mean_over_rows(subject):
        differences = [
            _by_row(a, splits_a, len(clusters)) - _by_row(b, splits_b, len(clusters))
            for a, b, splits_a, splits_b in zip(high, low, mixed, apart, strict=True)
        ]
        return clustered(np.mean(differences, axis=0), clusters)
    differences = np.mean([a.folds - b.folds for a, b in zip(high, low, strict=True)], axis=0)
    if not np.isfinite(differences).all():
        raise NotApplicable("probes could not be scored in every fold")
    return paired_interval(differences, test_fraction=subject.test_fraction)


def _by_row(scored, splits, n):
    rows = np.full(n, np.nan)
    for (_, test), values in zip(splits, scored.rows, strict=True):
        rows[test] = values
    return rows


def clustered(differences, clusters):
    """Mean over rows, with an interval from the sums of clusters."""
    known = np.isfinite(differences)
    differences = differences[known]
    _, number = np.unique(clusters[known], return_inverse=True)
    mean = float(differences.mean())
    sums = np.bincount(number, differences - mean)
    n_clusters = len(sums)
    if n_clusters < 3:
        raise NotApplicable("fewer than three groups of rows")
    error = math.sqrt((sums**2).sum() * n_clusters / (n_clusters - 1)) / len(differences)
    return Interval(mean, mean - _NORMAL * error, mean + _NORMAL * error)
