"""state/shared-weights: a fit started from weights that another fit had trained."""

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check

FIX = Fix(
    "Build the model, with all of its layers, inside the function that is called for each fit, "
    "and pass that function rather than a model.",
    'def build(meta):\n    return keras.Sequential([keras.layers.Dense(meta["n_classes_"])])\n\n'
    "KerasClassifier(build)",
)


@check("state/shared-weights", needs={"fits"})
def state_shared_weights(examination):
    """The digest of each weight at the start of a fit is compared with those that earlier fits
    ended with: trained weights are not equal by chance."""
    shared = _between_trials(examination, examination.recorder.shared_starts())
    if not shared.empty:
        return [_between(examination, shared)]
    before = _trained_before(examination)
    return [before] if before else []


def _between(examination, shared):
    first = shared.iloc[0]
    return _finding(
        f"{shared['fit'].nunique()} of {len(examination.recorder.fits)} fits started from weights "
        "that an earlier fit had trained, partly on the rows that score them",
        {
            "fits": sorted({int(fit) for fit in shared["fit"]}),
            "from_fits": sorted({int(fit) for fit in shared["from_fit"]}),
            "n_shared_of_n_weights": [int(first["n_shared"]), int(first["n_weights"])],
            "variables": list(first["variables"])[:4],
            "same_model_object": bool(shared["same_model"].any()),
        },
    )


def _trained_before(examination):
    """Every fit starts from the same weights, with an optimizer that has made updates: they were
    trained before the search began."""
    records = [trial.records[0] for trial in examination.trials if trial.records]
    worn = [record for record in records if (record.iterations_start or 0) > 0]
    starts = {record.start_digest for record in worn}
    if len(worn) < len(records) or len(worn) < 2 or len(starts) > 1:
        return None
    return _finding(
        f"all {len(worn)} fits started from weights that had been trained before the search, by "
        f"{worn[0].iterations_start} updates on rows that may score them",
        {"updates_at_start": worn[0].iterations_start, "fits": len(worn)},
    )


def _finding(title, evidence):
    return Finding("state/shared-weights", "fault", "serious", title, FIX, evidence=evidence)


def _between_trials(examination, shared):
    """Rows of two different trials; fits that a callback took up again are its own matter, and a
    base trained on other data, if in the first fit that wants it, is what it would be anywhere."""
    trial_of = examination.trial_of_fit
    fits = examination.recorder.fits
    elsewhere = {source for source in set(shared["from_fit"]) if _is_of_other_data(fits, source)}
    keep = [
        trial_of.get(row.fit) != trial_of.get(row.from_fit)
        and not fits[row.fit].is_taken_up
        and row.from_fit not in elsewhere
        for row in shared.itertuples()
    ]
    return shared[keep]


def _is_of_other_data(fits, source):
    """Whether no other fit had one of the rows, while others had rows in common."""
    rows = fits[source].train_rows
    others = [each.train_rows for n, each in enumerate(fits) if n != source]
    if rows is None or any(each is None for each in others) or len(others) < 2:
        return False
    each_once = np.concatenate([np.unique(each) for each in others])
    seen, counts = np.unique(each_once, return_counts=True)
    return counts.max() > 1 and not np.isin(rows, seen).any()
