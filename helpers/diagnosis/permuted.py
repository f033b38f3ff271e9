"""What cheap models score above chance on data that were prepared with permuted labels."""

from dataclasses import replace

import numpy as np
from scipy import stats
from sklearn.metrics import balanced_accuracy_score
from sklearn.utils.validation import _num_samples

from helpers.diagnosis.probes import probes, targets, with_columns
from helpers.diagnosis.subject import rows_of, splits_of
from helpers.intervals import mean_interval

__all__ = ["scores_above_chance"]

#: A mean score on permuted labels this far above chance is a leak that matters; see the notes.
_ABOVE_CHANCE, _LEVEL = 0.03, 0.01
_SECONDS = 8.0
_MAX_ROWS = 1500
#: Of several targets a row, how many are told one by one.
_MAX_TARGETS = 4


def scores_above_chance(subject, runs):
    """Scores of cheap models above chance when `prepare` got permuted labels.

    Parameters
    ----------
    subject : Subject
    runs : callable
        ``runs((X, y, groups))`` returns what `prepare` makes of them, with ``rows`` as numbers,
        and keeps the ``seconds`` that it took.

    Returns
    -------
    dict
        ``leaks``: whether the best probe is above chance; ``excess``: by how much, with its
        interval; ``probe``; ``n`` repetitions.
    """
    n = _num_samples(subject.raw[0])
    repetitions = int(np.clip(_SECONDS / (runs.seconds * 2 + 0.3), 4, 10))
    scaled, as_it_is = (probes(subject.is_classification, scaled=each) for each in (True, False))
    # What labels made of the units of a column (weights of words, say) is gone once it is scaled.
    names = {
        "1-NN": scaled["1-NN"], "linear": scaled["linear"], "linear, unscaled": as_it_is["linear"],
    }  # fmt: skip
    excess = {name: [] for name in names}
    for repetition in range(repetitions):
        order = np.random.default_rng(100 + repetition).permutation(n)
        X, y, groups = subject.raw
        made = runs((X, rows_of(y, order), groups))
        for name, value in _above_chance(subject, made, names, repetition).items():
            excess[name].append(value)
    intervals = {
        name: mean_interval(values)
        for name, values in excess.items()
        if values and np.isfinite(values).all()
    }
    if not intervals:
        return {"leaks": False, "excess": mean_interval([0.0, 0.0]), "probe": "", "n": repetitions}
    name = max(intervals, key=lambda each: intervals[each].mean)
    values = np.array(excess[name])
    if values.std():
        p = stats.ttest_1samp(values, 0, alternative="greater").pvalue
    else:  # every time the same: a perfect leak, or nothing
        p = float(values.mean() <= 0)
    leaks = bool(p < _LEVEL / len(intervals) and values.mean() >= _ABOVE_CHANCE)
    return {"leaks": leaks, "excess": intervals[name], "probe": name, "n": repetitions}


def _above_chance(subject, made, models, seed):
    changed = replace(subject, X=made.X, y=made.y, groups=made.groups)
    X, rng = with_columns(made.rows), np.random.default_rng(seed)
    splits = splits_of(subject.search, subject.estimator, made.X, made.y, made.groups)
    scores = {name: [] for name in models}
    for train, test in splits[:3]:
        train = rng.permutation(train)[:_MAX_ROWS]
        for y in _targets(changed):
            for name, model in models.items():
                if subject.is_classification and len(np.unique(y[train])) < 2:
                    continue
                predicted = model.fit(X[train], y[train]).predict(X[test])
                scores[name].append(_score_above_chance(subject, y[test], predicted))
    return {name: float(np.mean(each)) if each else np.nan for name, each in scores.items()}


def _targets(subject):
    """One number a row, for each target that rows have."""
    y = targets(subject)
    if y is not None:
        return [y]
    values = np.asarray(subject.y)
    if values.ndim != 2 or values.dtype.kind not in "biuf":
        return []
    return list(values.T[:_MAX_TARGETS])


def _score_above_chance(subject, y, predicted):
    if subject.is_classification:
        known = np.isin(predicted, np.unique(y))
        return balanced_accuracy_score(y[known], predicted[known]) - 1 / len(np.unique(y))
    if predicted.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(y, predicted)[0, 1])
