"""Cheap models that stand in for the user's: what a change of rows or of splits is worth.

A leak is there for every model that can use it, so nearest neighbours, a linear model and a few
trees measure it in milliseconds. They are scored by the search's own scorer where that works.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.diagnosis.dates import dates_of
from helpers.diagnosis.findings import judged
from helpers.diagnosis.registry import NotApplicable
from helpers.diagnosis.rowwise import is_mean_over_rows, row_scores, rows_of_trial
from helpers.intervals import Interval, paired_interval

__all__ = [
    "Arm", "ProbedEffect", "Scored", "inflation", "matrix", "measured", "probe_scores", "probes",
    "require_matrix", "stacked", "stacked_splits", "targets", "winner_scores", "with_columns",
]  # fmt: skip

#: A probe sees no more rows, columns and values than these: it is to cost milliseconds.
_MAX_ROWS, _MAX_COLUMNS, _MAX_VALUES = 3000, 2000, 600_000
_NORMAL = 1.96


@dataclass(frozen=True)
class Arm:
    """Rows and splits to fit on: one side of a comparison.

    Attributes
    ----------
    X : array-like
    y : array-like
    splits : list of (train, test)
    """

    X: object
    y: object
    splits: list


@dataclass(frozen=True)
class Scored:
    """What one arm scored.

    Attributes
    ----------
    folds : ndarray of shape (n_splits,)
        In units of the search's score.
    rows : list of ndarray, or None
        By split, what each held-out row adds to the score; None where that is no mean over rows.
    """

    folds: np.ndarray
    rows: list | None


def matrix(X, *, of_text=None):
    """The rows as numbers, of shape (n_samples, n_features); None if they cannot be read so.

    Columns of text become one column per value, or what `of_text` makes of them; dates, written as
    text as well, become days.
    """
    if isinstance(X, dict) or hasattr(X, "element_spec"):
        return None
    if hasattr(X, "columns"):
        parts = [_column(X[name], of_text or _one_per_value) for name in X.columns]
        return np.column_stack(parts) if parts else None
    try:
        array = np.asarray(X.toarray() if hasattr(X, "toarray") else X)
    except ValueError:
        return None
    if array.ndim == 0 or not len(array):
        return None
    if array.dtype.kind not in "biuf":
        if array.ndim != 2:
            return None
        return matrix(pd.DataFrame(array).infer_objects(), of_text=of_text)
    array = array.reshape(len(array), -1).astype(float)
    return np.where(np.isfinite(array), array, np.nan)


def _column(values, of_text):
    if values.dtype.kind in "biuf" and isinstance(values.dtype, np.dtype):
        return np.where(np.isfinite(values), values, np.nan).astype(float)
    if values.dtype.kind == "M":
        return (values - values.min()).dt.total_seconds().to_numpy() / 86400
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().sum() == values.notna().sum() and numbers.notna().any():
        return numbers.to_numpy(dtype=float)
    dates = dates_of(values) if of_text is _one_per_value else None
    return of_text(values) if dates is None else _column(dates, of_text)


def _one_per_value(values):
    codes, names = pd.factorize(values)
    if len(names) > 30:
        return codes.astype(float)
    return (codes[:, None] == np.arange(max(1, len(names)))).astype(float)


def targets(subject, y=None):
    """One number a row: the class, or the value; None for several values a row."""
    if y is not None:
        subject = replace(subject, y=y)
    if subject.labels is not None:
        return np.unique(np.asarray(subject.labels), return_inverse=True)[1].ravel()
    if subject.is_classification:
        return None
    values = np.asarray(subject.y)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    return values.astype(float) if values.ndim == 1 and values.dtype.kind in "biuf" else None


def require_matrix(subject):
    """Rows and targets as numbers, or `NotApplicable`."""
    X, y = matrix(subject.X), targets(subject)
    if X is None:
        raise NotApplicable("needs rows of numbers or of text, in an array or a table")
    if y is None:
        raise NotApplicable("needs one label or one number a row")
    return X, y


def probes(is_classification, *, scaled=True):
    """Unfitted probe models by name; not scaled where the scale of the columns is the question."""
    if is_classification:
        models = {
            "1-NN": KNeighborsClassifier(1),
            "linear": LogisticRegression(max_iter=60, tol=1e-2),
            "trees": ExtraTreesClassifier(30, random_state=0),
        }
    else:
        models = {
            "1-NN": KNeighborsRegressor(1),
            "linear": Ridge(1.0),
            "trees": ExtraTreesRegressor(30, random_state=0),
        }
    if not scaled:
        return models
    return {name: make_pipeline(StandardScaler(), model) for name, model in models.items()}


def with_columns(X):
    """`X` without gaps and with no more columns than a probe takes."""
    if np.isnan(X).any():
        X = np.where(np.isnan(X), np.nanmedian(np.where(np.isnan(X), 0.0, X), axis=0), X)
    if X.shape[1] > _MAX_COLUMNS:
        chosen = np.random.default_rng(0).choice(X.shape[1], _MAX_COLUMNS, replace=False)
        X = X[:, np.sort(chosen)]
    return X


def probe_scores(subject, model, arm):
    """Fit a probe in each split of an arm, on numbers."""
    X, folds, rows = with_columns(arm.X), [], []
    for train, test in arm.splits:
        train = _thinned(train, X.shape[1])
        if subject.is_classification and len(np.unique(arm.y[train])) < 2:
            folds.append(math.nan)
            rows.append(np.full(len(test), math.nan))
            continue
        model.fit(X[train], arm.y[train])
        folds.append(_score(subject, model, X[test], arm.y[test]))
        rows.append(row_scores(subject, arm.y[test], model.predict(X[test])))
    return Scored(np.array(folds), rows if is_mean_over_rows(subject) else None)


def winner_scores(examination, arm):
    """The same with the search's best candidate; each split is a fit paid from the budget."""
    subject, best = examination.subject, examination.best
    if best is None:
        raise NotApplicable("needs a candidate that could be scored")
    examination.require(len(arm.splits))
    changed, folds, rows = replace(subject, X=arm.X, y=arm.y, splits=arm.splits), [], []
    for fold in range(len(arm.splits)):
        trial = examination.fit_allowed(
            best, fold, subject=changed, seed=subject.random_state + 1000 + fold
        )
        folds.append(trial.score)
        rows.append(rows_of_trial(changed, trial))
    return Scored(np.array(folds), None if any(each is None for each in rows) else rows)


def inflation(high, low, test_fraction):
    """What one arm scores above the other on the same held-out rows, with 95 % interval.

    Row by row where the score is a mean over rows (rows of the two arms are paired, so what is
    hard for both cancels); else fold by fold after Nadeau and Bengio.
    """
    if high.rows is not None and low.rows is not None:
        differences = np.concatenate(high.rows) - np.concatenate(low.rows)
        differences = differences[np.isfinite(differences)]
        if len(differences) > 1:
            half = float(_NORMAL * differences.std(ddof=1) / math.sqrt(len(differences)))
            mean = float(differences.mean())
            return Interval(mean, mean - half, mean + half)
    differences = high.folds - low.folds
    differences = differences[np.isfinite(differences)]
    if len(differences) < 2:
        raise NotApplicable("needs scores of at least two folds")
    return paired_interval(differences, test_fraction=test_fraction)


def _thinned(train, n_columns):
    limit = min(_MAX_ROWS, max(300, _MAX_VALUES // n_columns))
    if len(train) <= limit:
        return train
    return np.random.default_rng(0).choice(train, limit, replace=False)


def _score(subject, model, X, y):
    scorer = next(iter(subject.scorers.values()))
    try:
        made = scorer(model, X, y)
        made = next(iter(made.values())) if isinstance(made, dict) else made
        if np.isfinite(made):
            return float(made)
    except Exception:  # noqa: BLE001 - a user's scorer may want the user's own model
        pass
    return float(model.score(X, y))


def stacked(examples, splits):
    """One table per split, one below the other, and the splits in it.

    Parameters
    ----------
    examples : list of ndarray
        By split: its training rows, then its held-out rows.
    splits : list of (train, test)

    Returns
    -------
    rows : ndarray
    splits : list of (train, test)
    """
    return np.concatenate(examples), stacked_splits(splits)


def stacked_splits(splits):
    """The splits where each one's rows, training rows first, lie below those of the one before."""
    at, moved = 0, []
    for train, test in splits:
        moved.append((at + np.arange(len(train)), at + len(train) + np.arange(len(test))))
        at += len(train) + len(test)
    return moved


def measured(
    examination, high, low, winner_high=None, winner_low=None, *, with_winner=True, pooled=False
):  # fmt: skip
    """How much more one arm scores: by the probe that scores best in it, and by the winner.

    Parameters
    ----------
    high, low : Arm
        With numbers as rows, for probes.
    winner_high, winner_low : Arm
        The same for the search's best candidate; its fits are left out if they cannot be paid.
    with_winner : bool, default=True
        False: leave them out.
    pooled : bool, default=False
        Whether the mean over all probes counts, and probes leave the scale of columns as it is:
        for effects that no model could make much of, which then are known more exactly.

    Returns
    -------
    ProbedEffect
    """
    subject, scored = examination.subject, {}
    for name, model in probes(subject.is_classification, scaled=not pooled).items():
        scored[name] = (probe_scores(subject, model, high), probe_scores(subject, model, low))
    name = max(scored, key=lambda each: np.nan_to_num(scored[each][0].folds.mean(), nan=-np.inf))
    if pooled:
        name = "mean of all"
        scored[name] = tuple(_mean([each[side] for each in scored.values()]) for side in (0, 1))
    probe = inflation(*scored[name], subject.test_fraction)
    n_fits = 2 * len(high.splits)
    with_winner = with_winner and examination.best is not None
    if not with_winner or not examination.budget.allows(n_fits, examination.seconds_a_fit):
        return ProbedEffect(name, probe, None, scored)
    arms = winner_scores(examination, winner_high), winner_scores(examination, winner_low)
    return ProbedEffect(name, probe, inflation(*arms, subject.test_fraction), scored)


def _mean(several):
    folds = np.mean([each.folds for each in several], axis=0)
    if any(each.rows is None for each in several):
        return Scored(folds, None)
    rows = zip(*(each.rows for each in several), strict=True)
    return Scored(folds, [np.mean(each, axis=0) for each in rows])


@dataclass(frozen=True)
class ProbedEffect:
    """An effect as a probe shows it and, where that could be paid, as the winner does."""

    probe: str
    by_probe: Interval
    by_winner: Interval | None
    scored: dict

    def judged(self, delta):
        """Verdict and the interval it rests on.

        By the winner; where the noise of its few fits leaves that open although it gained as
        much, the probe decides. A gain that only one of the two has is no fault.
        """
        by_winner = self.by_winner
        if by_winner is None:
            return judged(self.by_probe[1:], delta), self.by_probe
        verdict = judged(by_winner[1:], delta)
        shown = judged(self.by_probe[1:], delta) == "fault" and by_winner.mean > delta
        if verdict == "undecided" and shown:
            return "fault", self.by_probe
        if verdict == "fault" and self.by_probe.mean <= delta:
            return "undecided", by_winner
        return verdict, by_winner

    @property
    def evidence(self):
        return {
            "probe": self.probe,
            "effect_on_probe": self.by_probe.mean,
            "interval_on_probe": [self.by_probe.low, self.by_probe.high],
            "effect_on_winner": None if self.by_winner is None else self.by_winner.mean,
            "probe_scores": {
                name: [float(np.nanmean(each.folds)) for each in pair]
                for name, pair in self.scored.items()
            },
        }
