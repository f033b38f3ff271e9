"""state/shared-weights: a fit started from weights that another fit had trained."""

from helpers.diagnosis.effects import compared
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

FIX = Fix(
    "Build the model, with all of its layers, inside the function that is called for each fit, "
    "and pass that function rather than a model.",
    'def build(meta):\n    return keras.Sequential([keras.layers.Dense(meta["n_classes_"])])\n\n'
    "KerasClassifier(build)",
)


@check("state/shared-weights", needs={"trials"}, fits=9)
def state_shared_weights(examination):
    """The digest of each weight at the start of a fit is compared with those that earlier fits
    ended with: trained weights are not equal by chance."""
    shared = between_trials(examination, examination.recorder.shared_starts())
    if shared.empty:
        return []
    n_fits, first = shared["fit"].nunique(), shared.iloc[0]
    effect = measured(examination)
    return [
        Finding(
            "state/shared-weights",
            "fault",
            "serious",
            f"{n_fits} of {len(examination.recorder.fits)} fits started from weights that an "
            "earlier fit had trained, partly on the rows that score them",
            FIX,
            effect=effect and effect.mean,
            interval=effect and effect.interval,
            evidence={
                "fits": sorted({int(fit) for fit in shared["fit"]}),
                "from_fits": sorted({int(fit) for fit in shared["from_fit"]}),
                "n_shared_of_n_weights": [int(first["n_shared"]), int(first["n_weights"])],
                "variables": list(first["variables"])[:4],
                "same_model_object": bool(shared["same_model"].any()),
            }
            | decision(effect),
        )
    ]


def between_trials(examination, shared):
    """Rows of two different trials; fits that a callback took up again are its own matter."""
    trial_of = trials_by_fit(examination)
    fits = examination.recorder.fits
    keep = [
        trial_of.get(row.fit) != trial_of.get(row.from_fit)
        and not fits[row.fit].first_epoch
        and not takes_up(fits[row.fit])
        for row in shared.itertuples()
    ]
    return shared[keep]


def takes_up(record):
    return any(name == "BackupAndRestore" for name, _ in record.callbacks)


def trials_by_fit(examination):
    """The trial of each fit, by its position in the recorder."""
    trials = [*examination.trials, *([examination.refit] if examination.refit else [])]
    trial_of = {id(record): trial for trial in trials for record in trial.records}
    return {
        position: trial_of.get(id(record))
        for position, record in enumerate(examination.recorder.fits)
    }


def measured(examination):
    """What fresh starts change, if the budget allows to look."""
    try:
        return compared(examination, is_fresh=True)
    except NotApplicable:
        return None


def decision(effect):
    if effect is None:
        return {}
    return {"regret_of_the_winner": effect.regret, "winner_changes": effect.winner_changes}
