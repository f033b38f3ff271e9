"""Rows that lie close in time on both sides of a split, or windows that overlap."""

import re

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.preprocessing import StandardScaler

from helpers.diagnosis.attribution import Remedy
from helpers.diagnosis.blind import is_in_time
from helpers.diagnosis.checks.leak_duplicate_rows import MAX_ROWS, twins
from helpers.diagnosis.dates import dates_of
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.probes import Arm, matrix, measured, require_matrix, with_columns
from helpers.diagnosis.registry import NotApplicable, check
from helpers.diagnosis.regrouped import compared

_REPEATS, _STRATA, _MIN_ROWS = 3, 5, 60
#: A column of fewer dates is a wave or a batch, and no order of time.
_MIN_DATES = 20
#: Blocks that the interval counts: rows of one block are taken to depend on each other.
_CLUSTERS = 30
#: A file without dates is read as a series where rows beside each other are so much nearer than
#: others. Batches of one writer or one day are alike too, and are not meant: digits has 0.77.
_SERIAL = 0.5
#: Blocks of time that a fold holds out, from which on it is torn rather than one block.
_FEWEST_BLOCKS = 4

#: Dates that say how old somebody is, and not when the row was.
_OF_LIVES = re.compile(r"birth|born|\bdob\b|_dob|dob_|founded|built", re.IGNORECASE)

_FILE = "order of the file"
#: Rows of training, from which on the rows before and after those that score are compared.
_FEWEST_ROWS = 20
#: Lags beside other columns that make a window, and the share of values that differ in a column.
_FEWEST_LAGS, _CHANGING = 2, 0.2
#: Orders by chance: a fault has to be more than any of them makes of the rows.
_ORDERS = 19

FIX = Fix(
    "Train on earlier rows and score on later ones, with a gap as long as a window.",
    "search = GridSearchCV(estimator, grid, cv=TimeSeriesSplit(n_splits=5, gap=window))",
)


@check(
    "leak/future-rows",
    fits=6,
    proves=False,
    null="rows in any order, or in an order that says nothing beyond the labels: splits in blocks "
    "of time (within each class) score as splits by chance do; the interval counts blocks of "
    "time, its lower end must be above delta: nominally below 2.5 %, 0 of 65 simulated; turned "
    "round, the effect must also be above that in any of 19 orders by chance",
)
def leak_future_rows(examination):
    """In the order of dates, or of the file where rows beside each other are alike: the score of
    cheap models (and of the winner, where the budget allows) with splits that mix times against
    splits in blocks of time, within each class. Where splits keep the order: windows that share
    values across the gap; where they turn it round, rows after those that score against as many
    before them. Splits that hold out many short blocks of time are compared as they are.
    """
    subject = examination.subject
    X, y = require_matrix(subject)
    if len(X) < _MIN_ROWS:
        raise NotApplicable(f"needs {_MIN_ROWS} rows")
    times, by = _times(subject, X)
    order = np.argsort(times, kind="stable")
    rank = np.empty(len(order), int)
    rank[order] = np.arange(len(order))
    overlap = _overlap(subject.X, X, order)
    ranked = [(rank[train], rank[test]) for train, test in subject.splits]
    if is_in_time(ranked):
        return _overlapping(examination, X, y, rank, overlap)
    if by != _FILE and _is_backwards(subject.splits, times):
        return _backwards(examination, y, order, by)
    mixes = _mixes(subject.splits, rank, times)
    if not mixes and not _is_torn(ranked, X[order]):
        return []
    if by == _FILE and not overlap:
        if subject.groups is not None:
            raise NotApplicable("groups were given: see leak/shared-groups")
        if not _is_serial(X[order], y[order], subject.is_classification):
            return []
        # Copies that were written one below the other make no series.
        alone = _without_twins(X)
        if not _is_serial(X[alone], y[alone], subject.is_classification):
            return []
    return _mixed(examination, X, y, order, by, overlap, is_torn=not mixes)


def _mixed(examination, X, y, order, by, overlap, *, is_torn):
    subject = examination.subject
    n_folds = len(subject.splits) if is_torn else int(np.clip(len(subject.splits), 3, 5))
    mixed, apart = [], []
    for repeat in range(_REPEATS):
        apart.append(_in_blocks(order, y, n_folds, repeat, subject.is_classification))
        if is_torn:
            mixed.append(subject.splits)
            continue
        shuffled = np.random.default_rng(repeat).permutation(len(order))
        mixed.append(_in_blocks(shuffled, y, n_folds, 0, subject.is_classification))
    clusters = np.empty(len(order), int)
    clusters[order] = np.arange(len(order)) * _CLUSTERS // len(order)
    effect = compared(examination, X, y, mixed, apart, clusters)
    examination.remedies["leak/future-rows"] = Remedy(splits=apart[0], clusters=clusters)
    verdict, interval = effect.judged(examination.delta)
    if verdict != "fault":
        return []
    what = f"windows that share values {overlap} rows on" if overlap else f"rows in {by}"
    return [
        Finding(
            "leak/future-rows",
            "fault",
            "serious",
            f"The splits mix {what}: with whole blocks of time held out models score "
            f"{interval.mean:.3f} less",
            FIX,
            effect=interval.mean,
            interval=tuple(interval[1:]),
            evidence={"order": by, "rows_that_overlap": overlap, **effect.evidence},
        )
    ]


def _overlapping(examination, X, y, rank, overlap):
    """Splits in order: training rows whose windows reach into the held-out rows."""
    splits = examination.subject.splits
    gap = min(rank[test].min() - rank[train].max() - 1 for train, test in splits)
    if overlap <= gap + 1:
        return []

    def purge(splits):
        return [(train[rank[train] < rank[test].min() - overlap], test) for train, test in splits]

    purged = purge(splits)
    if min(len(train) for train, _ in purged) < 10:
        return []
    subject = examination.subject
    examination.remedies["leak/future-rows"] = Remedy(narrowed=purge)
    effect = measured(
        examination, Arm(X, y, splits), Arm(X, y, purged),
        Arm(subject.X, subject.y, splits), Arm(subject.X, subject.y, purged),
    )  # fmt: skip
    verdict, interval = effect.judged(examination.delta)
    return [
        Finding(
            "leak/future-rows",
            verdict,
            "warning" if verdict == "fault" else "info",
            f"Windows reach over {overlap} rows, the gap between training and held-out rows is "
            f"{gap}: the last windows that train hold values of the first that score",
            FIX,
            effect=interval.mean,
            interval=tuple(interval[1:]),
            evidence={"rows_that_overlap": overlap, "gap": int(gap), **effect.evidence},
        )
    ]


def _is_backwards(splits, times):
    return all(
        len(train) and len(test) and times[train].min() > times[test].max()
        for train, test in splits
    )


def _backwards(examination, y, order, by):
    """Splits that train on what came after: against as many rows of what came before."""
    subject = examination.subject
    X = matrix(_without_dates(subject.X))
    if X is None:
        raise NotApplicable("needs columns beside the dates")
    place = np.empty(len(order), int)
    place[order] = np.arange(len(order))
    blocks = [np.sort(place[test]) for _, test in subject.splits]
    most = [len(train) for train, _ in subject.splits]
    effect = _of_what_came_after(examination, X, y, order, blocks, most)
    verdict, interval = effect.judged(examination.delta)
    if verdict != "fault":
        return []
    # Models of as many other rows differ too: as much as in orders that say nothing.
    rng = np.random.default_rng(subject.random_state)
    for _ in range(_ORDERS):
        by_chance = _of_what_came_after(examination, X, y, rng.permutation(order), blocks, most)
        if by_chance.by_probe.mean >= interval.mean:
            return []
    return [
        Finding(
            "leak/future-rows",
            "fault",
            "serious",
            f"By the {by} every split trains on later rows and scores earlier ones: trained on as "
            f"many rows from before, models score {interval.mean:.3f} less",
            Fix(
                "Sort the rows by date, the oldest first, before they are split in time.",
                'frame = frame.sort_values("date")  # then TimeSeriesSplit',
            ),
            effect=interval.mean,
            interval=tuple(interval[1:]),
            evidence={"order": by, "orders_by_chance_with_less": _ORDERS, **effect.evidence},
        )
    ]


def _of_what_came_after(examination, X, y, order, blocks, most):
    """What probes gain on blocks of time from the rows after them, above as many before them."""
    after, before = [], []
    for block, n_train in zip(blocks, most, strict=True):
        first, end = block[0], block[-1] + 1
        n = min(first, len(order) - end, n_train)
        if n >= _FEWEST_ROWS:
            after.append((order[end : end + n], order[block]))
            before.append((order[first - n : first], order[block]))
    if len(after) < 2:
        raise NotApplicable("too few rows came before those that score")
    return measured(examination, Arm(X, y, after), Arm(X, y, before), with_winner=False)


def _without_dates(table):
    if not hasattr(table, "columns"):
        return table
    return table[[name for name in table.columns if _dates(table[name]) is None]]


def _dates(column):
    return column if column.dtype.kind == "M" else dates_of(column)


def _times(subject, X):
    """When each row was, and by what that is told."""
    table = subject.X
    index = getattr(table, "index", None)
    if isinstance(index, pd.DatetimeIndex):
        return index.to_numpy(), "order of the index's dates"
    if hasattr(table, "columns"):
        for name in table.columns:
            if _OF_LIVES.search(str(name)):
                continue
            values = _dates(table[name])
            if values is not None and values.notna().all() and values.nunique() >= _MIN_DATES:
                return values.to_numpy(), f"order of {name}"
    return np.arange(len(X)), _FILE


def _mixes(splits, rank, times):
    """Whether held-out rows mostly have a training row beside them in time, or at the same time."""
    beside = []
    for train, test in splits:
        is_train = np.zeros(len(rank) + 2, bool)
        is_train[rank[train] + 1] = True
        at = rank[test] + 1
        meets = np.isin(times[test], times[train])
        beside.append(np.mean(is_train[at - 1] | is_train[at + 1] | meets))
    return np.mean(beside) > 0.5


def _is_torn(splits, X):
    """Whether folds hold out many blocks of time, whose ends are as the rows beside them.

    Blocks that are groups, such as patients, end where another group begins, which is unlike.
    """
    if len(splits) < 2:
        return False
    X, ends = with_columns(X), []
    Z = StandardScaler().fit_transform(X[:, np.ptp(X, axis=0) > 0])
    for _, test in splits:
        is_held = np.zeros(len(Z), bool)
        is_held[test] = True
        ends.append(np.flatnonzero(np.diff(is_held)))
    if np.mean([len(each) for each in ends]) < 2 * _FEWEST_BLOCKS or not Z.shape[1]:
        return False
    ends, others = np.concatenate(ends), np.random.default_rng(0).permutation(len(Z))
    across = np.linalg.norm(Z[ends] - Z[ends + 1], axis=1)
    apart = np.linalg.norm(Z - Z[others], axis=1)[others != np.arange(len(Z))]
    return bool(np.median(across) < _SERIAL * np.median(apart))


def _is_serial(X, y, is_classification):
    """Whether rows beside each other are alike beyond what their labels explain.

    The file may be sorted: by label, which is taken out, or by a column, where nothing follows.
    """
    X = with_columns(X)
    X = X[:, np.ptp(X, axis=0) > 0]
    n = len(X)
    if not X.shape[1]:
        return False
    ranks = stats.rankdata(X, axis=0)
    trend = np.abs(np.corrcoef(np.column_stack([ranks, np.arange(n)]).T)[-1, :-1])
    if np.nanmax(trend) > 0.98:
        return False
    if not is_classification and abs(stats.spearmanr(y, np.arange(n)).statistic) > 0.98:
        return False
    Z, strata = StandardScaler().fit_transform(X), _strata(y, is_classification)
    rng = np.random.default_rng(0)
    beside, others = [], []
    for stratum in np.unique(strata):
        rows = np.flatnonzero(strata == stratum)
        if len(rows) < 3:
            continue
        beside.append(np.linalg.norm(np.diff(Z[rows], axis=0), axis=1))
        pair = rng.permutation(rows), rng.permutation(rows)
        others.append(np.linalg.norm(Z[pair[0]] - Z[pair[1]], axis=1)[pair[0] != pair[1]])
    if not beside:
        return False
    beside, others = np.concatenate(beside), np.concatenate(others)
    return bool(np.median(beside) < _SERIAL * np.median(others))


def _without_twins(X):
    """Rows of the file that are no twin of one kept before."""
    if len(X) > MAX_ROWS:
        return np.arange(len(X))
    first, second, _ = twins(X)
    later, earlier = first[second < first], second[second < first]
    is_kept = np.ones(len(X), bool)
    for row in np.unique(later):
        is_kept[row] = not is_kept[earlier[later == row]].any()
    return np.flatnonzero(is_kept)


def _strata(y, is_classification):
    if is_classification:
        return y
    return np.minimum(stats.rankdata(y) * _STRATA / (len(y) + 1), _STRATA - 1).astype(int)


def _in_blocks(order, y, n_folds, repeat, is_classification):
    """Splits that hold out a block of the order in each class: no class is missing anywhere."""
    strata, fold = _strata(y, is_classification), np.empty(len(order), int)
    for stratum in np.unique(strata):
        rows = order[strata[order] == stratum]
        shift = repeat * len(rows) // (n_folds * _REPEATS)
        fold[np.roll(rows, shift)] = np.arange(len(rows)) * n_folds // len(rows)
    return [(np.flatnonzero(fold != each), np.flatnonzero(fold == each)) for each in range(n_folds)]


def _overlap(table, X, order):
    """Rows over which windows share values: 0 if no columns of the next row are those of this one,
    shifted."""
    if np.isnan(X).any() or X.shape[1] < 2:
        return 0
    shape = getattr(table, "shape", X.shape)
    X = X[order]
    width = X.shape[1]
    if np.mean(np.ptp(X, axis=1) > 0) < 0.9:
        return 0
    last = width // shape[1] if len(shape) == 3 else 1
    candidates = [last] if len(shape) == 3 else [s for s in range(1, width // 2 + 1) if s <= 64]
    for step in candidates:
        for now, later in ((slice(step, None), slice(None, -step)),
                           (slice(None, -step), slice(step, None))):  # fmt: skip
            same = (X[:-1, now] == X[1:, later]).all(axis=1)
            if same.mean() > 0.9:
                return int(np.ceil(width / step)) - 1
    return 0 if len(shape) == 3 else max(_lags(X), _lags(X[:, ::-1]))


def _lags(X):
    """The most columns in a row that are, in the next row, one further to the left.

    A column that repeats itself says nothing.
    """
    moves = np.array([len(np.unique(column)) > _CHANGING * len(X) for column in X.T])
    shifted = (X[:-1, 1:] == X[1:, :-1]).mean(axis=0) > 0.9
    longest = run = 0
    for is_lag in shifted & moves[1:] & moves[:-1]:
        run = run + 1 if is_lag else 0
        longest = max(longest, run)
    return longest if longest >= _FEWEST_LAGS else 0
