"""Several faults of one search told apart: each mended alone, and mended last."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from helpers.diagnosis.effects import STATE, paired
from helpers.diagnosis.regrouped import clustered
from helpers.diagnosis.rowwise import rows_of_trial
from helpers.intervals import Interval

__all__ = ["Attribution", "Remedy", "attributed"]


@dataclass(frozen=True, eq=False)
class Remedy:
    """What undoes a fault in further fits of the winner.

    Attributes
    ----------
    starts : dict
        Settings of `Starts.changed`.
    splits : list of (train, test), default=None
        Instead of the search's.
    narrowed : callable, default=None
        ``narrowed(splits)`` returns the same splits with fewer training rows.
    data : callable, default=None
        ``data(splits)`` returns the `Arm` to fit on: the same rows in the same folds.
    clusters : ndarray of int, shape (n_samples,), default=None
        Rows of one cluster are not independent of each other.
    """

    starts: Mapping = field(default_factory=dict)
    splits: list | None = None
    narrowed: Callable | None = None
    data: Callable | None = None
    clusters: np.ndarray | None = None


#: Nothing of an earlier fit: what it costs can be seen, not what comes on top of it, for fits
#: that go on from each other are no function of what they are given.
_FRESH = Remedy({"is_fresh": True})


@dataclass(frozen=True)
class Attribution:
    """What one of several faults does to the score of the winner.

    Attributes
    ----------
    codes : tuple of str
        The findings that one remedy mends.
    alone : Interval or None
        What mending it alone adds to the score: negative where the fault inflates it. None: not
        measured.
    last : Interval or None
        What mending it adds when the others are mended.
    """

    codes: tuple[str, ...]
    alone: Interval | None
    last: Interval | None


def attributed(examination, findings):
    """Tell the faults of a search apart by fits of its winner, as far as the budget goes.

    Parameters
    ----------
    examination : Examination
        With a `Remedy` by code in its ``remedies``.
    findings : list of Finding

    Returns
    -------
    list of Attribution
        Empty with fewer than two faults that have a remedy, or where the budget does not allow it.
    """
    remedies = _remedies(examination, findings)
    if len(remedies) < 2 or examination.best is None:
        return []
    arms = _Arms(examination)
    every = frozenset(remedies)
    pairs = {
        remedy: {"alone": (frozenset(), frozenset([remedy])), "last": (every - {remedy}, every)}
        for remedy in remedies
    }
    if _FRESH in every:
        for remedy, both in pairs.items():
            both.pop("last" if remedy is _FRESH else "alone")
    needed = {arm for each in pairs.values() for both in each.values() for arm in both}
    if not examination.budget.allows(*arms.cost(needed)):
        return []
    return [
        Attribution(
            tuple(remedies[remedy]),
            *(
                arms.difference(*pairs[remedy][name]) if name in pairs[remedy] else None
                for name in ("alone", "last")
            ),
        )
        for remedy in remedies
    ]


def _remedies(examination, findings):
    """Codes of faults by their remedy; of two that would split otherwise, the worse one's."""
    known, found = dict.fromkeys(STATE, _FRESH) | examination.remedies, {}
    for finding in findings:
        remedy = known.get(finding.code)
        if finding.verdict != "fault" or remedy is None:
            continue
        if remedy.splits and any(each.splits and each is not remedy for each in found):
            continue
        found.setdefault(remedy, []).append(finding.code)
    return found


class _Arms:
    """Fits of the winner under some of the remedies, each arm made once."""

    def __init__(self, examination):
        self.examination = examination
        best, subject = examination.best, examination.subject
        recorded = sorted(
            (trial for trial in examination.of(best) if trial.fold is not None),
            key=lambda trial: trial.fold,
        )
        self.known = {frozenset(): _Arm(subject.n_rows, subject.splits, recorded, subject)}

    def cost(self, needed):
        """Number of fits that are missing, and the seconds of one."""
        missing = [arm for arm in needed if arm not in self.known]
        fits = sum(len(_splits(self.examination.subject, arm)) for arm in missing)
        times = max((max(_settings(arm).values(), default=1) for arm in missing), default=1)
        return fits, times * self.examination.seconds_a_fit

    def difference(self, less, more):
        """What the second arm scores above the first."""
        clusters = _clusters([*less, *more])
        less, more = self._arm(less), self._arm(more)
        if not np.isfinite([*less.scores, *more.scores]).all():
            return None
        if clusters is None and less.has_folds_of(more):
            rows = None
            if less.rows is not None and more.rows is not None:
                rows = [a - b for a, b in zip(more.rows, less.rows, strict=True)]
            effect = paired(more.scores, less.scores, self.examination, rows=rows)
            return Interval(effect.mean, *effect.interval)
        if less.rows is None or more.rows is None:
            return None
        clusters = np.arange(less.n_rows) if clusters is None else clusters
        return clustered(more.by_row() - less.by_row(), clusters)

    def _arm(self, remedies):
        if remedies not in self.known:
            self.known[remedies] = self._made(remedies)
        return self.known[remedies]

    def _made(self, remedies):
        examination, subject = self.examination, self.examination.subject
        splits, changed = _splits(subject, remedies), subject
        data = next((each.data for each in remedies if each.data), None)
        if data is None:
            changed = replace(subject, splits=splits)
        else:
            arm = data(splits)
            changed = replace(subject, X=arm.X, y=arm.y, splits=arm.splits)
        with examination.starts.changed(**_settings(remedies)):
            trials = [
                examination.fit_allowed(examination.best, fold, subject=changed)
                for fold in range(len(splits))
            ]
        return _Arm(subject.n_rows, splits, trials, changed)


class _Arm:
    """What the fits of one arm scored, by the rows of the search."""

    def __init__(self, n_rows, splits, trials, changed):
        self.n_rows = n_rows
        self.held_out = [test for _, test in splits]
        self.scores = [trial.score for trial in trials]
        rows = [rows_of_trial(changed, trial) for trial in trials]
        self.rows = None if any(each is None for each in rows) else rows

    def has_folds_of(self, other):
        return len(self.held_out) == len(other.held_out) and all(
            np.array_equal(a, b) for a, b in zip(self.held_out, other.held_out, strict=True)
        )

    def by_row(self):
        """A mean over the folds that hold a row out; NaN where none does."""
        at, values = np.concatenate(self.held_out), np.concatenate(self.rows)
        counts = np.bincount(at, minlength=self.n_rows)
        sums = np.bincount(at, values, minlength=self.n_rows)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _splits(subject, remedies):
    splits = next((each.splits for each in remedies if each.splits), subject.splits)
    for narrowed in (each.narrowed for each in remedies if each.narrowed):
        splits = narrowed(splits)
    return splits


def _settings(remedies):
    settings = {}
    for remedy in remedies:
        for name, value in remedy.starts.items():
            settings[name] = max(value, settings.get(name, value))
    return settings


def _clusters(remedies):
    return next((each.clusters for each in remedies if each.clusters is not None), None)
