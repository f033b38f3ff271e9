"""Effects of a defect: the same candidates on the same folds, with it and without."""

import numpy as np

from helpers.intervals import paired_interval

__all__ = ["Effect", "compared", "paired"]


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


def paired(first, second, test_fraction):
    """Effect of paired scores of shape (n_folds,), first minus second.

    The interval is that of Nadeau and Bengio (2003), for folds that share training rows.
    """
    differences = np.asarray(first) - np.asarray(second)
    return Effect(paired_interval(differences, test_fraction=test_fraction))


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
