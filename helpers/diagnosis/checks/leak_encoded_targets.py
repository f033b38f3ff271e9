"""Columns in which levels were replaced by their mean target over all rows, held-out ones too."""

import numpy as np

from helpers.diagnosis.findings import SERIOUS_IF_FAULT, Finding, Fix
from helpers.diagnosis.probes import Arm, measured, require_matrix, stacked
from helpers.diagnosis.registry import NotApplicable, check

_MIN_LEVELS, _MIN_SHARE = 5, 0.5
#: Weights of the mean of all rows that encoders are used with.
_WEIGHTS = (*range(31), 40, 50, 60, 80, 100, 150, 200, 300, 500)
_EXACT, _TRIALS = 1e-5, 30
#: Correlation of a column with the means of its levels below which it is none of them.
_LIKELY = 0.7

FIX = Fix(
    "Hand the levels themselves to the search and encode them in the pipeline: the targets of the "
    "training rows of each fold then are all that is used.",
    "search = GridSearchCV(make_pipeline(TargetEncoder(), estimator), grid).fit(X_raw, y)",
)


@check(
    "leak/fitted-on-all-rows",
    needs={"targets"},
    proves=False,
    null="that the values of a column lie on one line over the mean targets of their rows, to five "
    "digits, while targets vary within them, does not come about by chance; the effect is a paired "
    "interval",
)
def leak_encoded_targets(examination):
    """Columns whose values are, but for scale, the mean target of the rows that share them (or that
    mean, drawn towards the mean of all rows by one weight). Then the score as it is against that
    with the same levels encoded anew on the training rows of each fold.

    Levels of one mean have become one, which is frequent where the target is a class: what is
    measured is then less than what the encoding adds, and a small effect says nothing.
    """
    subject = examination.subject
    if subject.prepare is not None:
        raise NotApplicable("`prepare` was given and is run itself")
    X, y = require_matrix(subject)
    encoded = {}
    for column, values in enumerate(X.T):
        found = _encoding(values, _indicators(subject, y))
        if found is not None:
            encoded[column] = found
    if not encoded:
        return []
    effect = _effect(examination, X, y, encoded)
    verdict, interval = effect.judged(examination.delta)
    if verdict == "not the cause" and subject.is_classification:
        verdict = "undecided"
    names = _names(subject.X, X.shape[1], encoded)
    return [
        Finding(
            "leak/fitted-on-all-rows",
            verdict,
            SERIOUS_IF_FAULT[verdict],
            f"The values of {', '.join(names)} are mean targets over all rows: held-out labels are "
            "among what each fold trains on",
            FIX,
            effect=interval.mean,
            interval=tuple(interval[1:]),
            evidence={
                "columns": names,
                "levels": [len(np.unique(X[:, column])) for column in encoded],
                "weight_of_the_mean_of_all": [weight for _, weight in encoded.values()],
                **effect.evidence,
            },
        )
    ]


def _indicators(subject, y):
    """What may have been averaged: the target, or whether it is a class."""
    if not subject.is_classification:
        return [y.astype(float)]
    classes = np.unique(y)
    return [(y == each).astype(float) for each in classes[1 if len(classes) == 2 else 0 :]]


def _encoding(values, targets):
    """Which target a column averages, and by what weight of the mean of all; None if by none."""
    if np.isnan(values).any():
        return None
    levels, number, counts = np.unique(values, return_inverse=True, return_counts=True)
    if not _MIN_LEVELS <= len(levels) <= len(values) / 2:
        return None
    for target in targets:
        sums = np.bincount(number, target)
        within = target - (sums / counts)[number]
        if within.var() < 0.01 * target.var():
            continue  # the level says it all: a column that gives the target away
        if abs(np.corrcoef(values, (sums / counts)[number])[0, 1]) < _LIKELY:
            continue
        for weight in _WEIGHTS:
            means = (sums + weight * target.mean()) / (counts + weight)
            if _on_a_line(levels, means) >= _MIN_SHARE:
                return target, weight
    return None


def _on_a_line(levels, means):
    """The largest share of levels on one line; levels that fell together may be off it."""
    first, second = np.random.default_rng(0).integers(0, len(levels), (2, _TRIALS))
    across = means[second] - means[first]
    first, second, across = (each[across != 0] for each in (first, second, across))
    slope = (levels[second] - levels[first]) / across
    off = levels - levels[first, None] - slope[:, None] * (means - means[first, None])
    on = (np.abs(off) <= _EXACT * np.ptp(levels)).sum(axis=1)
    best = on.max(initial=0)
    return best / len(levels) if best >= _MIN_LEVELS else 0.0


def _effect(examination, X, y, encoded):
    """Levels encoded on all rows, against levels encoded on each fold's training rows."""
    subject, as_is, anew = examination.subject, [], []
    for train, test in subject.splits:
        rows = np.r_[train, test]
        as_is.append(X[rows])
        anew.append(as_is[-1].copy())
        for column, (target, weight) in encoded.items():
            anew[-1][:, column] = _means(X[:, column], target, train, weight)[rows]
    whole, moved = stacked(as_is, subject.splits)
    parts, _ = stacked(anew, subject.splits)
    targets = np.concatenate([y[np.r_[train, test]] for train, test in subject.splits])
    return measured(
        examination, Arm(whole, targets, moved), Arm(parts, targets, moved), with_winner=False
    )


def _means(values, target, train, weight):
    """Each row's level encoded by the training rows; a level that none has, by all of them."""
    levels, number = np.unique(values, return_inverse=True)
    sums = np.bincount(number[train], target[train], minlength=len(levels))
    counts = np.bincount(number[train], minlength=len(levels))
    prior = target[train].mean()
    means = (sums + weight * prior) / np.maximum(counts + weight, 1e-300)
    return np.where(counts > 0, means, prior)[number]


def _names(table, n_columns, columns):
    names = getattr(table, "columns", range(n_columns))
    if len(names) == n_columns and hasattr(table, "columns"):
        return [str(names[column]) for column in columns]
    return [f"column {column}" for column in columns]
