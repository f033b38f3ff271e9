"""What each held-out row adds to a score that is a mean over rows."""

import numpy as np

__all__ = ["is_mean_over_rows", "labels_of", "row_scores", "rows_of_trial"]

#: How far the mean of row scores may be from the score: a wrapper may round, or average in float32.
_TOLERANCE = 0.02


def row_scores(subject, truth, predictions):
    """The score of each row; their mean is the score of all.

    Parameters
    ----------
    subject : Subject
        Whose score it is.
    truth, predictions : ndarray of shape (n_samples,) or (n_samples, n_outputs)

    Returns
    -------
    ndarray of shape (n_samples,), or None
        None where the score is no mean over rows.
    """
    measure = _measures(subject).get(subject.score_name)
    return None if measure is None else measure(truth, predictions)


def is_mean_over_rows(subject):
    return subject.score_name in _measures(subject)


def rows_of_trial(subject, trial):
    """Row scores of the rows that a trial held out; None where they do not make up its score."""
    if trial.predictions is None or trial.fold is None or subject.y is None:
        return None
    truth = subject.labels if subject.labels is not None else np.asarray(subject.y)
    truth = truth[subject.splits[trial.fold][1]]
    if len(truth) != len(trial.predictions):
        return None
    rows = row_scores(subject, truth, np.asarray(trial.predictions))
    if rows is None:
        return None
    off = abs(np.mean(rows) - trial.score)
    return rows if off <= _TOLERANCE * max(1, abs(trial.score)) else None


def labels_of(predictions, truth):
    """Predicted classes in the terms of the labels: one column a class becomes its number."""
    if predictions.ndim == 2 and predictions.shape[1] > 1 and truth.ndim == 1:
        return predictions.argmax(axis=1)
    return predictions.reshape(predictions.shape[0], *truth.shape[1:])


def _measures(subject):
    return _CLASSIFICATION if subject.is_classification else _REGRESSION


def _hits(truth, predictions):
    same = labels_of(predictions, truth).reshape(len(truth), -1) == truth.reshape(len(truth), -1)
    return np.asarray(same).all(axis=1).astype(float)


def _balanced_hits(truth, predictions):
    _, number, counts = np.unique(truth, return_inverse=True, return_counts=True)
    return _hits(truth, predictions) * len(truth) / (len(counts) * counts[number.ravel()])


def _differences(truth, predictions):
    truth = truth.astype(float).reshape(len(truth), -1)
    return truth, np.asarray(predictions, dtype=float).reshape(truth.shape) - truth


def _explained(truth, predictions):
    truth, errors = _differences(truth, predictions)
    return 1 - (errors**2 / np.maximum(truth.var(axis=0), 1e-300)).mean(axis=1)


def _squared(truth, predictions):
    return -(_differences(truth, predictions)[1] ** 2).mean(axis=1)


def _absolute(truth, predictions):
    return -np.abs(_differences(truth, predictions)[1]).mean(axis=1)


_CLASSIFICATION = {"accuracy": _hits, "balanced_accuracy": _balanced_hits}
_REGRESSION = {
    "R2": _explained,
    "r2": _explained,
    "neg_mean_squared_error": _squared,
    "neg_mean_absolute_error": _absolute,
}
