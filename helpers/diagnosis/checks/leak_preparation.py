"""What was done to the data before the search used rows, or labels, that a fold holds out."""

import time
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.metrics import balanced_accuracy_score

from helpers.diagnosis import subject as subjects
from helpers.diagnosis.checks.leak_fitted_on_all_rows import is_whitened_away
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.probes import (
    Arm,
    matrix,
    measured,
    probes,
    targets,
    with_columns,
)
from helpers.diagnosis.registry import NotApplicable, check
from helpers.diagnosis.subject import prepared, rows_of
from helpers.digests import row_digests
from helpers.intervals import mean_interval
from helpers.randomness import preserved

#: What counts as moved, in SD of the column: above the noise of float32 sums.
_MOVED = 1e-4
#: A mean score on permuted labels this far above chance is a leak that matters; see the notes.
_ABOVE_CHANCE, _LEVEL = 0.03, 0.01
#: Training rows are repeated so that held-out rows hardly weigh in what is fitted on both.
_REPEATS = 4
_SECONDS = 8.0
_MAX_ROWS = 1500

ROWS, LABELS = "leak/preparation-saw-test-rows", "leak/preparation-saw-test-labels"

FIXES = {
    ROWS: Fix(
        "Put the scaler, the imputer or the PCA into the pipeline: it is then fitted on the "
        "training rows of each fold.",
        "search = GridSearchCV(make_pipeline(StandardScaler(), estimator), grid).fit(X_raw, y)",
    ),
    LABELS: Fix(
        "Put the selection, the target encoding or the resampling into the pipeline: it then sees "
        "the labels of the training rows of each fold only.",
        "search = GridSearchCV(make_pipeline(SelectKBest(k=20), estimator), grid)  # or\n"
        "search = GridSearchCV(make_pipeline(TargetEncoder(), estimator), grid)\n"
        "search = GridSearchCV(imblearn.pipeline.make_pipeline(SMOTE(), estimator), grid)",
    ),
}


@check(
    ROWS,
    LABELS,
    needs={"prepare"},
    fits=5,
    proves=False,
    null="that rows move is proved; the score on permuted labels is compared with chance over "
    "repetitions (one-sided t, p < .01 / 3 probes, and .03 above): below 1 % of clean preparations",
)
def leak_preparation(examination):
    """`prepare` run again with the held-out rows' values scrambled, and with their labels changed:
    training rows that move depend on held-out ones. Where it changes the number of rows, and to
    see what it is worth: `prepare` and cheap models on permuted labels.

    A preparation that draws anew each time is run under one seed; if it still differs from itself,
    only permuted labels tell.
    """
    subject = examination.subject
    runs = _Runs(subject)
    first, again = runs(subject.raw), runs(subject.raw)
    if first.rows is None:
        raise NotApplicable("needs a preparation whose rows can be read as numbers or text")
    steady = first.rows.shape == again.rows.shape and not _moved(first, again).any()
    if len(first.rows) == subjects._num_samples(subject.raw[0]):
        return _same_rows(examination, runs, first) if steady else _unsteady(examination, runs)
    return _other_rows(examination, runs, first, steady)


class _Runs:
    """Runs of `prepare` under one seed."""

    def __init__(self, subject):
        self.subject, self.seconds = subject, 0.0

    def __call__(self, raw):
        began = time.perf_counter()
        with preserved(self.subject.random_state):
            made = prepared(self.subject.prepare, raw)
        self.seconds = time.perf_counter() - began
        return _Prepared(made)


class _Prepared:
    def __init__(self, made):
        self.X, self.y, self.groups = made
        self.rows = matrix(self.X)


def _same_rows(examination, runs, first):
    """The number of rows stays: those that move are seen one by one."""
    subject, findings = examination.subject, []
    splits = _held_out(subject.splits)
    by_labels = [_moves(runs, first, train, test, _relabelled, subject) for train, test in splits]
    by_values = [_moves(runs, first, train, test, _scrambled, subject) for train, test in splits]
    if max(by_labels) > 0 and not _is_local(runs, first, _relabelled, subject):
        findings.append(_supervised(examination, runs, max(by_labels)))
    elif max(by_values) > 0 and not _is_local(runs, first, _scrambled, subject):
        findings.append(_unsupervised(examination, runs, max(by_values)))
    return findings


def _unsteady(examination, runs):
    """Every run differs: only scores on permuted labels tell."""
    null = _null_scores(examination.subject, runs)
    return [_resampled(examination, null, "draws anew in each run")] if null["leaks"] else []


def _other_rows(examination, runs, first, steady):
    """Rows were added or left out: what depends on labels is told by permuted ones."""
    subject = examination.subject
    X, y, groups = subject.raw
    shuffled = np.random.default_rng(subject.random_state).permutation(subjects._num_samples(X))
    other = runs((X, rows_of(y, shuffled), groups))
    fewer = runs((X, _skewed(y), groups))
    by_labels = len(fewer.rows) != len(first.rows) or (
        steady and not np.array_equal(_sorted(first), _sorted(other))
    )
    if by_labels:
        null = _null_scores(subject, runs)
        if null["leaks"]:
            n = subjects._num_samples(X)
            return [_resampled(examination, null, f"makes {len(first.rows)} rows of {n}")]
    if steady and not by_labels:
        _, test = _raw_splits(subject)[0]
        kept = np.isin(_sorted(first), _sorted(runs(_scrambled(subject.raw, test, 1.0)))).mean()
        if kept < 0.1:
            return [_undecided_rows(1 - float(kept))]
    return []


def _raw_splits(subject):
    """Splits of the raw rows, where those of the prepared ones do not fit them."""
    rows = np.random.default_rng(subject.random_state).permutation(
        subjects._num_samples(subject.raw[0])
    )
    return [(np.sort(rows[len(rows) // 4 :]), np.sort(rows[: len(rows) // 4]))]


def _supervised(examination, runs, share):
    subject = examination.subject
    effect = _effect(examination, runs, with_labels=False)
    null = _null_scores(subject, runs)
    verdict, size = "undecided", null["excess"]
    if effect is not None:
        verdict, size = effect.judged(examination.delta)
    if null["leaks"] and verdict != "fault":
        verdict, size = "fault", null["excess"]
    return Finding(
        LABELS,
        verdict,
        {"fault": "serious", "undecided": "warning", "not the cause": "info"}[verdict],
        f"`prepare` moves {share:.0%} of the training rows when only held-out labels change; "
        f"with permuted labels models score {null['excess'].mean:+.3f} above chance",
        FIXES[LABELS],
        effect=float(size.mean),
        interval=(float(size.low), float(size.high)),
        evidence={
            "training_rows_moved": share,
            "score_above_chance_on_permuted_labels": null["excess"].mean,
            "repetitions": null["n"],
            "probe_on_permuted_labels": null["probe"],
            **({} if effect is None else effect.evidence),
        },
    )


def _unsupervised(examination, runs, share):
    subject = examination.subject
    raw = matrix(subject.raw[0])
    if raw is not None and is_whitened_away(matrix(subject.X)) and not is_whitened_away(raw):
        return _whitened_away(examination, raw, share)
    effect = _effect(examination, runs, with_labels=True)
    verdict, interval = "undecided", None
    if effect is not None:
        verdict, interval = effect.judged(examination.delta)
    return Finding(
        ROWS,
        verdict,
        {"fault": "serious", "undecided": "info", "not the cause": "info"}[verdict],
        f"`prepare` moves {share:.0%} of the training rows when held-out values change",
        FIXES[ROWS],
        effect=None if effect is None else interval.mean,
        interval=None if effect is None else tuple(interval[1:]),
        evidence={"training_rows_moved": share, **({} if effect is None else effect.evidence)},
    )


def _whitened_away(examination, raw, share):
    """What is lost: cheap models on the raw rows, against those on the prepared ones."""
    subject, y = examination.subject, targets(examination.subject)
    effect = None
    if y is not None:
        arms = (Arm(each, y, subject.splits) for each in (raw, matrix(subject.X)))
        effect = measured(examination, *arms, with_winner=False)
        interval = effect.by_probe
    return Finding(
        ROWS,
        "fault",
        "serious",
        "`prepare` whitens all rows with nearly as many columns as rows: every row is then at "
        "right angles to every other, and training rows say nothing of held-out ones",
        FIXES[ROWS],
        effect=None if effect is None else interval.mean,
        interval=None if effect is None else tuple(interval[1:]),
        evidence={"training_rows_moved": share, **({} if effect is None else effect.evidence)},
    )


def _undecided_rows(share):
    return Finding(
        ROWS,
        "undecided",
        "info",
        f"`prepare` moves {share:.0%} of all rows when a quarter of them changes",
        FIXES[ROWS],
        evidence={"rows_moved": share},
    )


def _resampled(examination, null, how):
    return Finding(
        LABELS,
        "fault",
        "serious",
        f"`prepare` {how}; with permuted labels models score {null['excess'].mean:.3f} above "
        "chance",
        FIXES[LABELS],
        effect=float(null["excess"].mean),
        interval=(float(null["excess"].low), float(null["excess"].high)),
        evidence={
            "score_above_chance_on_permuted_labels": null["excess"].mean,
            "repetitions": null["n"],
            "probe_on_permuted_labels": null["probe"],
        },
    )


# --- what moves -------------------------------------------------------------------------------


def _held_out(splits):
    """The splits to intervene in: the first and the last; of splits in time, the last only."""
    if all(len(train) and len(test) and train.max() < test.min() for train, test in splits):
        return splits[-1:]
    return [splits[0], splits[-1]][: len(splits)]


def _moves(runs, first, train, test, change, subject):
    """Share of the training rows that move when held-out rows are changed."""
    moved = _moved_by(runs, first, test, change, subject)
    return _share_of(moved, train, test)


def _share_of(moved, train, test):
    if moved[test].mean() < 0.5 and moved.sum() <= len(test):
        return 0.0  # rows in another order, or nothing moved
    return float(moved[train].mean())


def _moved_by(runs, first, test, change, subject):
    try:
        after = runs(change(subject.raw, test, 1.0))
    except Exception:  # noqa: BLE001 - values out of their range may be more than `prepare` takes
        after = runs(change(subject.raw, test, 0.0))
    return _moved(first, after)


def _moved(first, after):
    if first.rows.shape != after.rows.shape:
        return np.ones(len(first.rows), bool)
    with np.errstate(invalid="ignore"):
        scale = np.nanstd(first.rows, axis=0)
        scale[~(scale > 0)] = 1.0
        apart = np.abs(first.rows - after.rows) > _MOVED * scale
    return (apart | (np.isnan(first.rows) != np.isnan(after.rows))).any(axis=1)


def _is_local(runs, first, change, subject):
    """Whether a block of rows moves only rows beside it: lags and windows do, fits do not."""
    n = len(first.rows)
    block = np.arange(2 * n // 5, 3 * n // 5)
    moved = np.setdiff1d(np.flatnonzero(_moved_by(runs, first, block, change, subject)), block)
    return bool(len(moved)) and moved.min() > n // 5 and moved.max() < 4 * n // 5


def _scrambled(raw, rows, strength):
    """Raw data with the values of these rows exchanged and, with strength, moved away."""
    X, y, groups = raw
    rng = np.random.default_rng(len(rows))
    if hasattr(X, "columns"):
        X = X.copy()
        for position, name in enumerate(X.columns):
            values = X[name].to_numpy(copy=True)
            values[rows] = _other_values(values[rows], rng, strength, values)
            X[X.columns[position]] = pd.Series(values, index=X.index).astype(X[name].dtype)
        return X, y, groups
    values = np.array(X)
    values[rows] = _other_values(values[rows], rng, strength, values)
    return values, y, groups


def _other_values(values, rng, strength, everything):
    """Values in another order, away from where they were; gaps stay where they are."""
    if values.dtype.kind not in "iuf":
        return values[rng.permutation(len(values))]
    if values.dtype.kind in "iu":  # codes and pixels have a range that code may rely upon
        large = np.sort(values, axis=0)[len(values) // 2 :]
        return large[rng.integers(0, len(large), len(values))]
    spread = np.nanstd(everything, axis=0)
    middle = np.nanmean(everything, axis=0)
    shuffled = values[rng.permutation(len(values))]
    shuffled = np.where(np.isnan(shuffled), middle, shuffled)
    moved = shuffled * (1 + strength) + strength * 0.7 * spread
    return np.where(np.isnan(values), np.nan, moved).astype(values.dtype)


def _relabelled(raw, rows, strength):
    """Raw data with labels of these rows drawn from all rows."""
    X, y, groups = raw
    drawn = np.random.default_rng(len(rows)).integers(0, subjects._num_samples(X), len(rows))
    return X, _with_labels(y, rows, drawn), groups


def _with_labels(y, rows, drawn):
    values = y.to_numpy(copy=True) if hasattr(y, "to_numpy") else np.array(y)
    values[rows] = values[drawn]
    return _like(y, values)


def _like(y, values):
    if isinstance(y, pd.Series):
        return pd.Series(values, index=y.index, name=y.name).astype(y.dtype)
    if isinstance(y, pd.DataFrame):
        return pd.DataFrame(values, index=y.index, columns=y.columns).astype(y.dtypes)
    return values.tolist() if isinstance(y, list) else values


def _skewed(y):
    """Labels with a third of the rows given that of one row: other counts of each class."""
    n = subjects._num_samples(y)
    rows = np.arange(0, n, 3)
    return _with_labels(y, rows, np.full(len(rows), 1))


def _sorted(made):
    return np.sort(row_digests(made.rows))


# --- what it is worth -------------------------------------------------------------------------


def _effect(examination, runs, with_labels):
    """Score with `prepare` on all rows, less that with `prepare` blind to held-out rows.

    Blind: it gets each training row four times and the held-out rows behind them, which then
    weigh little; without labels, those of held-out rows are drawn from training rows.
    """
    subject, splits = examination.subject, examination.subject.splits
    if not _keeps_order(subject):
        return None
    Xs, blind, ys, moved_splits = [], [], [], []
    for position, (train, test) in enumerate(splits):
        raw = _blind(subject.raw, train, test, with_labels, position)
        made = runs(raw)
        if len(made.rows) != subjects._num_samples(raw[0]):
            return None
        order = np.r_[np.arange(len(train)), len(made.rows) - len(test) + np.arange(len(test))]
        blind.append(rows_of(made.X, order))
        Xs.append(rows_of(subject.X, np.r_[train, test]))
        ys.append(rows_of(subject.y, np.r_[train, test]))
        at = sum(len(a) + len(b) for a, b in splits[:position])
        moved_splits.append((at + np.arange(len(train)), at + len(train) + np.arange(len(test))))
    tables = [matrix(each) for each in blind]
    y = targets(subject)
    if y is None or len({each.shape[1] for each in tables}) > 1:
        return None
    order = np.concatenate([np.r_[train, test] for train, test in splits])
    high = Arm(matrix(subject.X)[order], y[order], moved_splits)
    low = Arm(np.concatenate(tables), y[order], moved_splits)
    whole_y = _stacked(ys)
    per_row = any(
        subjects._is_per_row(each, subject.n_rows) for each in subject.fit_params.values()
    )
    return measured(
        examination, high, low, Arm(_stacked(Xs), whole_y, moved_splits),
        Arm(_stacked(blind), whole_y, moved_splits), with_winner=not per_row, pooled=with_labels,
    )  # fmt: skip


def _keeps_order(subject):
    """Whether the prepared rows are the raw ones in their order, as far as labels tell."""
    before, after = targets(subject, subject.raw[1]), targets(subject)
    if before is None or after is None or len(before) != len(after):
        return False
    if subject.is_classification:
        return len(set(zip(before, after, strict=True))) == len(np.unique(before))
    return bool(abs(stats.spearmanr(before, after).statistic) > 0.999)


def _blind(raw, train, test, with_labels, seed):
    X, y, groups = raw
    repeats = _REPEATS if len(train) * _REPEATS <= 20_000 else 1
    order = np.r_[np.tile(train, repeats), test]
    y_rows = order.copy()
    if not with_labels:
        y_rows[-len(test) :] = np.random.default_rng(seed).choice(train, len(test))
    return _rows(X, order), _rows(y, y_rows), None if groups is None else _rows(groups, order)


def _rows(data, order):
    made = rows_of(data, order)
    return made.reset_index(drop=True) if hasattr(made, "reset_index") else made


def _stacked(parts):
    if hasattr(parts[0], "iloc"):
        if all(list(getattr(each, "columns", [0])) == list(getattr(parts[0], "columns", [0]))
               for each in parts):  # fmt: skip
            return pd.concat(parts, ignore_index=True)
        parts = [each.to_numpy() for each in parts]
    return np.concatenate([np.asarray(each) for each in parts])


def _null_scores(subject, runs):
    """Scores of cheap models above chance when `prepare` got permuted labels."""
    n = subjects._num_samples(subject.raw[0])
    repetitions = int(np.clip(_SECONDS / (runs.seconds * 2 + 0.3), 4, 10))
    names = probes(subject.is_classification)
    names.pop("trees")
    excess = {name: [] for name in names}
    for repetition in range(repetitions):
        order = np.random.default_rng(100 + repetition).permutation(n)
        X, y, groups = subject.raw
        made = runs((X, rows_of(y, order), groups))
        for name, value in _above_chance(subject, made, names, repetition).items():
            excess[name].append(value)
    intervals = {
        name: mean_interval(values) for name, values in excess.items() if np.isfinite(values).all()
    }
    if not intervals:
        return {"leaks": False, "excess": mean_interval([0.0, 0.0]), "probe": "", "n": repetitions}
    name = max(intervals, key=lambda each: intervals[each].mean)
    values = np.array(excess[name])
    p = stats.ttest_1samp(values, 0, alternative="greater").pvalue if values.std() else 1.0
    leaks = bool(p < _LEVEL / len(intervals) and values.mean() >= _ABOVE_CHANCE)
    return {"leaks": leaks, "excess": intervals[name], "probe": name, "n": repetitions}


def _above_chance(subject, made, models, seed):
    changed = replace(subject, X=made.X, y=made.y, groups=made.groups)
    y = targets(changed)
    if y is None:
        return {}
    X, rng = with_columns(made.rows), np.random.default_rng(seed)
    splits = subjects._splits(subject.search, subject.estimator, made.X, made.y, made.groups)
    scores = {name: [] for name in models}
    for train, test in splits[:3]:
        train = rng.permutation(train)[:_MAX_ROWS]
        for name, model in models.items():
            if subject.is_classification and len(np.unique(y[train])) < 2:
                continue
            predicted = model.fit(X[train], y[train]).predict(X[test])
            scores[name].append(_score_above_chance(subject, y[test], predicted))
    return {name: float(np.mean(each)) if each else np.nan for name, each in scores.items()}


def _score_above_chance(subject, y, predicted):
    if subject.is_classification:
        known = np.isin(predicted, np.unique(y))
        return balanced_accuracy_score(y[known], predicted[known]) - 1 / len(np.unique(y))
    if predicted.std() == 0 or y.std() == 0:
        return 0.0
    return float(np.corrcoef(y, predicted)[0, 1])
