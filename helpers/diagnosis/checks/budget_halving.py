"""budget/ranking-not-settled, in a halving search: the first rung drops who would have won."""

import math

import numpy as np

from helpers.diagnosis.effects import NULL, of_trials, severity, shown
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check

#: How much longer than a fit of the search one of the first rung takes.
_TIMES = 0.5


@check(
    "budget/ranking-not-settled", needs={"fits", "search"}, fits=9, proves=False, weight=4,
    null=NULL,
)  # fmt: skip
def budget_halving(examination):
    """All candidates of a halving search are trained with the resources of its first rung, and
    those that it leaves compared with the winner at full resources."""
    subject = examination.subject
    first = subject.first_rung
    if not first:
        raise NotApplicable("not a halving search over a number that training takes")
    best = examination.best
    if best is None:
        raise NotApplicable("no candidate has a score")
    n_candidates = len(subject.candidates)
    early = _scores_at(first, examination)
    n_left = math.ceil(n_candidates / subject.search.factor)
    left = np.argsort(-np.nan_to_num(early, nan=-np.inf), kind="stable")[:n_left]
    if best in left:
        return []
    kept = max(left, key=lambda each: examination.means[each])
    effect = of_trials(examination.of(best), examination.of(kept), examination)
    verdict = shown(effect, examination.delta)
    if verdict is None:
        return []
    candidates = subject.candidates
    return [
        Finding(
            "budget/ranking-not-settled", verdict,
            severity(verdict, effect),
            f"the first rung, of {first}, drops {candidates[best]}, which wins at full resources "
            f"by {effect.mean:.3f}",
            Fix(
                "Start halving where the ranking has settled.",
                "HalvingGridSearchCV(..., min_resources=...)",
            ),
            effect=effect.mean, interval=effect.interval,
            evidence={
                "left_by_the_first_rung": [dict(candidates[each]) for each in left],
                "scores_of_the_first_rung": early.tolist(),
                "scores_at_full_resources": examination.means.tolist(),
            },
        )
    ]  # fmt: skip


def _scores_at(rung, examination):
    """Mean score of each candidate with the resources of a rung, on as many folds as are paid."""
    candidates = list(enumerate(examination.subject.candidates))
    folds = sorted({trial.fold for trial in examination.trials})
    examination.require(2 * len(candidates), _TIMES)
    scores = []
    for done, fold in enumerate(folds):
        seconds = _TIMES * examination.seconds_a_fit
        if done > 1 and not examination.budget.allows(len(candidates), seconds):
            break
        scores.append(
            [
                examination.fit_allowed(each, fold, params=params | rung).score
                for each, params in candidates
            ]
        )
    return np.mean(scores, axis=0)
