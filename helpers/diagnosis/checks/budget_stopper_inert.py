"""budget/stopper-inert: a stopper that cannot act."""

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check
from helpers.quiet import keras


@check("budget/stopper-inert", needs={"fits"})
def budget_stopper_inert(examination):
    """What each stopper monitors is looked up in the logs of its own fit, and whether it has met
    it, as is what a stopper of the user's own asks the logs for; callbacks that were given are
    looked for among those that the fit had."""
    absent, dropped = _absent(examination), _dropped(examination)
    if not absent and not dropped:
        return []
    if absent:
        name, monitor, n_fits, logged = absent
        when = "is in the logs only after its turn" if monitor in logged else "is not in the logs"
        title = f"{name} monitors {monitor!r}, which {when}, in {n_fits} fits"
    else:
        logged = []
        title = f"{', '.join(dropped)} was given and reached no fit"
    return [
        Finding(
            "budget/stopper-inert", "fault", "warning", title,
            Fix(
                "Give the stopper to the wrapper's constructor, give it validation rows, and "
                "monitor a name that is in the logs.",
                "KerasClassifier(build, callbacks=keras.callbacks.EarlyStopping, "
                'callbacks__monitor="val_loss", validation_split=0.1)',
            ),
            evidence={"dropped": dropped, "logged": logged} | (
                {"monitor": absent[1], "fits": absent[2]} if absent else {}
            ),
        )
    ]  # fmt: skip


def _absent(examination):
    found = []
    for record in examination.recorder.fits:
        for facts in record.callback_facts:
            if not record.stop_training:
                for name in facts.get("asked_in_vain", ()):
                    found.append((facts["name"], name, sorted(record.history)))
            monitor = facts["settings"].get("monitor")
            if not monitor or not _needs_monitor(facts):
                continue
            told = monitor in (record.error or "") and "monitor" in (record.error or "")
            if told or (record.epochs_run and not _has_met(facts, monitor, record)):
                found.append((facts["name"], monitor, sorted(record.history)))
    if not found:
        return None
    return (found[0][0], found[0][1], len(found), found[0][2])


def _has_met(facts, monitor, record):
    """Callbacks take their turns: what a later one logs is not there yet for an earlier one."""
    if monitor not in record.history:
        return False
    is_waiting = record.epochs_run <= facts["settings"].get("start_from_epoch", 0)
    return is_waiting or facts.get("saw_monitor", True)


def _needs_monitor(facts):
    return facts["name"] != "ModelCheckpoint" or facts["settings"].get("save_best_only")


def _dropped(examination):
    subject = examination.subject
    given = {}
    for name, value in (subject.estimator.get_params() | subject.fit_params).items():
        if name.rpartition("__")[2] == "callbacks":
            given[name] = value
        elif isinstance(value, dict) and "callbacks" in value:
            given[name] = value["callbacks"]
    names = {
        type(each).__name__
        for value in given.values()
        for each in keras.tree.flatten(value)
        if hasattr(each, "monitor")
    }
    had = {name for record in examination.recorder.fits for name, _ in record.callbacks}
    return sorted(names - had)
