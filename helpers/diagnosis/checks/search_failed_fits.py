"""search/failed-fits: fits failed or scored NaN."""

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check


@check("search/failed-fits", needs={"results"})
def search_failed_fits(examination):
    """Fits that raised and scores that are not finite are counted, and their errors grouped."""
    trials = examination.trials
    failed = [
        (trial.params, trial.error)
        for trial in trials
        if trial.error or not np.isfinite(trial.score)
    ]
    refit = examination.refit
    if refit is not None and refit.error:
        failed.append((refit.params, refit.error))
    n_fits = len(trials)
    if not trials:
        scores = examination.scores
        n_fits = scores.size
        failed = [
            (params, None)
            for params, row in zip(examination.subject.candidates, scores, strict=True)
            for score in row
            if not np.isfinite(score)
        ]
    if not failed:
        return []
    errors = sorted({(error or "the score is not finite")[:300] for _, error in failed})
    all_failed = len(failed) >= n_fits
    return [
        Finding(
            "search/failed-fits", "fault", "serious" if all_failed else "warning",
            f"{len(failed)} of {n_fits} fits failed or have no score: {errors[0][:100]}",
            Fix(
                "Let the first failure end the search, and mend or leave out the candidates.",
                'GridSearchCV(..., error_score="raise")' if examination.subject.has_folds else "",
            ),
            evidence={
                "errors": errors,
                "candidates": sorted({str(params) for params, _ in failed})[:10],
                "every_fit_failed": all_failed,
            },
        )
    ]  # fmt: skip
