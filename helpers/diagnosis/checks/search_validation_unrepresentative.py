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
    """The targets of the validation rows within each training fold are compared with those of the
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
    record = trial.record
    if record is None or not record.n_val_rows or not record.n_rows or trial.fold is None:
        return None
    rows = examination.subject.splits[trial.fold][0]
    if record.n_rows + record.n_val_rows != len(rows):
        return None
    inside = _validation_rows(trial, len(rows))
    if inside is None:
        return None
    labels = examination.subject.labels
    targets = np.asarray(examination.subject.y) if labels is None else labels
    if targets.ndim > 1:
        return None
    held, kept = targets[rows[inside]], targets[np.delete(rows, inside)]
    if labels is None:
        test = stats.ks_2samp(held, kept)
        return float(test.statistic), float(test.pvalue)
    classes = np.unique(targets[rows])
    counts = np.array([[np.sum(each == one) for one in classes] for each in (held, kept)])
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = 0.5 * np.abs(shares[0] - shares[1]).sum()
    return float(distance), float(stats.chi2_contingency(counts).pvalue)


def _validation_rows(trial, n_rows):
    """Positions of the validation rows within those of the fold, by their digests.

    None where they are not all among them, or equal to others.
    """
    if trial.train_digests is None:
        return None
    record = trial.record
    inside = np.unique(np.flatnonzero(np.isin(trial.train_digests, record.val_rows)) % n_rows)
    return inside if len(inside) == record.n_val_rows else None
