"""state/stale-results: results of another problem were taken up."""

from dataclasses import replace

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check
from helpers.diagnosis.trials import run_trial


@check("state/stale-results", needs={"trials"}, fits=1)
def state_stale_results(examination):
    """A fit of the search that trained nothing is made again with its labels permuted: if Keras
    is not called then either, a stored result of other data was taken for it."""
    idle = [trial for trial in examination.trials if not trial.records and trial.error is None]
    if not idle or len(idle) == len(examination.trials):
        return []
    subject, trial = examination.subject, idle[0]
    examination.require(1)
    rng = np.random.default_rng(subject.random_state)
    order = rng.permutation(subject.n_rows)
    y = (
        subject.y.iloc[order].set_axis(subject.y.index)
        if hasattr(subject.y, "iloc")
        else (np.asarray(subject.y)[order])
    )
    again = run_trial(replace(subject, y=y), trial.candidate, trial.fold)
    examination.budget.spent_fits += 1
    if again.records or again.error:
        raise NotApplicable("fits that trained nothing train once their labels change: a cache")
    return [
        Finding(
            "state/stale-results", "fault", "serious",
            f"{len(idle)} of {len(examination.trials)} fits trained nothing, and train nothing "
            "with other labels either",
            Fix(
                "Keep results under a digest of everything that they depend on, rows and labels "
                "included.",
                'KerasClassifier(build, memory="cache")',
            ),
            evidence={
                "fits_without_training": [
                    {"candidate": each.candidate, "fold": each.fold} for each in idle[:20]
                ],
                "score_with_other_labels": again.score,
            },
        )
    ]  # fmt: skip
