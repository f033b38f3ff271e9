"""search/failed-fits: fits failed or scored NaN."""

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check


@check("search/failed-fits", needs={"trials"})
def search_failed_fits(examination):
    """Fits that raised and scores that are not finite are counted, and their errors grouped."""
    trials = examination.trials
    failed = [trial for trial in trials if trial.error or not np.isfinite(trial.score)]
    refit = examination.refit
    if refit is not None and refit.error:
        failed = [*failed, refit]
    if not failed:
        return []
    errors = sorted({(trial.error or "the score is not finite")[:300] for trial in failed})
    all_failed = len(failed) >= len(trials)
    return [
        Finding(
            "search/failed-fits", "fault", "serious" if all_failed else "warning",
            f"{len(failed)} of {len(trials)} fits failed or have no score: {errors[0][:100]}",
            Fix(
                "Let the first failure end the search, and mend or leave out the candidates.",
                'GridSearchCV(..., error_score="raise")',
            ),
            evidence={
                "errors": errors,
                "candidates": sorted({str(trial.params) for trial in failed})[:10],
                "every_fit_failed": all_failed,
            },
        )
    ]  # fmt: skip
