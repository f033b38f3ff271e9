"""budget/epochs-ignored: fewer epochs ran than were asked for."""

import numpy as np

from helpers.diagnosis.attribution import Remedy
from helpers.diagnosis.effects import of_trials
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

#: What users call it, in classes of their own.
_NAMES = ("epochs", "n_epochs", "num_epochs", "nb_epoch", "nb_epochs")

#: Share of the updates that so many epochs like the first would have made, below which the data
#: ran out; and how many the first has to have.
_DRY, _MIN_UPDATES = 0.5, 2


@check("budget/epochs-ignored", needs={"fits"}, fits=3)
def budget_epochs_ignored(examination):
    """The epochs that the estimator and its parameters ask for are compared with those that
    `keras.Model.fit` was given, and those with the epochs that ran; calls that train nothing,
    since their initial_epoch is not below epochs, are told, and data that ran out: fewer updates
    than the first epoch had, times the epochs."""
    idle = [trial for trial in examination.trials if any(map(_is_idle, trial.records))]
    if idle:
        return [_of_idle_calls(examination, idle)]
    dry = [trial for trial in examination.trials if any(map(_ran_dry, trial.records))]
    if dry:
        return [_of_data_that_ran_out(examination, dry)]
    ignored = [trial for trial in examination.trials if _asked_and_given(examination, trial)]
    cut = [trial for trial in examination.trials if _is_cut(trial.record)]
    if not ignored and not cut:
        return []
    trial = (ignored or cut)[0]
    asked, given = _asked_and_given(examination, trial) or (trial.record.epochs_asked,) * 2
    n_run, effect = sum(each.epochs_run for each in trial.records), None
    if ignored:
        factor = asked / max(1, given)
        examination.remedies["budget/epochs-ignored"] = Remedy({"epochs_factor": factor})
        effect = _effect(examination, factor, epochs_factor=factor)
    return [
        Finding(
            "budget/epochs-ignored", "fault", "serious",
            f"{n_run} epochs ran where {asked} were asked for, in {len(ignored or cut)} of "
            f"{len(examination.trials)} fits",
            Fix(
                "Give epochs to the constructor of a wrapper that keeps it, and see that as many "
                "ran: `FitRecorder` shows it.",
                f"KerasClassifier(build, epochs={asked})",
            ),
            effect=effect and effect.mean, interval=effect and effect.interval,
            evidence={
                "epochs_asked": asked, "epochs_given_to_keras": given,
                "epochs_run": sorted({each.record.epochs_run for each in ignored or cut}),
            },
        )
    ]  # fmt: skip


def _is_idle(record):
    """Whether the call could not but train nothing."""
    return (
        record.error is None
        and not record.is_taken_up
        and record.initial_epoch > 0
        and record.epochs_asked == 0
    )


def _of_idle_calls(examination, trials):
    record = next(each for each in trials[0].records if _is_idle(each))
    remedy = {"epochs_on_top": True}
    examination.remedies["budget/epochs-ignored"] = Remedy(remedy)
    effect = _effect(examination, 2, **remedy)
    return Finding(
        "budget/epochs-ignored", "fault", "serious",
        f"a call of keras.Model.fit trained nothing in {len(trials)} of {len(examination.trials)} "
        f"fits: its epochs were not above initial_epoch={record.initial_epoch}",
        Fix(
            "Keras counts epochs from the very first: those before initial_epoch are among them.",
            "model.fit(X, y, initial_epoch=first, epochs=first + more_epochs)",
        ),
        effect=effect and effect.mean, interval=effect and effect.interval,
        evidence={
            "initial_epoch": record.initial_epoch,
            "epochs_run": sorted({each.epochs_run for each in trials[0].records}),
        },
    )  # fmt: skip


def _ran_dry(record):
    """Whether epochs after the first had hardly any batches."""
    known = record.iterations_start, record.iterations_first, record.iterations_end
    if record.error is not None or None in known or record.epochs_run < 2:
        return False
    start, first, end = known
    return first - start >= _MIN_UPDATES and end - start < _DRY * record.epochs_run * (
        first - start
    )


def _of_data_that_ran_out(examination, trials):
    record = next(each for each in trials[0].records if _ran_dry(each))
    made = record.iterations_end - record.iterations_start
    an_epoch = record.iterations_first - record.iterations_start
    return Finding(
        "budget/epochs-ignored", "fault", "serious",
        f"the data ran out in {len(trials)} of {len(examination.trials)} fits: {made} updates "
        f"were made in {record.epochs_run} epochs, the first of which had {an_epoch}",
        Fix(
            "A generator can be gone through once. Give Keras arrays, or what starts again with "
            "each epoch.",
            "model.fit(X, y, epochs=epochs)\n"
            "tf.data.Dataset.from_generator(batches, output_signature=...)  # or a PyDataset",
        ),
        evidence={
            "updates": made, "updates_in_first_epoch": an_epoch, "epochs_run": record.epochs_run
        },
    )  # fmt: skip


def _asked_and_given(examination, trial):
    """The most epochs that are asked for anywhere, and those of all its fits, if fewer."""
    if not trial.records or any(each.is_taken_up for each in trial.records):
        return None
    asked = _asked_epochs(examination.subject, trial.params)
    if not asked:
        return None
    asked = max(asked)
    given = sum(each.epochs_asked for each in trial.records)
    return (asked, given) if given < asked else None


def _asked_epochs(subject, params):
    """Numbers of epochs that the constructor, the candidate or the arguments of fit name."""
    found = {}
    for name, value in (subject.estimator.get_params() | params | subject.fit_params).items():
        if isinstance(value, dict) and isinstance(value.get("epochs"), int):
            found[f"{name}.epochs"] = value["epochs"]
        elif name.rpartition("__")[2] in _NAMES and isinstance(value, int | np.integer):
            found[name] = int(value)
    return set(found.values())


def _is_cut(record):
    return (
        record is not None
        and record.error is None
        and not record.stop_training
        and not record.is_taken_up
        and record.epochs_run < record.epochs_asked
    )


def _effect(examination, factor, **settings):
    """What the epochs asked for, so many times as ran, would have brought the winner."""
    best = examination.best
    trials = examination.of(best) if best is not None else []
    try:
        with examination.starts.changed(**settings):
            fixed = []
            for trial in trials:
                times = 1 + 0.1 * factor if not fixed else 1
                fixed.append(examination.fit(best, trial.fold, times=times))
    except NotApplicable:
        return None
    if len(fixed) < 2 or not np.isfinite([trial.score for trial in fixed]).all():
        return None
    return of_trials(fixed, trials, examination)
