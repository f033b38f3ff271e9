"""budget/unequal-updates: candidates differ in updates, and that explains the ranking."""

import numpy as np

from helpers.diagnosis.effects import NULL, of_trials, settled
from helpers.diagnosis.findings import Finding, Fix, judged
from helpers.diagnosis.registry import NotApplicable, check

#: Seconds that an epoch takes beside its updates, about; the updates take what the winner's took.
_EPOCH = 0.02


@check(
    "budget/unequal-updates", needs={"fits", "search", "candidates"}, fits=3, proves=False,
    weight=2, null=NULL,
)  # fmt: skip
def budget_unequal_updates(examination):
    """Where batch sizes, or gradients that are accumulated, give candidates different numbers of
    updates, one with few is trained for as many as the winner had, on the same folds, and its gap
    measured again: the one with the fewest, if the budget is enough for it."""
    best = examination.best
    updates = {each: _updates(examination, each) for each in _candidates(examination)}
    if best is None or best not in updates or not updates[best]:
        return []
    behind = {
        each: count
        for each, count in updates.items()
        if count
        and count < 0.67 * updates[best]
        and examination.means[best] - examination.means[each] > examination.delta
    }
    if not behind:
        return []
    if examination.starts.outside.changed():
        raise NotApplicable("what fits leave outside of them may decide it: state/order-dependent")
    other, trials = _affordable(examination, behind, best, updates[best])
    gap, factor = examination.means[best] - examination.means[other], updates[best] / behind[other]

    def as_many(fold, seed=None):
        with examination.starts.changed(epochs_factor=factor):
            return examination.fit_allowed(other, fold, seed=seed)

    later = [as_many(trial.fold) for trial in trials]
    before, after = ([trial.score for trial in each] for each in (trials, later))
    if len(trials) < 2 or not np.isfinite([*after, *before]).all():
        raise NotApplicable("too few folds have a score")
    closes = np.mean(after) - np.mean(before) > 0.5 * gap
    effect = settled(
        examination, later, trials,
        (as_many, lambda fold, seed: examination.fit(other, fold, seed=seed)),
    ) if closes else of_trials(later, trials, examination)  # fmt: skip
    verdict = judged(effect.interval, examination.delta)
    if not closes and verdict != "not the cause":
        return []
    if verdict == "undecided" and effect.interval[0] < -examination.delta:
        return []
    candidates = examination.subject.candidates
    return [
        Finding(
            "budget/unequal-updates", verdict, "warning" if verdict == "fault" else "info",
            f"{candidates[other]} made {behind[other]:.0f} updates, the winner "
            f"{updates[best]:.0f}; with as many it scores {effect.mean:+.3f}",
            Fix(
                "Give all candidates the same number of updates, or train each until it stops to "
                "improve.",
                'KerasClassifier(build, epochs="auto")',
            ),
            effect=effect.mean, interval=effect.interval,
            evidence={
                "updates": {str(candidates[each]): count for each, count in updates.items()},
                "gap": float(gap), "gap_at_equal_updates": float(gap - effect.mean),
            },
        )
    ]  # fmt: skip


def _affordable(examination, behind, best, updates):
    """The candidate with the fewest updates that can be given so many, and its trials."""
    steps = _steps(examination, best)
    for other in sorted(behind, key=behind.get):
        trials = examination.of(other)
        factor = updates / behind[other]
        more_epochs = (factor - 1) * max(each.record.epochs_run for each in trials)
        # Its updates take what the winner's took, unless each is made of more batches.
        as_long = max(1, factor * _steps(examination, other) / steps)
        longest = as_long * max(each.seconds for each in examination.of(best))
        longest += _EPOCH * more_epochs
        while len(trials) > 2 and not examination.budget.allows(len(trials), longest):
            trials = trials[:-1]
        if examination.budget.allows(len(trials), longest):
            return other, trials
    raise NotApplicable(
        f"{len(trials)} more fits of about {longest:.1f} s each are beyond the budget"
    )


def _candidates(examination):
    """Those that ran all of their epochs, if not all of them make as many updates in each."""
    paces = {}
    for each in range(len(examination.subject.candidates)):
        records = _records(examination, each)
        if records and not any(record.stopped_early for record in records):
            paces[each] = (
                (records[0].steps, _batches_per_update(records[0])),
                records[0].epochs_asked,
            )
    same_epochs = len({epochs for _, epochs in paces.values()}) == 1
    return paces if same_epochs and len({pace for pace, _ in paces.values()}) > 1 else {}


def _updates(examination, candidate):
    counts = [
        _n_steps(record) / _batches_per_update(record)
        for record in _records(examination, candidate)
    ]
    return float(np.median(counts)) if counts else 0.0


def _steps(examination, candidate):
    return float(np.median([_n_steps(each) for each in _records(examination, candidate)]))


def _records(examination, candidate):
    return [trial.record for trial in examination.of(candidate) if trial.record]


def _n_steps(record):
    return (record.steps or 0) * record.epochs_run


def _batches_per_update(record):
    return record.facts.get("steps_per_update", 1)
