"""budget/stopped-too-early: early stopping cut fits that would have gone on to improve."""

import numpy as np

from helpers.diagnosis.attribution import Remedy
from helpers.diagnosis.effects import NULL, remade, severity, shown
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

PATIENCE = 10
#: Of the budget; the rest is for more seeds, and for the checks after this one.
_SHARE = 0.6
#: So few epochs, or of those that were asked for so small a share, deserve a look before others.
_FEW, _FEW_OF = 6, 0.25


def _ended_at_once(examination):
    """A stopper ended the winner's fits within a few epochs, or by a rule of the user's own."""
    records = [trial.record for trial in _stopped(examination)]
    return len(records) > 1 and all(
        _patience(each) is None or each.epochs_run <= max(_FEW, _FEW_OF * each.epochs_asked)
        for each in records
    )


@check(
    "budget/stopped-too-early", needs={"fits"}, fits=6, weight=2, proves=False, null=NULL,
    is_suspected=_ended_at_once,
)  # fmt: skip
def budget_stopped_too_early(examination):
    """Fits of the winner that a stopper ended are made again with ten times its patience, no
    min_delta and no baseline, or with no end by a callback of the user's own, on the same folds and
    seeds; one that goes back to the epoch of the best accuracy, where the score is another, then
    watches the loss. Where its baseline is never reached, Keras' stopper loses its patience: that
    it ended all fits at the first epoch that was not the best so far is a proof."""
    best = examination.best
    if best is None:
        raise NotApplicable("no candidate has a score")
    trials = _stopped(examination)
    if len(trials) < 2:
        raise NotApplicable("no stopper ended the winner's fits")
    watch_loss = _goes_back_by_accuracy(trials[0].record, examination.subject)
    patience = {"patience_factor": PATIENCE, "watch_loss": watch_loss}
    settings = {**patience, "most_epochs": _most_epochs(examination, trials)}
    examination.remedies["budget/stopped-too-early"] = Remedy(patience)

    def patient(fold, seed=None):
        with examination.starts.changed(**settings):
            return examination.fit_allowed(best, fold, seed=seed)

    later, effect = remade(examination, trials, patient, _SHARE)
    if effect is None:
        return []
    if effect.mean > examination.delta and all(_ends_below(trial.record) for trial in trials):
        verdict = "fault"  # which is proved, and needs no interval
    else:
        verdict = shown(effect, examination.delta)
    if verdict is None:
        return []
    trials = trials[: len(later)]
    epochs = [trial.record.epochs_run for trial in trials]
    by_patience = _patience(trials[0].record) is not None
    what = (
        f"more patience{', by the loss,' if watch_loss else ''}" if by_patience else "no such end"
    )
    return [
        Finding(
            "budget/stopped-too-early", verdict, severity(verdict, effect),
            f"{'early stopping' if by_patience else 'a callback'} ended the winner's fits after "
            f"{min(epochs)} to {max(epochs)} epochs; with {what} it scores {effect.mean:+.3f}",
            Fix(
                "Give the stopper more patience and more validation rows, and no min_delta or "
                "baseline that the monitored loss does not reach."
                if by_patience
                else "Stop where rows set apart no longer gain, not at a level that is reached, or "
                "by the clock.",
                "KerasClassifier(build, callbacks=keras.callbacks.EarlyStopping, "
                "callbacks__monitor='val_loss', callbacks__patience=20, "
                "callbacks__restore_best_weights=True, validation_split=0.2)",
            ),
            effect=effect.mean, interval=effect.interval,
            evidence={
                "epochs": epochs,
                "epochs_with_patience": [each.record.epochs_run for each in later],
                "monitor": _told(trials[0].record, "monitor"),
                "patience": _patience(trials[0].record),
                "min_delta": _told(trials[0].record, "min_delta"),
                "scores": [each.score for each in trials],
                "scores_with_patience": [each.score for each in later],
            },
        )
    ]  # fmt: skip


def _ends_below(record):
    """Whether a baseline was never reached, and the epoch before the last was still the best."""
    for facts in record.callback_facts:
        settings = facts["settings"]
        baseline, watched = settings.get("baseline"), record.history.get(settings.get("monitor"))
        if baseline is None or not watched or facts["name"] != "EarlyStopping":
            continue
        rises = "acc" in settings["monitor"] or "auc" in settings["monitor"].lower()
        sign = {"max": 1, "min": -1}.get(settings.get("mode"), 1 if rises else -1)
        values = sign * np.array(watched)
        if values.max() < sign * baseline and values.argmax() >= len(values) - 2:
            return True
    return False


def _stopped(examination):
    """The winner's fits that a stopper has ended."""
    trials = [] if examination.best is None else examination.of(examination.best)
    return [
        trial
        for trial in trials
        if trial.record is not None
        and trial.record.stopped_early
        and (_patience(trial.record) or _has_own_rule(trial.record))
    ]


def _most_epochs(examination, trials):
    """As many as two fits can be given within the budget; None for any number."""
    left = examination.budget.left(_SHARE)
    if left is None:
        examination.require(len(trials))
        return None
    epochs = min(trial.epochs_in(left / 2) for trial in trials)
    if epochs < 2 * max(trial.record.epochs_run for trial in trials):
        raise NotApplicable("two fits of twice the epochs are beyond the budget")
    return int(epochs)


def _patience(record):
    """Of the early stopping, at least 1; None if there was none."""
    found = _told(record, "patience")
    return max(1, min(found)) if found else None


def _has_own_rule(record):
    return any(facts.get("has_own_rule") for facts in record.callback_facts)


def _goes_back_by_accuracy(record, subject):
    """Whether it restores the best epoch by an accuracy, and the search scores something else: of
    rare classes, and of ranks, the accuracy is best where nothing has been learnt."""
    if any("accuracy" in name for name in subject.scorers) or subject.score_name == "accuracy":
        return False
    return any(_told(record, "restore_best_weights")) and any(
        "acc" in str(monitor) for monitor in _told(record, "monitor")
    )


def _told(record, setting):
    """What each stopper has of a setting."""
    return [
        facts["settings"][setting]
        for facts in record.callback_facts
        if facts["name"] != "ReduceLROnPlateau" and setting in facts["settings"]
    ]
