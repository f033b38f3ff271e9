"""Out-of-fold predictions of all candidates, scored on resampled rows."""

import numpy as np

from helpers.diagnosis.registry import NotApplicable
from helpers.diagnosis.rowwise import is_mean_over_rows, rows_of_trial

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
        The score is no mean over rows, or cannot be had again from the predictions.
    """
    subject = examination.subject
    if not is_mean_over_rows(subject):
        raise NotApplicable(f"needs a score that is a mean over rows, {subject.score_name} is none")
    if subject.y is None:
        raise NotApplicable("needs targets")
    complete = held_out_predictions(examination)
    if not complete:
        raise NotApplicable("needs a candidate that could be scored in every fold")
    table = [[rows_of_trial(subject, trial) for trial in trials] for _, trials in complete]
    if any(rows is None for each in table for rows in each):
        raise NotApplicable("the score cannot be had again from the predictions, row by row")
    fold = np.concatenate(
        [np.full(len(test), number) for number, (_, test) in enumerate(subject.splits)]
    )
    table = np.array([np.concatenate(each) for each in table])
    return [candidate for candidate, _ in complete], table, fold


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
