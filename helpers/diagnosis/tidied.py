"""Rows that a preparation leaves out because models would get them wrong."""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from helpers.diagnosis.probes import matrix, probes, targets, with_columns
from helpers.digests import row_digests

__all__ = ["Tidied", "tidied"]

_FEWEST = 5
#: Share of the raw rows that have to differ from each other, to be known again.
_TOLD = 0.95


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
    raw, made : array or DataFrame, of n_samples and of n_left rows
        The rows before and after.

    Returns
    -------
    Tidied, or None
        None where prepared rows cannot be told to be some of the raw ones, by columns that both
        have.
    """
    X, y = matrix(subject.raw[0]), targets(subject, subject.raw[1])
    if X is None or y is None or not subject.is_classification:
        return None
    stays = _stays(raw, made)
    if stays is None:
        return None
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


def _stays(raw, made):
    """Which raw rows are among the prepared ones; None if that cannot be told."""
    if hasattr(raw, "columns") and hasattr(made, "columns"):
        common = [
            name for name in raw.columns if name in made.columns and _are_some(raw, made, name)
        ]
        if not common:
            return None
        raw, made = raw[common], made[common]
    before, after = row_digests(raw), row_digests(made)
    if before is None or after is None or not np.isin(after, before).all():
        return None
    if len(np.unique(before)) < _TOLD * len(before):
        return None
    return np.isin(before, after)


def _are_some(raw, made, name):
    """Whether the values of a column are as they were."""
    return bool(made[name].isin(raw[name]).all())


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
