"""search/all-tied: candidates are exactly tied, so that the first one listed wins."""

import numpy as np

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import check


@check("search/all-tied", needs={"trials", "search"})
def search_all_tied(examination):
    """The scores of all candidates are compared for equality, fold by fold."""
    scores = examination.scores
    none = np.isnan(examination.means).all()
    if not none and not (np.isfinite(scores).all() and (scores == scores[0]).all()):
        return []
    if not none and examination.means[0] >= 1 - 1e-12 and examination.subject.is_classification:
        return [_finding(examination, "not the cause", "all candidates are right on every row")]
    what = "no candidate has a score" if none else "all candidates score the same on every fold"
    return [_finding(examination, "fault", f"{what}: the winner is the first one listed")]


def _finding(examination, verdict, title):
    return Finding(
        "search/all-tied", verdict, "serious" if verdict == "fault" else "info", title,
        Fix("See that the searched parameters reach the model and that the scorer can tell "
            "candidates apart."),
        evidence={"mean_scores": examination.means.tolist()},
    )  # fmt: skip
