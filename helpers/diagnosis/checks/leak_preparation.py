"""What was done to the data before the search used rows, or labels, that a fold holds out."""

import time

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.utils.validation import _num_samples

from helpers.diagnosis.attribution import Remedy
from helpers.diagnosis.checks.leak_fitted_on_all_rows import is_whitened_away
from helpers.diagnosis.findings import SERIOUS_IF_FAULT, Finding, Fix
from helpers.diagnosis.interventions import relabelled, scrambled, skewed
from helpers.diagnosis.permuted import scores_above_chance
from helpers.diagnosis.probes import (
    Arm,
    matrix,
    measured,
    stacked_splits,
    targets,
)
from helpers.diagnosis.registry import NotApplicable, check
from helpers.diagnosis.subject import is_per_row, prepared, rows_of
from helpers.digests import row_digests
from helpers.randomness import preserved

#: What counts as moved, in SD of the column: above the noise of float32 sums.
_MOVED = 1e-4
#: Training rows are repeated so that held-out rows hardly weigh in what is fitted on both.
_REPEATS = 4
#: Correlation of a column, with held-out rows and without, from which on it is the same one.
_ALIKE = 0.6

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
    "repetitions (one-sided t, p < .01 by the number of probes, and .03 above): below 1 % of clean "
    "preparations",
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
    if all(len(train) and len(test) and train.max() < test.min() for train, test in splits):
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
    """Whether a block of rows moves only rows beside it: lags and windows do, fits do not."""
    n = len(first.rows)
    block = np.arange(2 * n // 5, 3 * n // 5)
    moved = np.setdiff1d(np.flatnonzero(_moved_by(runs, first, block, change, subject)), block)
    return bool(len(moved)) and moved.min() > n // 5 and moved.max() < 4 * n // 5


def _sorted(made):
    return np.sort(row_digests(made.rows))


# --- what it is worth -------------------------------------------------------------------------


def _effect(examination, runs, with_labels):
    """Score with `prepare` on all rows, less that with `prepare` blind to held-out rows."""
    subject, splits = examination.subject, examination.subject.splits
    blind = _blind(subject, runs, with_labels, splits)
    if blind is None:
        return None
    tables = matrix(blind.X), matrix(subject.X)
    order = np.concatenate([np.r_[train, test] for train, test in splits])
    y = targets(subject)
    if y is None:
        return None
    per_row = any(is_per_row(each, subject.n_rows) for each in subject.fit_params.values())
    if not per_row:
        examination.remedies[ROWS if with_labels else LABELS] = Remedy(
            data=lambda splits: _blind(subject, runs, with_labels, splits)
        )
    return measured(
        examination,
        Arm(tables[1][order], y[order], blind.splits), Arm(tables[0], y[order], blind.splits),
        Arm(_rows(subject.X, order), blind.y, blind.splits), blind,
        with_winner=not per_row, pooled=with_labels,
    )  # fmt: skip


def _blind(subject, runs, with_labels, splits):
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
    given = _rows(X, train), _rows(y, train), None if groups is None else _rows(groups, train)
    try:
        made = runs(given)
    except Exception:  # noqa: BLE001 - fewer rows may be fewer than `prepare` takes
        return None
    if made.rows.shape != (len(train), rows.rows.shape[1]):
        return None
    columns = zip(made.rows.T, rows.rows[: len(train)].T, strict=True)
    alike = [_correlation(one, other) for one, other in columns]
    return made.X if np.nanmin(alike, initial=1.0) > _ALIKE else None


def _correlation(one, other):
    known = np.isfinite(one) & np.isfinite(other)
    if known.sum() < 3 or np.ptp(one[known]) == 0 or np.ptp(other[known]) == 0:
        return np.nan
    return float(np.corrcoef(one[known], other[known])[0, 1])


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
    return _rows(X, order), _rows(y, y_rows), None if groups is None else _rows(groups, order)


def _rows(data, order):
    made = rows_of(data, order)
    return made.reset_index(drop=True) if hasattr(made, "reset_index") else made


def _below_each_other(parts):
    if hasattr(parts[0], "iloc"):
        if all(list(getattr(each, "columns", [0])) == list(getattr(parts[0], "columns", [0]))
               for each in parts):  # fmt: skip
            return pd.concat(parts, ignore_index=True)
        parts = [each.to_numpy() for each in parts]
    return np.concatenate([np.asarray(each) for each in parts])
