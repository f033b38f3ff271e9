"""Effects of a defect: the same candidates on the same folds, with it and without."""

import math
from dataclasses import replace

import numpy as np
from scipy import stats

from helpers.diagnosis.registry import NotApplicable
from helpers.intervals import Interval, paired_interval

__all__ = ["Effect", "compared", "paired", "with_effects"]


class Effect:
    """A mean difference of scores with its interval, and what it does to the decision.

    Attributes
    ----------
    mean : float
    interval : (float, float)
    regret : float
        What the defect's winner loses to the best candidate without the defect.
    winner_changes : bool
    """

    def __init__(self, interval, regret=0.0, winner_changes=False):
        self.mean, self.interval = interval.mean, (interval.low, interval.high)
        self.regret, self.winner_changes = regret, winner_changes


def paired(first, second, examination):
    """Effect of paired scores of shape (n_folds,), first minus second.

    Few folds tell little about their own spread. The scores of the search, candidate by fold
    without the means of both, tell that of single fits by seeds; a difference of two has twice its
    variance. It is pooled with that of the given differences, by degrees of freedom. Folds share
    training rows, not seeds: what the differences vary beyond it is of the rows, and is corrected
    for those that the folds share (Nadeau and Bengio, 2003).
    """
    differences = np.asarray(first, dtype=float) - np.asarray(second, dtype=float)
    n_folds, mean = len(differences), float(np.mean(differences))
    squares, freedom = float(np.sum((differences - mean) ** 2)), n_folds - 1
    residual, residual_freedom = _residual(examination.scores)
    of_seeds = 2 * residual / residual_freedom if residual_freedom else 0.0
    of_rows = max(0.0, squares / freedom - of_seeds)
    pooled = (squares + 2 * residual) / (freedom + residual_freedom)
    spread = math.sqrt(pooled / n_folds + of_rows * examination.subject.test_fraction)
    half = float(stats.t.ppf(0.975, freedom + residual_freedom)) * spread
    return Effect(Interval(mean, mean - half, mean + half))


def _residual(scores):
    """Sum of squares of candidate by fold without both means, and its degrees of freedom."""
    scores = scores[np.isfinite(scores).all(axis=1)]
    n_candidates, n_folds = scores.shape
    if n_candidates < 2 or n_folds < 2:
        return 0.0, 0
    centred = scores - scores.mean(axis=1, keepdims=True)
    centred = centred - centred.mean(axis=0, keepdims=True)
    return float(np.sum(centred**2)), (n_candidates - 1) * (n_folds - 1)


def compared(examination, **settings):
    """Train all fits of the search once more, changed by `Starts.changed`, and compare.

    Returns
    -------
    Effect
        How much the search's scores exceed those of the changed fits, as a mean over candidates;
        None if fewer than two folds can be compared.

    Raises
    ------
    NotApplicable
        The budget does not allow it.
    """
    trials = examination.trials
    examination.require(len(trials))
    seen = examination.scores
    changed = np.full_like(seen, np.nan)
    with examination.starts.changed(**settings):
        for trial in trials:
            changed[trial.candidate, trial.fold] = examination.fit(
                trial.candidate, trial.fold
            ).score
    return _effect(seen, changed, examination.subject.test_fraction)


def _effect(seen, changed, test_fraction):
    both = np.isfinite(seen) & np.isfinite(changed)
    folds = both.any(axis=0)
    if folds.sum() < 2:
        return None
    differences = np.nanmean(np.where(both, seen - changed, np.nan)[:, folds], axis=0)
    effect = paired_interval(differences, test_fraction=test_fraction)
    means, fixed = seen.mean(axis=1), np.nanmean(changed, axis=1)
    if np.isnan(means).all():
        return Effect(effect)
    winner, best = int(np.nanargmax(means)), int(np.nanargmax(fixed))
    return Effect(effect, float(fixed[best] - fixed[winner]), winner != best)


#: Proved by the recorder; what fresh starts change is their effect.
_STATE = ("state/shared-weights", "state/shared-optimizer", "state/shared-callback")


def with_effects(examination, findings):
    """Findings of shared state with their effect, as far as what is left of the budget goes."""
    proved = [each for each in findings if each.code in _STATE and each.verdict == "fault"]
    if not proved:
        return findings
    try:
        effect = compared(examination, is_fresh=True)
    except NotApplicable:
        return findings
    if effect is None:
        return findings
    said = {"regret_of_the_winner": effect.regret, "winner_changes": effect.winner_changes}
    return [
        replace(
            each, effect=effect.mean, interval=effect.interval, evidence={**each.evidence, **said}
        )
        if each in proved
        else each
        for each in findings
    ]
