"""budget/still-improving, where a schedule has ended the training: its steps are not epochs."""

from helpers.diagnosis.effects import NULL, remade, severity, shown
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

#: A schedule that leaves more of the training than this without a learning rate is looked at.
_SHARE_LEFT = 0.5
#: Of the budget.
_SHARE = 0.6


def _ends_early(examination):
    return len(_spent(examination)) > 1


@check(
    "budget/still-improving", needs={"fits"}, fits=6, weight=2, proves=False, null=NULL,
    is_suspected=_ends_early,
)  # fmt: skip
def budget_schedule(examination):
    """Where a schedule has brought the learning rate to nothing before half of the updates, the
    winner's fits are made again, on the same folds and seeds, with the schedule drawn out over the
    whole training."""
    best, trials = examination.best, _spent(examination)
    if len(trials) < 2:
        raise NotApplicable("no schedule has ended before half of the updates")
    examination.require(2)
    ends = trials[0].record.facts["schedule_ends"]
    factor = ends / _updates(trials[0].record)

    def drawn_out(fold, seed=None):
        with examination.starts.changed(schedule_factor=factor):
            return examination.fit_allowed(best, fold, seed=seed)

    later, effect = remade(examination, trials, drawn_out, _SHARE)
    verdict = None if effect is None else shown(effect, examination.delta)
    if verdict is None:
        return []
    n_updates = _updates(trials[0].record)
    return [
        Finding(
            "budget/still-improving", verdict, severity(verdict, effect),
            f"the schedule has ended after {ends} of {n_updates} updates; drawn out over all of "
            f"them the winner scores {effect.mean:+.3f}",
            Fix(
                "Count the steps of a schedule in updates, not in epochs.",
                "decay_steps = epochs * math.ceil(len(X) / batch_size)",
            ),
            effect=effect.mean, interval=effect.interval,
            evidence={
                "updates": n_updates, "schedule_ends_after": ends,
                "scores": [trial.score for trial in trials[: len(later)]],
                "scores_drawn_out": [trial.score for trial in later],
            },
        )
    ]  # fmt: skip


def _spent(examination):
    """The winner's fits whose schedule had ended long before them."""
    trials = [] if examination.best is None else examination.of(examination.best)
    return [
        trial
        for trial in trials
        if trial.record is not None
        and trial.record.facts.get("schedule_ends")
        and trial.record.facts["schedule_ends"] < _SHARE_LEFT * _updates(trial.record)
    ]


def _updates(record):
    return (record.iterations_end or 0) - (record.iterations_start or 0)
