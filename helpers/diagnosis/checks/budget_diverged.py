"""budget/diverged: NaN or exploding loss in some fits."""

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check

#: A loss that ends so many times above its first epoch's has exploded; a spike comes down again.
_EXPLODED = 100


@check("budget/diverged", needs={"fits"})
def budget_diverged(examination):
    """The loss of every fit is read epoch by epoch: one that ends as NaN, infinite or a hundred
    times above its start, or above what a constant prediction has, has diverged, whatever its
    score says, and so has a fit that ends with weights that are no numbers."""
    constant = _constant_loss(examination.subject)
    diverged = [
        trial
        for trial in examination.trials
        if any(_has_diverged(record, constant) for record in trial.records)
    ]
    if not diverged:
        return []
    scored = [trial for trial in diverged if np.isfinite(trial.score)]
    candidates = sorted({trial.candidate for trial in diverged})
    won = examination.best in candidates
    said = f"; {len(scored)} of them have a score all the same" if scored else ""
    return [
        Finding(
            "budget/diverged", "fault", "serious" if won or scored else "warning",
            f"{_what(diverged)} of {len(diverged)} of {len(examination.trials)} fits diverged"
            + said,
            Fix(
                "Lower the learning rate, or clip the gradients; a fit that diverges should fail "
                "rather than be scored.",
                "KerasClassifier(build, optimizer__clipnorm=1.0)",
            ),
            evidence={
                "candidates": [dict(examination.subject.candidates[each]) for each in candidates],
                "scores": [trial.score for trial in diverged],
                "last_losses": [trial.record.loss_last for trial in diverged],
                "winner_among_them": won,
            },
        )
    ]  # fmt: skip


def _what(trials):
    return "weights" if all(not trial.record.is_finite for trial in trials) else "the loss"


def _has_diverged(record, constant):
    if not record.is_finite:
        return True
    losses = np.asarray(record.history.get("loss", []), dtype=float)
    if not len(losses):
        return False
    start = max(abs(losses[0]), 1e-3)
    known = constant.get(_kind(record.facts.get("loss") or ""), np.inf)
    return not np.isfinite(losses[-1]) or losses[-1] > _EXPLODED * min(start, known)


def _kind(loss):
    if "crossentropy" in loss:
        return "crossentropy"
    return "squared" if loss in ("mse", "mean_squared_error") else None


def _constant_loss(subject):
    """Of the best constant prediction, by kind of loss."""
    if subject.is_classification:
        labels = subject.labels
        return {} if labels is None else {"crossentropy": np.log(max(2, len(np.unique(labels))))}
    return {"squared": float(np.var(np.asarray(subject.y, dtype=float))) or np.inf}
