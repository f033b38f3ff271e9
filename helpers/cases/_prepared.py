"""Scores on rows that were prepared before the split, or inside it, and how many rows that took."""

import numpy as np

from helpers.cases._scores import auc, fold_scores, repeats, stratified
from helpers.workers import each_repetition

__all__ = ["auc_scores", "rows_of"]

#: Share of the rows in which a column has to differ from its most frequent value.
LEAST_VARIED = 0.05


def auc_scores(task, X, estimator, rows_seen):
    """Cross-validated ROC AUC of an estimator on the data set of the task.

    Parameters
    ----------
    task : Task
    X : array, shape (n_samples, n_features)
        Rows, prepared or not.
    estimator : callable (seed) -> estimator
    rows_seen : callable (fitted_estimator, train) -> int
        How many rows the statistics of the preparation come from.

    Returns
    -------
    DataFrame
        As from `fold_scores`, with ``rows_trained_on`` and ``rows_in_statistics``.
    """
    y = task.data.y

    def evidence(model, train, test):
        return {"rows_trained_on": len(train), "rows_in_statistics": rows_seen(model, train)}

    def scores(repeat, seed):
        how = {"cv": stratified(task, seed), "repeat": repeat, "scoring": auc(y)}
        return fold_scores(estimator(seed), X, y, evidence=evidence, **how)

    return each_repetition(scores, repeats(task, at_least=2))


def rows_of(data):
    """The rows of a data set as one matrix; images are flattened, missing numbers stay NaN.

    Columns that hardly vary are left out, for all arms alike: a pixel that is lit in one row says
    nothing, but where that row is a test row, a scaler divides by the standard deviation of the
    training rows, which is next to zero. That is a trouble of scalers, whatever they are fitted on.

    Parameters
    ----------
    data : Dataset

    Returns
    -------
    ndarray of float32, shape (n_samples, n_features)
    """
    X = data.numeric().X
    X = X.reshape(len(X), -1)
    varied = [_share_varied(column) >= LEAST_VARIED for column in X.T]
    return X[:, varied] if any(varied) else X


def _share_varied(column):
    known = column[~np.isnan(column)]
    _, counts = np.unique(known, return_counts=True)
    return (len(known) - counts.max(initial=0)) / len(column)
