"""One column gives the target away."""

import math

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.probes import probes, require_matrix, with_columns
from helpers.diagnosis.registry import NotApplicable, check

_MIN_ROWS, _FOLDS, _SCREENED = 50, 3, 12
#: Out-of-sample score of one column alone that is "nearly perfect": 1 wrong in 100.
_NEARLY_ALL = 0.99
#: How far above the next column, and above all others together, it must be.
_AHEAD = 0.05
#: Of classes also less, but above this by two SE, and farther ahead. One quantity may well explain
#: most of another.
_MOST, _FAR_AHEAD = 0.96, 0.2
#: Of whether a value is missing at all, which is rarely measured, above this by two SE, and so far
#: above all other columns.
_MOST_BY_GAPS, _AHEAD_BY_GAPS = 0.8, 0.15
#: The same distance in SE.
_ERRORS = 4

FIX = Fix(
    "Ask whether this column was known when the prediction is to be made. If not, leave it out.",
    'X = X.drop(columns=["{name}"])',
)


@check(
    "leak/target-in-features",
    proves=False,
    null="a strong honest column: its errors are those of a binomial share; nearly perfect alone, "
    "or nearly so and far ahead, and 4 standard errors above all others together: 0 of 20 "
    "simulated; gaps that say most and are far ahead: 0 of 20 simulated",
)
def leak_target_in_features(examination):
    """Each column alone, and whether its values are missing, by a small tree on held-out rows; then
    the score of cheap models with all columns against all columns but the best one. A suspect only:
    a column may be that good honestly.
    """
    subject = examination.subject
    X, y = require_matrix(subject)
    gaps = np.isnan(X)
    X = with_columns(X)
    if not subject.is_classification:
        y = rankdata(y)  # in other units, or on another scale, it is the same target
    if len(X) < _MIN_ROWS or X.shape[1] < 2:
        raise NotApplicable(f"needs {_MIN_ROWS} rows and two columns")
    if _is_rotated(X):
        raise NotApplicable("columns are components of a rotation, no measured quantities")
    splits = _splits(y, subject.is_classification)
    if subject.is_classification and gaps.any() and gaps.shape == X.shape:
        found = _by_gaps(subject, X, gaps, y, splits)
        if found:
            return [found]
    alone = _alone(X, y, splits, subject.is_classification)
    column = int(np.argmax(alone))
    score = alone[column]
    ahead = _needed(score, len(y), subject.is_classification)
    if ahead is None:
        return []
    same = _twins_of(X, column)
    others = np.delete(alone, same)
    rest = _without(subject, np.delete(X, same, axis=1), y, splits)
    error = math.sqrt(max(rest * (1 - rest), 0.0) / len(y))
    needed = max(ahead, _ERRORS * error)
    if score - max(rest, others.max(initial=0.0)) < needed:
        return []
    name = _name(subject.X, column)
    told = {
        "column": name,
        "score_alone": float(score),
        "score_of_next_column": float(others.max(initial=0.0)),
        "score_without_it": float(rest),
        "standard_error": error,
    }
    return [_finding(subject, column, f"{name} alone predicts", told)]


def _by_gaps(subject, X, gaps, y, splits):
    """A column whose being missing says most of the target, far more than all others together."""
    alone = _alone(gaps.astype(float), y, splits, is_classification=True)
    best = int(np.argmax(alone))
    score = alone[best]
    if _less(score, len(y)) < _MOST_BY_GAPS:
        return None
    rest = _without(subject, np.delete(X, best, axis=1), y, splits)
    if score - rest < _AHEAD_BY_GAPS:
        return None
    name = _name(subject.X, best)
    told = {
        "column": name,
        "score_alone": float(score),
        "score_without_it": float(rest),
        "share_missing": float(gaps[:, best].mean()),
    }
    return _finding(subject, best, f"whether {name} is missing predicts", told)


def _finding(subject, column, says, told):
    score, rest = told["score_alone"], told["score_without_it"]
    return Finding(
        "leak/target-in-features",
        "undecided",
        "warning",
        f"{says} the target ({score:.3f} on held-out rows); all other columns together reach "
        f"{rest:.3f}: was it known when the prediction is made?",
        Fix(FIX.text, FIX.lines.format(name=told["column"]))
        if hasattr(subject.X, "columns")
        else Fix(FIX.text, f"X = np.delete(X, {column}, axis=1)"),
        effect=float(score - rest),
        evidence=told,
    )


def _needed(score, n, is_classification):
    """How far ahead of the others a column of such a score is suspect; None if it is at none."""
    if score >= _NEARLY_ALL:
        return _AHEAD
    return _FAR_AHEAD if is_classification and _less(score, n) >= _MOST else None


def _less(score, n):
    """By two standard errors."""
    return score - 2 * math.sqrt(max(score * (1 - score), 0.0) / n)


def _is_rotated(X):
    """Whether all columns are uncorrelated, as after a PCA: the first may hold all there is."""
    used = X[:, X.std(axis=0) > 0]
    if used.shape[1] < 3:
        return False
    correlation = np.corrcoef(used.T)
    return bool(np.abs(correlation - np.eye(len(correlation))).max() < 1e-3)


def _splits(y, is_classification):
    options = {"n_splits": _FOLDS, "shuffle": True, "random_state": 0}
    if is_classification:
        if np.bincount(y).min() < _FOLDS:
            raise NotApplicable("needs three rows of each class")
        return list(StratifiedKFold(**options).split(y, y))
    return list(KFold(**options).split(y))


def _alone(X, y, splits, is_classification):
    """Score of each column alone: balanced accuracy, or R2. 0 for those that a screen rules out."""
    alone = np.zeros(X.shape[1])
    for column in _screened(X, y, is_classification):
        values, predicted = X[:, [column]], np.zeros(len(y))
        for train, test in splits:
            predicted[test] = _tree(y, is_classification).fit(values[train], y[train]).predict(
                values[test]
            )  # fmt: skip
        measure = balanced_accuracy_score if is_classification else r2_score
        alone[column] = measure(y, predicted)
    return alone


def _tree(y, is_classification):
    if is_classification:
        return DecisionTreeClassifier(max_leaf_nodes=max(4, 2 * len(np.unique(y))), random_state=0)
    return DecisionTreeRegressor(max_leaf_nodes=64, min_samples_leaf=2, random_state=0)


def _screened(X, y, is_classification):
    """The columns that a few leaves explain best on the rows themselves."""
    if X.shape[1] <= _SCREENED:
        return range(X.shape[1])
    scores = [
        _tree(y, is_classification).fit(X[:, [column]], y).score(X[:, [column]], y)
        for column in range(X.shape[1])
    ]
    return np.argsort(scores)[-_SCREENED:]


def _twins_of(X, column):
    """The column and those that say the same: copies, other units, the other dummy."""
    ranks = pd.DataFrame(X).rank()
    with np.errstate(invalid="ignore"):
        alike = ranks.corrwith(ranks[column]).abs().to_numpy()
    return np.union1d(np.flatnonzero(alike > 0.999), [column])


def _without(subject, X, y, splits):
    """Best score of the cheap models on the other columns."""
    if not X.shape[1]:
        return 0.0
    measure = balanced_accuracy_score if subject.is_classification else r2_score
    scores = []
    for model in probes(subject.is_classification).values():
        predicted = np.zeros(len(y))
        for train, test in splits:
            predicted[test] = model.fit(X[train], y[train]).predict(X[test])
        scores.append(measure(y, predicted))
    return float(max(scores))


def _name(table, column):
    """Name of a column of numbers, in terms of the user's table."""
    if not hasattr(table, "columns"):
        return f"column {column}"
    at = 0
    for name in table.columns:
        values = table[name]
        is_coded = values.dtype.kind not in "biufM" or not isinstance(values.dtype, np.dtype)
        width = values.nunique() if is_coded and values.nunique() <= 30 else 1
        if at <= column < at + max(1, width):
            return str(name)
        at += max(1, width)
    return f"column {column}"
