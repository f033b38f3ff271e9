"""state/shared-optimizer: a fit started with optimizer state of another fit."""

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check

FIX = Fix(
    "Make the optimizer inside the builder, or give its name and its parameters.",
    'KerasClassifier(build, optimizer="adam", optimizer__learning_rate=1e-3)',
)


@check("state/shared-optimizer", needs={"fits"})
def state_shared_optimizer(examination):
    """One optimizer object in fits of different candidates or folds, or an optimizer whose count
    of updates does not start at zero."""
    trial_of, first_trial, found = examination.trial_of_fit, {}, []
    for position, record in enumerate(examination.recorder.fits):
        trial = trial_of[position]
        owner = first_trial.setdefault(record.optimizer_id, trial)
        if record.optimizer_id is None or record.is_taken_up:
            continue
        if owner is trial:
            carried = _is_worn(record, trial)
        else:
            carried = (record.iterations_start or 0) > 0 or record.error
        if carried:
            found.append(position)
    if not found:
        return []
    fits = examination.recorder.fits
    failed = [position for position in found if fits[position].error]
    end = f"; {len(failed)} of these fits failed for it" if failed else ""
    return [
        Finding(
            "state/shared-optimizer",
            "fault",
            "serious",
            f"{len(found)} of {len(fits)} fits started with the optimizer of another fit{end}",
            FIX,
            evidence={
                "fits": found,
                "updates_at_start": [fits[position].iterations_start for position in found],
                "learning_rate_at_start": [
                    fits[position].learning_rate_start for position in found
                ],
                "failed": failed,
            },
        )
    ]


def _is_worn(record, trial):
    """The first fit of a trial whose optimizer has made updates that no fit of it made."""
    return trial is not None and record is trial.records[0] and (record.iterations_start or 0) > 0
