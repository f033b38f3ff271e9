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
    if none:
        return [_finding(examination, "fault", "no candidate has a score")]
    tied = "all candidates score the same on every fold"
    if _are_constant(examination):
        return [_finding(examination, "fault", f"{tied}: each predicts one constant")]
    if _are_one_fit(examination):
        return [_finding(examination, "fault", f"{tied}: they end with the same weights")]
    return [_finding(examination, "not the cause", f"{tied}, having trained differently")]


def _are_constant(examination):
    told = [trial.predictions for trial in examination.trials if trial.predictions is not None]
    return bool(told) and all((each == each[0]).all() for each in told)


def _are_one_fit(examination):
    """Whether the candidates of each fold ended with equal weights, or told the very same."""
    by_fold = {}
    for trial in examination.trials:
        end = trial.record.end_digest if trial.record else None
        told = None if trial.predictions is None else trial.predictions.tobytes()
        by_fold.setdefault(trial.fold, []).append((end, told))
    return all(
        len({end for end, _ in each}) == 1
        or (len({told for _, told in each}) == 1 and _no_probabilities_differ(examination))
        for each in by_fold.values()
    )


def _no_probabilities_differ(examination):
    told = {}
    for trial in examination.trials:
        if trial.probabilities is not None:
            told.setdefault(trial.fold, set()).add(trial.probabilities.tobytes())
    return bool(told) and all(len(each) == 1 for each in told.values())


def _finding(examination, verdict, title):
    return Finding(
        "search/all-tied", verdict, "serious" if verdict == "fault" else "info", title,
        Fix(
            "The winner is the first one listed. See that the searched parameters reach the model "
            "and that the scorer can tell candidates apart."
        ),
        evidence={"mean_scores": examination.means.tolist()},
    )  # fmt: skip
