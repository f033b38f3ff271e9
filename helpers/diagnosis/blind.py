"""Rows prepared without a look at those that a fold holds out, or at those that come later."""

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.utils.validation import _num_samples

from helpers.diagnosis.probes import Arm, matrix, stacked_splits, targets
from helpers.diagnosis.subject import rows_of

__all__ = ["as_of", "blind", "is_in_time", "rows_at", "thinned"]

#: Training rows are repeated so that held-out rows hardly weigh in what is fitted on both.
_REPEATS = 4
#: Correlation of a column, with held-out rows and without, from which on it is the same one.
_ALIKE = 0.6
#: Seconds that preparing rows as of their time may take, and the fewest a split that are worth it.
_SECONDS, _FEWEST = 6.0, 10


def is_in_time(splits):
    """Whether each split trains on rows that come before those that it scores."""
    return all(len(train) and len(test) and train.max() < test.min() for train, test in splits)


def thinned(splits, seconds):
    """The splits with as many held-out rows as can be prepared one by one; None if too few can.

    Parameters
    ----------
    splits : list of (train, test)
    seconds : float
        What one run of the preparation takes.
    """
    n_each = int(_SECONDS / max(seconds, 1e-3)) // len(splits)
    if n_each < _FEWEST:
        return None
    return [
        (train, test[np.unique(np.linspace(0, len(test) - 1, min(n_each, len(test))).astype(int))])
        for train, test in splits
    ]


def as_of(subject, runs, splits):
    """Each split's rows as they were when they came: prepared with no later one.

    Training rows are prepared with all that came before the held-out ones.

    Parameters
    ----------
    subject : Subject
    runs : callable (raw) -> prepared
        With an attribute ``rows``, what was made of them as numbers.
    splits : list of (train, test)
        In time.

    Returns
    -------
    Arm, or None
        Rows as numbers. None where prepared rows are not the raw ones in their order, or their
        columns mean others where rows are left out.
    """
    if not _keeps_order(subject):
        return None
    made, ys = [], []
    for train, test in splits:
        past = runs(_up_to(subject.raw, train.max())).rows
        if len(past) != train.max() + 1:
            return None
        made.append(past[train])
        for row in test:
            here = runs(_up_to(subject.raw, row)).rows
            if len(here) != row + 1 or not _are_alike(past[train], here[train]):
                return None
            made.append(_in_units_of(past[train], here[train], here[[row]]))
        ys.append(rows_of(subject.y, np.r_[train, test]))
    return Arm(np.concatenate(made), _below_each_other(ys), stacked_splits(splits))


def _in_units_of(past, here, row):
    """A row as it would have been beside the past alone: what is fitted shifts with each row.

    Ranks grow, means move; the training rows, which are there both times, tell by how much.
    """
    past, here = np.ma.masked_invalid(past), np.ma.masked_invalid(here)
    scale = (past.std(axis=0) / here.std(axis=0)).filled(1.0)
    return past.mean(axis=0).filled(0) + (row - here.mean(axis=0).filled(0)) * scale


def _up_to(raw, row):
    return tuple(None if each is None else rows_at(each, np.arange(row + 1)) for each in raw)


def blind(subject, runs, with_labels, splits):
    """Each split's rows below each other, prepared without a look at those held out.

    `prepare` gets each training row four times and the held-out rows behind them, which then
    weigh little; without labels, those of held-out rows are drawn from training rows. Where only
    values are seen, training rows are prepared without held-out ones, if that can be told. None
    where the prepared rows are not the raw ones in their order.
    """
    if not _keeps_order(subject):
        return None
    made, ys = [], []
    for position, (train, test) in enumerate(splits):
        raw = _unseen(subject.raw, train, test, with_labels, position)
        rows = runs(raw)
        if len(rows.rows) != _num_samples(raw[0]):
            return None
        order = np.r_[np.arange(len(train)), len(rows.rows) - len(test) + np.arange(len(test))]
        alone = _alone(subject.raw, runs, train, rows) if with_labels else None
        if alone is None:
            made.append(rows_of(rows.X, order))
        else:
            made.append(_below_each_other([alone, rows_of(rows.X, order[len(train) :])]))
        ys.append(rows_of(subject.y, np.r_[train, test]))
    if len({matrix(each).shape[1] for each in made}) > 1:
        return None
    return Arm(_below_each_other(made), _below_each_other(ys), stacked_splits(splits))


def _alone(raw, runs, train, rows):
    """The training rows prepared without the held-out rows; None where columns mean other things.

    Rows that are prepared together (as a difference from the mean of a family, say) know of each
    other however little either weighs. Of a fit on all rows, as a PCA, the columns may be other
    ones without some rows: then they are not alike on the training rows themselves.
    """
    X, y, groups = raw
    given = rows_at(X, train), rows_at(y, train), None if groups is None else rows_at(groups, train)
    try:
        made = runs(given)
    except Exception:  # noqa: BLE001 - fewer rows may be fewer than `prepare` takes
        return None
    if made.rows.shape != (len(train), rows.rows.shape[1]):
        return None
    return made.X if _are_alike(made.rows, rows.rows[: len(train)]) else None


def _are_alike(some, others):
    """Whether columns of the same rows mean the same, whatever their units."""
    if some.shape != others.shape:
        return False
    unknown = np.isnan(some) | np.isnan(others)
    some, others = (np.ma.masked_array(each, unknown) for each in (some, others))
    some, others = (each - each.mean(axis=0) for each in (some, others))
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.ma.sqrt((some**2).sum(axis=0) * (others**2).sum(axis=0))
        correlation = np.ma.filled((some * others).sum(axis=0) / scale, 1.0)
    return bool((correlation > _ALIKE).all())


def _keeps_order(subject):
    """Whether the prepared rows are the raw ones in their order, as far as labels tell."""
    before, after = targets(subject, subject.raw[1]), targets(subject)
    if before is None or after is None or len(before) != len(after):
        return False
    if subject.is_classification:
        return len(set(zip(before, after, strict=True))) == len(np.unique(before))
    return bool(abs(stats.spearmanr(before, after).statistic) > 0.999)


def _unseen(raw, train, test, with_labels, seed):
    X, y, groups = raw
    repeats = _REPEATS if len(train) * _REPEATS <= 20_000 else 1
    order = np.r_[np.tile(train, repeats), test]
    y_rows = order.copy()
    if not with_labels:
        y_rows[-len(test) :] = np.random.default_rng(seed).choice(train, len(test))
    return rows_at(X, order), rows_at(y, y_rows), None if groups is None else rows_at(groups, order)


def rows_at(data, order):
    """Rows in an order, numbered afresh."""
    made = rows_of(data, order)
    return made.reset_index(drop=True) if hasattr(made, "reset_index") else made


def _below_each_other(parts):
    if hasattr(parts[0], "iloc"):
        if all(list(getattr(each, "columns", [0])) == list(getattr(parts[0], "columns", [0]))
               for each in parts):  # fmt: skip
            return pd.concat(parts, ignore_index=True)
        parts = [each.to_numpy() for each in parts]
    return np.concatenate([np.asarray(each) for each in parts])
