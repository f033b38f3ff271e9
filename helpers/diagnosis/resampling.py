"""Out-of-fold predictions of all candidates, scored on resampled rows."""

import numpy as np

from helpers.diagnosis.probes import is_mean_over_rows, labels_of
from helpers.diagnosis.registry import NotApplicable

__all__ = ["held_out_predictions", "mean_by_row", "row_table", "scores_on"]


def held_out_predictions(examination):
    """Candidates with a finite score in every fold, and their trials by fold."""
    n_splits = len(examination.subject.splits)
    complete = []
    for candidate in range(len(examination.subject.candidates)):
        trials = [each for each in examination.of(candidate) if each.fold is not None]
        if len(trials) == n_splits and all(
            np.isfinite(each.score) and each.predictions is not None for each in trials
        ):
            complete.append((candidate, sorted(trials, key=lambda each: each.fold)))
    return complete


def row_table(examination):
    """What each held-out row adds to each candidate's score.

    Returns
    -------
    candidates : list of int
    table : ndarray of shape (n_candidates, n_held_out_rows)
        Its row means are the scores, up to the weights of unequal folds.
    fold : ndarray of shape (n_held_out_rows,)

    Raises
    ------
    NotApplicable
        The score is neither accuracy nor R2, or predictions cannot be compared with targets.
    """
    subject = examination.subject
    if not is_mean_over_rows(subject):
        raise NotApplicable(f"needs a score that is a mean over rows, {subject.score_name} is none")
    if subject.y is None:
        raise NotApplicable("needs targets")
    complete = held_out_predictions(examination)
    if not complete:
        raise NotApplicable("needs a candidate that could be scored in every fold")
    truth = subject.labels if subject.labels is not None else np.asarray(subject.y)
    table = [
        np.concatenate([_rows(subject, truth, trial) for trial in trials]) for _, trials in complete
    ]
    fold = np.concatenate(
        [np.full(len(test), number) for number, (_, test) in enumerate(subject.splits)]
    )
    table, means = np.array(table), [np.mean([t.score for t in ts]) for _, ts in complete]
    by_fold = np.array([table[:, fold == number].mean(axis=1) for number in np.unique(fold)])
    if not np.allclose(by_fold.mean(axis=0), means, atol=0.02):
        raise NotApplicable("the score cannot be had again from the predictions, row by row")
    return [candidate for candidate, _ in complete], table, fold


def _rows(subject, truth, trial):
    test = subject.splits[trial.fold][1]
    predictions, y = trial.predictions, truth[test]
    if subject.is_classification:
        same = labels_of(predictions, y).reshape(len(y), -1) == y.reshape(len(y), -1)
        return np.asarray(same).all(axis=1).astype(float)
    y = y.astype(float).reshape(len(y), -1)
    errors = (predictions.astype(float).reshape(len(y), -1) - y) ** 2
    return 1 - (errors / np.maximum(y.var(axis=0), 1e-300)).mean(axis=1)


def mean_by_row(examination, table):
    """The table with one column per row of the data, where splits hold rows out repeatedly."""
    held_out = np.concatenate([test for _, test in examination.subject.splits])
    rows, number = np.unique(held_out, return_inverse=True)
    if len(rows) == len(held_out):
        return table
    return np.array([np.bincount(number, each) / np.bincount(number) for each in table])


def scores_on(table, counts):
    """Scores of shape (n_resamples, n_candidates) on rows taken so many times.

    Parameters
    ----------
    table : ndarray of shape (n_candidates, n_rows)
    counts : ndarray of shape (n_resamples, n_rows)
    """
    return counts @ table.T / counts.sum(axis=1, keepdims=True)
