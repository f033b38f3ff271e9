"""Effects of a defect: the same candidates on the same folds, with it and without."""

import math
from dataclasses import replace

import numpy as np
from scipy import stats

from helpers.diagnosis.findings import judged
from helpers.diagnosis.registry import NotApplicable
from helpers.diagnosis.rowwise import rows_of_trial
from helpers.diagnosis.trials import Trial
from helpers.intervals import Interval, paired_interval

__all__ = [
    "NULL", "STATE", "Effect", "compared", "of_trials", "paired", "remade", "settled", "severity",
    "shown", "with_effects",
]  # fmt: skip


#: The null distribution of a check that judges an effect of `of_trials`, as it is to be stated;
#: simulated in tests/diagnosis/test_effects.py.
NULL = (
    "no difference: the 95 % interval of paired differences lies above the truth in at most 3 % of "
    "simulated searches where the score is a mean over rows; where it is none, in up to 8 % with "
    "three folds"
)


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


def paired(first, second, examination, *, n_looks=1, scores=None, rows=None):
    """Effect of paired scores, first minus second.

    Few folds tell little about their own spread. The scores of the search, candidate by fold
    without the means of both, tell that of single fits by seeds; a difference of two has twice its
    variance. It is pooled with that of the given differences, by degrees of freedom. Folds share
    training rows, not seeds: what the differences vary beyond it is of the rows, and is corrected
    for those that the folds share (Nadeau and Bengio, 2003).

    Where the differences of single rows are known, they tell the spread of rows with as many
    degrees of freedom as there are rows. With the whole correction for shared rows intervals of
    nets are then too wide, without it too narrow; with half of it they hold what they promise
    (tests/diagnosis/test_effects.py).

    Parameters
    ----------
    first, second : array-like of shape (n_folds,) or (n_seeds, n_folds)
        Scores on the same folds from the same seeds.
    n_looks : int, default=1
        How often the interval may be looked at before it is believed; each look is given its
        share of the 5 %.
    scores : ndarray of shape (n_candidates, n_folds), default=None
        Whose spread is pooled; None: the search's scores.
    rows : list of ndarray of shape (n_test_rows,), default=None
        By fold, the difference of each row's score, as a mean over seeds.
    """
    scores = examination.scores if scores is None else scores
    differences = np.atleast_2d(np.asarray(first, dtype=float) - np.asarray(second, dtype=float))
    n_seeds, n_folds = differences.shape
    if n_folds < 2:
        raise NotApplicable("one fold tells nothing of how much folds differ")
    of_folds, mean = differences.mean(axis=0), float(differences.mean())
    residual, freedom = _residual(scores)
    residual *= 2
    residual += float(np.sum((differences - of_folds) ** 2))
    freedom += n_folds * (n_seeds - 1)
    squares = float(np.sum((of_folds - mean) ** 2))
    of_fits = (squares + residual / n_seeds) / (freedom + n_folds - 1)
    shared = examination.subject.test_fraction
    if rows is None:
        of_seeds = residual / freedom / n_seeds if freedom else 0.0
        of_rows, n_free = max(0.0, squares / (n_folds - 1) - of_seeds), n_folds - 1
    else:
        of_rows, n_free = _of_rows(rows)
        of_fits = max(0.0, of_fits - of_rows)
        shared /= 2
    spread, freedom = _added(
        (of_fits / n_folds, freedom + n_folds - 1), (of_rows * (1 / n_folds + shared), n_free)
    )
    half = float(stats.t.ppf(1 - 0.025 / n_looks, freedom)) * spread
    return Effect(Interval(mean, mean - half, mean + half))


def _of_rows(rows):
    """Variance of a fold's mean by the rows that are held out, and its degrees of freedom."""
    n_free = sum(len(each) - 1 for each in rows)
    squares = sum(float(np.sum((each - each.mean()) ** 2)) for each in rows)
    return squares / max(1, n_free) / np.mean([len(each) for each in rows]), max(1, n_free)


def of_trials(first, second, examination, *, n_looks=1, scores=None):
    """Effect of paired trials, first minus second, as by `paired`.

    Parameters
    ----------
    first, second : list of Trial, or list of such lists
        By fold, or by seed and fold.
    n_looks, scores
        As for `paired`.
    """
    first, second = ([each] if isinstance(each[0], Trial) else each for each in (first, second))
    rows = [
        _row_differences(examination.subject, *pairs)
        for pairs in zip(zip(*first, strict=True), zip(*second, strict=True), strict=True)
    ]
    return paired(
        *([[trial.score for trial in seed] for seed in arm] for arm in (first, second)),
        examination, n_looks=n_looks, scores=scores,
        rows=None if any(each is None for each in rows) else rows,
    )  # fmt: skip


def _row_differences(subject, first, second):
    """Of the trials of one fold, seed by seed; None where row scores are not to be had."""
    differences = []
    for pair in zip(first, second, strict=True):
        rows = [rows_of_trial(subject, trial) for trial in pair]
        if any(each is None for each in rows):
            return None
        differences.append(rows[0] - rows[1])
    return np.mean(differences, axis=0)


def _added(*parts):
    """Root of a sum of variances, and its degrees of freedom by Satterthwaite (1946)."""
    total = sum(variance for variance, _ in parts)
    if not total:
        return 0.0, sum(freedom for _, freedom in parts)
    return math.sqrt(total), total**2 / sum(variance**2 / freedom for variance, freedom in parts)


#: How many more seeds an undecided effect is given, and the share of the budget for it.
_MORE_SEEDS, _SHARE = 4, 0.85


def settled(examination, first, second, arms, *, scores=None):
    """Effect as by `of_trials`, with more seeds while it is undecided and the budget allows.

    Parameters
    ----------
    first, second : list of Trial
        By fold, from the seeds that the search had.
    arms : tuple of two callables
        ``arm(fold, seed)`` returns one more trial of the first and of the second.
    scores : ndarray of shape (n_candidates, n_folds), default=None
        As for `paired`.

    Returns
    -------
    Effect
    """
    tables = [list(first)], [list(second)]
    folds = [trial.fold for trial in first]
    effect = of_trials(*tables, examination, n_looks=2, scores=scores)
    undecided = judged(effect.interval, examination.delta) == "undecided"
    if not undecided or effect.mean <= examination.delta:
        return effect
    seconds = float(np.mean([trial.seconds for trial in [*first, *second]]))
    for seed in range(1, 1 + _MORE_SEEDS):  # looked at again when all are there
        if examination.budget.is_spent(_SHARE):
            break
        if not examination.budget.allows(2 * len(folds), seconds):
            break
        try:
            rows = [[arm(fold, seed) for fold in folds] for arm in arms]
        except NotApplicable:
            break
        if not np.isfinite([trial.score for row in rows for trial in row]).all():
            break
        for table, row in zip(tables, rows, strict=True):
            table.append(row)
    return of_trials(*tables, examination, n_looks=2, scores=scores)


def remade(examination, trials, otherwise, share):
    """Make fits of one candidate again otherwise, on as many folds as the budget allows.

    Parameters
    ----------
    trials : list of Trial
        Two at least.
    otherwise : callable (fold, seed=None) -> Trial
    share : float
        Of the budget, after the second fold.

    Returns
    -------
    later : list of Trial
        By fold, those of ``otherwise``.
    effect : Effect or None
        As by `settled`; None if a score is no number.
    """
    later = []
    for trial in trials:  # how long each takes is not known before
        if len(later) > 1 and not examination.budget.allows(1, later[-1].seconds, share):
            break
        later.append(otherwise(trial.fold))
    trials = trials[: len(later)]
    if not np.isfinite([each.score for each in (*trials, *later)]).all():
        return later, None

    def as_it_was(fold, seed):
        return examination.fit(trials[0].candidate, fold, seed=seed)

    return later, settled(examination, later, trials, (otherwise, as_it_was))


#: A loss above it changes what a search is good for; below it, it is worth a warning.
_SERIOUS = 0.05


def severity(verdict, effect):
    """Of a loss of score."""
    if verdict != "fault":
        return "info"
    return "serious" if effect.mean > _SERIOUS else "warning"


def shown(effect, delta):
    """The verdict on a loss; None where there is none worth a line.

    Raises
    ------
    NotApplicable
        The interval reaches from a loss to a gain: nothing is known yet.
    """
    verdict = judged(effect.interval, delta)
    if verdict == "not the cause" or effect.mean <= delta:
        return None
    low, high = effect.interval
    if verdict == "undecided" and low < -delta:
        raise NotApplicable(
            f"an effect of {effect.mean:+.3f} [{low:+.3f}, {high:+.3f}] is within its noise: more "
            "folds or a larger budget would settle it"
        )
    return verdict


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
STATE = ("state/shared-weights", "state/shared-optimizer", "state/shared-callback")


def with_effects(examination, findings):
    """Findings of shared state with their effect, as far as what is left of the budget goes."""
    proved = [
        each
        for each in findings
        if (each.code in STATE or "held_outside" in each.evidence) and each.verdict == "fault"
    ]
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
