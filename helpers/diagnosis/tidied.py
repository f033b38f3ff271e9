"""Rows that a preparation leaves out because models would get them wrong."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from helpers.diagnosis.probes import matrix, probes, targets, with_columns
from helpers.digests import row_digests

__all__ = ["Tidied", "tidied"]

_FEWEST = 5


@dataclass(frozen=True)
class Tidied:
    """How well a model says the labels of rows that are left out, and of those that stay.

    Attributes
    ----------
    n_out, n_rows : int
    right_out, right_in : float
        Shares of right answers, of the classes as they are among the rows that stay.
    added, low, high : float
        What leaving them out adds to the accuracy, with 95 % interval.
    """

    n_out: int
    n_rows: int
    right_out: float
    right_in: float
    added: float
    low: float
    high: float


def tidied(subject, raw, made):
    """What it adds to the accuracy that rows are left out, class by class.

    The model is trained on rows that stay and asked about others, those that are left out among
    them. Class by class, so that a class of which fewer stay adds nothing.

    Parameters
    ----------
    subject : Subject
    raw, made : ndarray, shape (n_samples, n_features) and (n_left, n_features)
        The rows before and after, as numbers, text as the same ones.

    Returns
    -------
    Tidied, or None
        None where prepared rows are not some of the raw ones, as they were.
    """
    X, y = matrix(subject.raw[0]), targets(subject, subject.raw[1])
    if X is None or y is None or not subject.is_classification:
        return None
    before, after = row_digests(raw), row_digests(made)
    if not np.isin(after, before).all():
        return None
    stays = np.isin(before, after)
    classes = [
        each
        for each in np.unique(y)
        if min(stays[y == each].sum(), (~stays[y == each]).sum()) >= _FEWEST
    ]
    if not classes:
        return None
    right = max(_answers(subject, with_columns(X), y, stays), key=np.mean)
    shares = np.array([stays[y == each].sum() for each in classes]) / stays.sum()
    parts = np.array([_of_class(right[y == each], stays[y == each]) for each in classes])
    right_in, right_out, share_out, variance = parts.T
    added = float(shares @ (share_out * (right_in - right_out)))
    half = 1.96 * float(np.sqrt((shares * share_out) ** 2 @ variance))
    means = (float(np.average(each, weights=shares)) for each in (right_out, right_in))
    return Tidied(int((~stays).sum()), len(stays), *means, added, added - half, added + half)


def _answers(subject, X, y, stays):
    """By probe, whether each row is answered rightly by one that has not seen it."""
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(X, y))
    folds = [(train[stays[train]], test) for train, test in folds]
    for model in probes(subject.is_classification).values():
        yield cross_val_predict(clone(model), X, y, cv=folds) == y


def _of_class(right, stays):
    parts = right[stays], right[~stays]
    variance = sum(each.var() / len(each) for each in parts)
    return *(each.mean() for each in parts), (~stays).mean(), variance
