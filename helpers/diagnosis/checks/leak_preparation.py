"""What was done to the data before the search used rows, or labels, that a fold holds out."""

import time
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
from sklearn.utils.validation import _num_samples

from helpers.diagnosis.attribution import Remedy
from helpers.diagnosis.blind import as_of, blind, is_in_time, rows_at, thinned
from helpers.diagnosis.checks.leak_fitted_on_all_rows import is_whitened_away
from helpers.diagnosis.findings import SERIOUS_IF_FAULT, Finding, Fix, judged
from helpers.diagnosis.interventions import relabelled, scrambled, skewed
from helpers.diagnosis.permuted import scores_above_chance
from helpers.diagnosis.probes import Arm, matrix, measured, targets
from helpers.diagnosis.registry import NotApplicable, check
from helpers.diagnosis.subject import is_per_row, prepared, rows_of
from helpers.diagnosis.tidied import tidied
from helpers.digests import row_digests
from helpers.randomness import preserved

#: What counts as moved, in SD of the column: above the noise of float32 sums.
_MOVED = 1e-4

ROWS, LABELS = "leak/preparation-saw-test-rows", "leak/preparation-saw-test-labels"
AHEAD, LEFT_OUT = f"{ROWS} in time", f"{LABELS} to leave them out"

FIXES = {
    ROWS: Fix(
        "Put the scaler, the imputer or the PCA into the pipeline: it is then fitted on the "
        "training rows of each fold.",
        "search = GridSearchCV(make_pipeline(StandardScaler(), estimator), grid).fit(X_raw, y)",
    ),
    AHEAD: Fix(
        "Make each row of what was known when it came: windows that end with it, and filters, "
        "decompositions and fills of the rows so far. What is fitted goes into the pipeline.",
        'X["mean"] = X["value"].rolling(7).mean()  # not rolling(7, center=True)\n'
        "X = X.ffill()  # not X.interpolate() or X.bfill()",
    ),
    LEFT_OUT: Fix(
        "Leave rows out among the training rows of each fold; those that it holds out are scored "
        "as they come.",
        "imblearn.pipeline.make_pipeline(FunctionSampler(func=tidy), estimator)",
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
    "repetitions (one-sided t, p < .01 by the number of probes, and .03 above): below 1 % of clean "
    "preparations",
)
def leak_preparation(examination):
    """`prepare` run again with the held-out rows' values scrambled, and with their labels changed:
    training rows that move depend on held-out ones. Where it changes the number of rows, and to
    see what it is worth: `prepare` and cheap models on permuted labels. Where splits are in time,
    the latter is told by held-out rows that were prepared when they came, with no later one.

    A preparation that draws anew each time is run under one seed; if it still differs from itself,
    only permuted labels tell.
    """
    subject = examination.subject
    runs = _Runs(subject)
    first, again = runs(subject.raw), runs(subject.raw)
    if first.rows is None:
        raise NotApplicable("needs a preparation whose rows can be read as numbers or text")
    steady = first.rows.shape == again.rows.shape and not _moved(first, again).any()
    if len(first.rows) == _num_samples(subject.raw[0]):
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
        self.rows = matrix(self.X, of_text=_hashed)


def _hashed(values):
    """The same text is the same number in every run, whatever other rows hold."""
    numbers = pd.util.hash_array(values.astype(str).to_numpy(dtype=object)) / 2.0**64
    return np.where(values.isna(), np.nan, numbers)


def _same_rows(examination, runs, first):
    """The number of rows stays: those that move are seen one by one."""
    subject, findings = examination.subject, []
    splits = _held_out(subject.splits)
    moved = [_moved_by(runs, first, test, relabelled, subject) for _, test in splits]
    by_labels = [_share_of(each, *split) for each, split in zip(moved, splits, strict=True)]
    by_values = [
        _share_of(_moved_by(runs, first, test, scrambled, subject), train, test)
        for train, test in splits
    ]
    if max(by_labels) > 0 and not _is_local(runs, first, relabelled, subject):
        findings.append(_supervised(examination, runs, max(by_labels)))
    elif any(each[test].any() for each, (_, test) in zip(moved, splits, strict=True)):
        # As what a model says that knows its training rows by heart: no other row need move.
        null = scores_above_chance(subject, runs)
        if null["leaks"]:
            findings.append(_resampled(examination, null, "tells rows their own labels"))
    if not findings and max(by_values) > 0 and not _is_local(runs, first, scrambled, subject):
        findings.append(_unsupervised(examination, runs, max(by_values)))
    return findings


def _unsteady(examination, runs):
    """Every run differs: only scores on permuted labels tell."""
    null = scores_above_chance(examination.subject, runs)
    return [_resampled(examination, null, "draws anew in each run")] if null["leaks"] else []


def _other_rows(examination, runs, first, steady):
    """Rows were added or left out: what depends on labels is told by permuted ones."""
    subject = examination.subject
    X, y, groups = subject.raw
    shuffled = np.random.default_rng(subject.random_state).permutation(_num_samples(X))
    other = runs((X, rows_of(y, shuffled), groups))
    fewer = runs((X, skewed(y), groups))
    by_labels = len(fewer.rows) != len(first.rows) or (
        steady and not np.array_equal(_sorted(first), _sorted(other))
    )
    if by_labels:
        null = scores_above_chance(subject, runs)
        if null["leaks"]:
            n = _num_samples(X)
            return [_resampled(examination, null, f"makes {len(first.rows)} rows of {n}")]
        left_out = tidied(subject, subject.raw[0], first.X)
        if left_out and judged((left_out.low, left_out.high), examination.delta) == "fault":
            return [_left_out(left_out)]
    if steady and not by_labels:
        n = _num_samples(X)
        test = np.arange(3 * n // 4, n)  # at the end: lags and running means leave the rest
        kept = np.isin(_sorted(first), _sorted(runs(scrambled(subject.raw, test, 1.0)))).mean()
        if kept < 0.1:
            return [_undecided_rows(1 - float(kept))]
    return []


def _supervised(examination, runs, share):
    subject = examination.subject
    effect = _effect(examination, runs, with_labels=False)
    null = scores_above_chance(subject, runs)
    verdict, size = "undecided", null["excess"]
    if effect is not None:
        verdict, size = effect.judged(examination.delta)
    if null["leaks"] and verdict != "fault":
        verdict, size = "fault", null["excess"]
    return Finding(
        LABELS,
        verdict,
        SERIOUS_IF_FAULT[verdict],
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
    ahead = is_in_time(subject.splits)
    effect = _as_of_effect(examination, runs) if ahead else None
    effect = effect or _effect(examination, runs, with_labels=True)
    verdict, interval = "undecided", None
    if effect is not None:
        verdict, interval = effect.judged(examination.delta)
    return Finding(
        ROWS,
        verdict,
        {"fault": "serious", "undecided": "info", "not the cause": "info"}[verdict],
        f"`prepare` moves {share:.0%} of the training rows when held-out values change",
        FIXES[AHEAD if ahead else ROWS],
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


def _left_out(tidied):
    return Finding(
        LABELS,
        "fault",
        "serious",
        f"`prepare` leaves out {tidied.n_out} of {tidied.n_rows} rows by their labels: a model "
        f"gets {tidied.right_out:.0%} of those right, {tidied.right_in:.0%} of the others",
        FIXES[LEFT_OUT],
        effect=tidied.added,
        interval=(tidied.low, tidied.high),
        evidence=asdict(tidied),
    )


def _undecided_rows(share):
    return Finding(
        ROWS,
        "undecided",
        "info",
        f"`prepare` moves {share:.0%} of all rows when the last quarter changes",
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
    if is_in_time(splits):
        return splits[-1:]
    return [splits[0], splits[-1]][: len(splits)]


def _share_of(moved, train, test):
    """Share of the training rows that move when held-out rows are changed."""
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
    """Whether a block of rows moves only rows beside it: lags and windows do, fits do not.

    Where splits are in time, a row that moves before the block does has looked ahead.
    """
    n = len(first.rows)
    block = np.arange(2 * n // 5, 3 * n // 5)
    moved = np.setdiff1d(np.flatnonzero(_moved_by(runs, first, block, change, subject)), block)
    if change is scrambled and is_in_time(subject.splits) and (moved < block[0]).any():
        return False
    return bool(len(moved)) and moved.min() > n // 5 and moved.max() < 4 * n // 5


def _sorted(made):
    return np.sort(row_digests(made.rows))


# --- what it is worth -------------------------------------------------------------------------


def _effect(examination, runs, with_labels):
    """Score with `prepare` on all rows, less that with `prepare` blind to held-out rows."""
    subject = examination.subject
    unseen = blind(subject, runs, with_labels, subject.splits)
    if unseen is None or targets(subject) is None:
        return None
    if not _has_arguments_by_row(subject):
        examination.remedies[ROWS if with_labels else LABELS] = Remedy(
            data=lambda splits: blind(subject, runs, with_labels, splits)
        )
    return _measured(examination, unseen, subject.splits, pooled=with_labels)


def _as_of_effect(examination, runs):
    """Score with `prepare` on all rows, less that with each row prepared when it came."""
    subject = examination.subject
    splits = thinned(subject.splits, runs.seconds)
    if splits is None or targets(subject) is None or not _is_numbers(subject.X):
        return None
    try:
        came = as_of(subject, runs, splits)
    except Exception:  # noqa: BLE001 - fewer rows may be fewer than `prepare` takes
        return None
    if came is None:
        return None
    return _measured(examination, replace(came, X=_like(subject.X, came.X)), splits, pooled=False)


def _is_numbers(X):
    """Whether rows are a table, or an array, of nothing but numbers."""
    if hasattr(X, "dtypes"):
        return all(getattr(each, "kind", "") in "biuf" for each in X.dtypes)
    return isinstance(X, np.ndarray) and X.ndim == 2 and X.dtype.kind in "biuf"


def _like(given, rows):
    """Numbers as a table where a table was given."""
    names = getattr(given, "columns", None)
    return rows if names is None else pd.DataFrame(rows, columns=names)


def _measured(examination, unseen, splits, *, pooled):
    subject, y = examination.subject, targets(examination.subject)
    order = np.concatenate([np.r_[train, test] for train, test in splits])
    rows = rows_at(subject.X, order)
    return measured(
        examination,
        Arm(matrix(rows), y[order], unseen.splits),
        Arm(matrix(unseen.X), y[order], unseen.splits),
        Arm(rows, unseen.y, unseen.splits), unseen,
        with_winner=not _has_arguments_by_row(subject), pooled=pooled,
    )  # fmt: skip


def _has_arguments_by_row(subject):
    return any(is_per_row(each, subject.n_rows) for each in subject.fit_params.values())
