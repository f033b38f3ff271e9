"""search/validation-unrepresentative: inner validation rows are not like the fold."""

import numpy as np
from scipy import stats

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

_LEVEL, _DISTANCE = 1e-3, 0.25


@check(
    "search/validation-unrepresentative", needs={"fits"}, proves=False,
    null="validation rows drawn from the training rows at random: chi-squared test of the "
    "classes, Kolmogorov and Smirnov's of numbers, in at least half the fits at p < 0.001, and a "
    "distance of at least 0.25",
)  # fmt: skip
def search_validation_unrepresentative(examination):
    """The targets of the validation rows that each fit was given are compared with those of the
    rows that it trained on."""
    told = [_compared(examination, trial) for trial in examination.trials]
    told = [each for each in told if each is not None]
    if not told:
        raise NotApplicable("no fit held out rows of its own that can be told")
    off = [each for each in told if each[1] < _LEVEL and each[0] > _DISTANCE]
    if len(off) < 0.5 * len(told):
        return []
    acts = any(
        str(facts["settings"].get("monitor", "")).startswith("val_")
        for trial in examination.trials
        if trial.record
        for facts in trial.record.callback_facts
    )
    distance = float(np.mean([each[0] for each in off]))
    return [
        Finding(
            "search/validation-unrepresentative", "fault" if acts else "not the cause",
            "warning" if acts else "info",
            f"the validation rows of {len(off)} of {len(told)} fits have other targets than the "
            f"rows trained on (distance {distance:.2f} of 1)"
            + ("" if acts else "; nothing decides by them"),
            Fix(
                "validation_split takes the last rows as they are: shuffle and stratify them, or "
                "use a wrapper that does.",
                "KerasClassifier(build, validation_split=0.2)",
            ),
            evidence={"distance": distance, "largest_p": max(each[1] for each in off)},
        )
    ]  # fmt: skip


def _compared(examination, trial):
    """Distance of the targets and its p value; None if the validation rows are not known."""
    record, subject = trial.record, examination.subject
    if record is None or trial.fold is None:
        return None
    if subject.labels is not None:
        return _by_classes(trial, subject.labels[subject.splits[trial.fold][0]])
    targets, rows = np.asarray(subject.y), subject.splits[trial.fold][0]
    if targets.ndim > 1 or not record.n_val_rows or not record.n_rows:
        return None
    if record.n_rows + record.n_val_rows != len(rows):
        return None
    inside = _validation_rows(trial, len(rows))
    if inside is None:
        return None
    test = stats.ks_2samp(targets[rows[inside]], targets[np.delete(rows, inside)])
    return float(test.statistic), float(test.pvalue)


def _by_classes(trial, labels):
    """Of the classes as Keras was given them, whatever became of the fold's rows before.

    Where rows were added or left out, validation rows may well be as the fold is while the rows
    trained on are not: then they are like the fold as far as the sizes of its classes tell.
    """
    held, kept = trial.record.val_targets, trial.record.train_targets
    if held is None or kept is None or not len(held) or not len(kept) or _is_watched(trial):
        return None
    classes = np.unique(np.concatenate([held, kept]))
    if len(classes) < 2:
        return 0.0, 1.0
    counts = np.array([[np.sum(each == one) for one in classes] for each in (held, kept)])
    distance, p = _distance(counts), float(stats.chi2_contingency(counts).pvalue)
    if len(held) + len(kept) != len(labels):
        distance = min(distance, _distance_of_sizes(counts[0], np.unique_counts(labels).counts))
    return distance, p


def _distance(counts):
    shares = counts / counts.sum(axis=1, keepdims=True)
    return float(0.5 * np.abs(shares[0] - shares[1]).sum())


def _distance_of_sizes(first, second):
    n = max(len(first), len(second))
    return _distance(
        np.array([np.sort(np.pad(each, (0, n - len(each)))) for each in (first, second)])
    )


def _is_watched(trial):
    """Whether the validation rows are the rows that score the fold: another fault's matter."""
    digests, rows = trial.test_digests, trial.record.val_rows
    return digests is not None and rows is not None and bool(np.isin(rows, digests).mean() > 0.5)


def _validation_rows(trial, n_rows):
    """Positions of the validation rows within those of the fold, by their digests.

    None where they are not all among them, or equal to others.
    """
    if trial.train_digests is None:
        return None
    record = trial.record
    inside = np.unique(np.flatnonzero(np.isin(trial.train_digests, record.val_rows)) % n_rows)
    return inside if len(inside) == record.n_val_rows else None
