"""search/validation-unrepresentative: the last rows, which validate, are of another kind."""

import numpy as np
from scipy.stats import kstwobign
from sklearn.model_selection import cross_val_predict

from helpers.diagnosis.blind import is_in_time
from helpers.diagnosis.effects import NULL, remade, severity, shown
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.probes import matrix, probes, targets, with_columns
from helpers.diagnosis.registry import NotApplicable, check

_LEVEL, _DISTANCE = 1e-3, 0.25
#: Standard errors, and share of wrong answers or of variance, by which trees do worse on them.
_SURE, _WORSE = 4, 0.1
#: Of the budget; the rest is for more seeds, and for the checks after this one.
_SHARE = 0.7

FIX = Fix(
    "validation_split takes the last rows as they are: shuffle the rows before, or set rows apart "
    "that are like those to be predicted.",
    "KerasClassifier(build, validation_split=0.2)  # of helpers: shuffled and stratified",
)


def _is_decided_by_them(examination):
    """A stopper watches the last rows of the winner's fits, and these are of another kind."""
    return bool(_decided(examination)) and len(_shifted(examination)) > 1


@check(
    "search/validation-unrepresentative", needs={"fits"}, fits=5, proves=False, null=NULL,
    is_suspected=_is_decided_by_them,
)  # fmt: skip
def search_validation_shifted(examination):
    """Columns of the last rows, which Keras sets apart, against those of the rows before (test of
    Kolmogorov and Smirnov, in at least half the winner's fits), and what trees make of their
    targets; where a stopper goes by them, the winner's fits are made again with the rows of each
    fold in a random order."""
    if examination.known.get("search_validation_unrepresentative"):
        return []
    trials = _decided(examination)
    if len(trials) < 2:
        raise NotApplicable("no stopper goes by the last rows of a fit")
    shifted = _shifted(examination)
    if len(shifted) < max(2, 0.5 * len(trials)):
        return []
    examination.require(2)
    rng = np.random.default_rng(examination.subject.random_state)
    splits = [(rng.permutation(train), test) for train, test in examination.subject.splits]

    def mixed(fold, seed=None):
        return examination.fit_allowed(examination.best, fold, seed=seed, splits=splits)

    later, effect = remade(examination, trials, mixed, _SHARE)
    verdict = None if effect is None else shown(effect, examination.delta)
    if verdict is None:
        return []
    return [
        Finding(
            "search/validation-unrepresentative", verdict, severity(verdict, effect),
            f"the last rows, by which {len(shifted)} of the winner's fits stop, are of another "
            f"kind than the rows trained on; in a random order it scores {effect.mean:+.3f}",
            FIX,
            effect=effect.mean, interval=effect.interval,
            evidence={
                "unlike_by": float(np.mean(shifted)),
                "epochs": [each.record.epochs_run for each in trials],
                "epochs_in_random_order": [each.record.epochs_run for each in later if each.record],
                "scores": [each.score for each in trials],
                "scores_in_random_order": [each.score for each in later],
            },
        )
    ]  # fmt: skip


def _decided(examination):
    """The winner's fits in which a callback goes by the last rows of its fold.

    None in time: there the last rows are the nearest to those that score, and meant to validate.
    """
    if examination.best is None or is_in_time(examination.subject.splits):
        return []
    return [
        trial
        for trial in examination.of(examination.best)
        if trial.record is not None
        and trial.record.validation_split
        and trial.record.n_rows
        and trial.record.n_rows + trial.record.n_val_rows == _n_training(examination, trial)
        and any(
            str(facts["settings"].get("monitor", "")).startswith("val_")
            for facts in trial.record.callback_facts
        )
    ]


def _n_training(examination, trial):
    return len(examination.subject.splits[trial.fold][0])


def _shifted(examination):
    """Largest distance of a column, of those fits in which it is beyond chance."""
    X, splits = matrix(examination.subject.X), examination.subject.splits
    if X is None:
        return []
    X = X[:, np.isfinite(X).all(axis=0)]
    decided = [(splits[trial.fold][0], trial.record.n_val_rows) for trial in _decided(examination)]
    found = [_distance(X[train], n_last) for train, n_last in decided]
    found = [each for each in found if each > _DISTANCE]
    y = targets(examination.subject)
    if found or y is None or not X.shape[1]:
        return found
    worse = [_worse(examination.subject, X[train], y[train], n_last) for train, n_last in decided]
    return [each for each in worse if each > _WORSE]


def _worse(subject, X, y, n_last):
    """By how much trees do worse on the last rows than on others; 0 where chance may make that."""
    X, first = with_columns(X), slice(None, len(X) - n_last)
    model = probes(subject.is_classification)["trees"]
    if subject.is_classification and np.unique(y[first], return_counts=True)[1].min() < 3:
        return 0.0
    inside = cross_val_predict(model, X[first], y[first], cv=3)
    last = model.fit(X[first], y[first]).predict(X[-n_last:])
    wrong, wrong_last = (
        (told != truth).astype(float)
        if subject.is_classification
        else (told - truth) ** 2 / max(y.var(), 1e-300)
        for told, truth in ((inside, y[first]), (last, y[-n_last:]))
    )
    error = np.sqrt(wrong.var() / len(wrong) + wrong_last.var() / n_last)
    worse = float(wrong_last.mean() - wrong.mean())
    return worse if worse > _SURE * error else 0.0


def _distance(X, n_last):
    """Of the column in which the last rows differ most; 0 where chance may make that."""
    n_first = len(X) - n_last
    order = np.argsort(X, axis=0)
    values = np.take_along_axis(X, order, axis=0)
    steps = np.where(order < n_first, 1 / n_first, -1 / n_last)
    apart = np.abs(np.cumsum(steps, axis=0))
    apart[:-1][values[:-1] == values[1:]] = 0  # equal values are passed together
    largest = float(np.max(apart, initial=0.0))
    n = n_first * n_last / len(X)
    p = kstwobign.sf(np.sqrt(n) * largest) * X.shape[1]
    return largest if p < _LEVEL else 0.0
