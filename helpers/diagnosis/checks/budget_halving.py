"""budget/ranking-not-settled, in a halving search: the first rung drops who would have won."""

import math

import numpy as np

from helpers.diagnosis.effects import NULL, of_trials, severity, shown
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check


@check(
    "budget/ranking-not-settled", needs={"fits", "search"}, fits=9, proves=False, weight=3,
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
    folds = sorted({trial.fold for trial in examination.trials})
    n_candidates = len(subject.candidates)
    examination.require(n_candidates * len(folds), 0.5)
    early = np.array(
        [
            [examination.fit(each, fold, params=params | first).score for fold in folds]
            for each, params in enumerate(subject.candidates)
        ]
    ).mean(axis=1)
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
