"""state/shared-callback: a callback object carried state from one fit to the next."""

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check

FIX = Fix(
    "Give the callback's class, so that each fit makes its own object; set what changes in "
    "on_train_begin, never on the class; write files under a name of their own.",
    "KerasClassifier(build, callbacks=MyCallback, callbacks__factor=0.5)",
)


@check("state/shared-callback", needs={"fits"}, fits=2)
def state_shared_callback(examination):
    """What a callback holds when training begins, after its own on_train_begin, is compared
    between fits; whether it matters is then seen by a fit with it and one without."""
    trial_of = examination.trial_of_fit
    fits = examination.recorder.fits
    resumed = [
        position
        for position, record in enumerate(fits)
        if not record.error and record.is_taken_up and (record.first_epoch or not record.epochs_run)
    ]
    carried = _carried(fits, trial_of)
    if not resumed and not carried:
        return _counts_on(examination)
    evidence = {"fits_taken_up": resumed, "carried": carried}
    if resumed:
        title = (
            f"{len(resumed)} of {len(fits)} fits went on from what a callback had saved in "
            "another fit, and ran fewer epochs of their own"
        )
        return [Finding("state/shared-callback", "fault", "serious", title, FIX, evidence=evidence)]
    names = ", ".join(sorted(carried))
    rates = _rates(examination)
    if rates:
        evidence["learning_rates_of_one_candidate"] = rates
        matters = True
    else:
        matters = _changes_a_fit(examination)
    verdict = "fault" if matters else "not the cause"
    return [
        Finding(
            "state/shared-callback", verdict, "serious" if matters else "info",
            f"{names} changed in one fit and was not as before in the next"
            + ("" if matters else "; no fit trained otherwise for it"),
            FIX, evidence=evidence,
        )
    ]  # fmt: skip


def _counts_on(examination):
    """A schedule that keeps its place where nobody sees it, in an iterator that it closes over: the
    same fit, made again, is not given the learning rates that it was given before."""
    first = next((trial for trial in examination.trials if trial.record is not None), None)
    if first is None or not first.record.callbacks or not _rates(examination):
        return []
    examination.require(1)
    again = examination.fit(first.candidate, first.fold)
    if again.record is None or again.record.learning_rate_given != first.record.learning_rate_given:
        return []
    rates = [first.record.learning_rate_start, again.record.learning_rate_start]
    if rates[0] == rates[1]:
        return []
    names = ", ".join(sorted({name for name, _ in first.record.callbacks}))
    return [
        Finding(
            "state/shared-callback", "fault", "serious",
            f"{names}: the first fit, made again after the others, began at a learning rate of "
            f"{rates[1]:.3g} instead of {rates[0]:.3g}",
            FIX, evidence={"learning_rates_of_one_fit": rates},
        )
    ]  # fmt: skip


def _carried(fits, trial_of):
    """Attributes that differ from what the first fit to meet them found."""
    first, carried = {}, {}
    for position, record in enumerate(fits):
        for facts, (name, identity) in zip(record.callback_facts, record.callbacks, strict=False):
            for attribute, value in facts["state"].items():
                if not _counts(facts, attribute):
                    continue
                owner = attribute if "." in attribute else (identity, attribute)
                known, source = first.setdefault(owner, (value, position))
                if known != value and trial_of[source] is not trial_of[position]:
                    label = attribute if "." in attribute else f"{name}.{attribute}"
                    carried.setdefault(label, []).append(position)
    return carried


def _counts(facts, attribute):
    if attribute.rpartition(".")[2].startswith("_"):
        return facts["name"] not in _STOCK
    if facts["name"] == "ModelCheckpoint":
        return attribute == "best" and facts["settings"].get("save_best_only", False)
    return facts["name"] not in _STOCK


#: Callbacks of Keras that start over in each fit, whatever they hold before.
_STOCK = frozenset(
    ["EarlyStopping", "ReduceLROnPlateau", "LearningRateScheduler", "TerminateOnNaN", "CSVLogger",
     "History", "ProgbarLogger", "ModelCheckpoint", "BackupAndRestore", "TensorBoard",
     "LambdaCallback"]
)  # fmt: skip


def _rates(examination):
    """Learning rates in the first epoch of fits of one candidate, if they differ."""
    for candidate in range(len(examination.subject.candidates)):
        rates = [
            trial.record.learning_rate_start
            for trial in examination.of(candidate)
            if trial.record is not None
        ]
        if len(rates) > 1 and max(rates) > min(rates) * (1 + 1e-6):
            return rates
    return []


def _changes_a_fit(examination):
    """Whether a fit with what the callbacks hold now differs from one with a fresh start.

    It is a middling one: to the best of all fits it is nothing that a callback holds its weights.
    """
    examination.require(2)
    by_score = np.argsort([trial.score for trial in examination.trials])
    trial = examination.trials[by_score[len(by_score) // 2]]
    seed = examination.subject.random_state
    carried = examination.fit(trial.candidate, trial.fold, seed=seed)
    with examination.starts.changed(is_fresh=True):
        fresh = examination.fit(trial.candidate, trial.fold, seed=seed)
    if carried.record is None or fresh.record is None:
        return carried.error != fresh.error
    return carried.record.history != fresh.record.history or not np.array_equal(
        carried.predictions, fresh.predictions
    )
