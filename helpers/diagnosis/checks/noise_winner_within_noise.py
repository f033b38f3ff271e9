"""The lead of the best candidate is what seeds and folds make of candidates that are alike."""

import numpy as np
from scipy import stats
from sklearn.model_selection import KFold, StratifiedKFold

from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable, check
from helpers.diagnosis.seeds import beside_the_best
from helpers.intervals import Interval, paired_interval

#: Below this share, at 95 % confidence, the spread of the mean scores is mostly noise.
_RELIABILITY = 0.5
_LEVEL = 0.05
#: Fresh folds of one round, and rounds: each is a look at the interval.
_REPEATS, _ROUNDS = 3, 3
#: Of two candidates one leads, which is no surprise, and few fits cannot refute it.
_MIN_CANDIDATES, _MANY, _MIN_DIFFERENCES = 3, 8, 6

FIX = Fix(
    "Take the candidate that is cheapest or simplest among those that are tied, or repeat the "
    "folds with other seeds until the lead is larger than its noise.",
    "GridSearchCV(estimator, grid, cv=RepeatedStratifiedKFold(n_splits=5, n_repeats=4))",
)

SEEDS = Fix(
    "Leave the seed out of the grid; to see what it makes of the score, repeat the whole search.",
    "cross_val_score(estimator.set_params(random_state=seed), X, y, cv=5)  # for several seeds",
)


@check(
    "noise/winner-within-noise",
    needs={"search", "trials", "candidates"},
    fits=18,
    proves=False,
    null="candidates that differ: F test of candidate x fold (p >= .05), then fresh seeds whose "
    "interval excludes three quarters of the claimed gap, by all of three looks; simulated: at "
    "most 5 % where the best leads by twice the noise of a fold, up to 48 % of ten candidates "
    "where it leads by as much as that noise",
)
def noise_winner_within_noise(examination):
    """Variance of the mean scores between candidates against that of candidates within folds;
    where they cannot be told apart, the best and the worst are trained again with fresh seeds on
    fresh folds.

    A lead whose interval ends below delta costs nothing, whoever wins: not the cause.
    """
    if len(beside_the_best(examination)):
        return []  # see noise_luckiest_seed
    scores = examination.scores
    scores = scores[np.isfinite(scores).all(axis=1)]
    if min(scores.shape) < 2 or np.ptp(scores, axis=0).max() == 0:
        return []
    claimed, p, reliability = lead(scores)
    if p < _LEVEL:
        return []
    if claimed <= examination.delta:
        return _tied(scores, claimed, p, examination.delta)
    evidence = {
        "candidates": len(scores),
        "folds": scores.shape[1],
        "claimed_lead": claimed,
        "p_candidates_alike": p,
        "reliability_at_most": reliability,
    }
    if len(scores) < _MIN_CANDIDATES:
        return []
    elsewhere = paired_interval(
        _lead_elsewhere(scores), test_fraction=examination.subject.test_fraction
    )
    is_noise = reliability < _RELIABILITY and elsewhere.mean < claimed / 2
    if is_noise and claimed - elsewhere.high > examination.delta:
        return [_finding("fault", claimed, elsewhere, evidence)]
    try:
        return _refitted(examination, evidence)
    except NotApplicable:
        if not is_noise or len(scores) < _MANY:
            raise
        return [_finding("undecided", claimed, elsewhere, evidence)]


@check("noise/winner-within-noise", needs={"search", "trials"})
def noise_luckiest_seed(examination):
    """The lead of the best over candidates that are the same but for the seed: these are equal,
    and nothing is left to test."""
    others = beside_the_best(examination)
    if not len(others):
        return []
    best = float(examination.means[examination.best])
    lead = best - float(others.mean())
    if lead <= examination.delta:
        return []
    return [
        Finding(
            "noise/winner-within-noise",
            "fault",
            "warning",
            f"The best candidate leads by {lead:.3f} over {len(others)} that differ from it in "
            "their seed alone: a seed is no setting, and its luck does not come again",
            SEEDS,
            effect=lead,
            evidence={
                "candidates_of_other_seeds": len(others), "scores": [best, *others.tolist()],
            },
        )
    ]  # fmt: skip


def lead(scores):
    """Lead of the best over the mean of the others, and whether the candidates differ.

    Parameters
    ----------
    scores : ndarray of shape (n_candidates, n_folds)

    Returns
    -------
    claimed : float
    p : float
        Of the F test in the table candidate x fold: candidates are alike.
    reliability : float
        Upper 95 % limit of the share of variance of the mean scores that is not noise.
    """
    n_candidates, n_folds = scores.shape
    means, (residual, free) = scores.mean(axis=1), _residual(scores)
    freedom = n_candidates - 1, free
    between = n_folds * means.var(ddof=1)
    within = max((residual**2).sum() / free, 1e-300)
    ratio = between / within
    limit = 1 - stats.f.ppf(0.05, *freedom) / max(ratio, 1e-300)
    best = means.argmax()
    return (
        float(means[best] - np.delete(means, best).mean()),
        float(stats.f.sf(ratio, *freedom)),
        float(np.clip(limit, 0, 1)),
    )


def _tied(scores, claimed, p, delta):
    """What is to be said of candidates that are as good as each other."""
    n_candidates, n_folds = scores.shape
    residual, freedom = _residual(scores)
    variance = (residual**2).sum() / freedom * n_candidates / (n_candidates - 1) / n_folds
    half = float(stats.t.ppf(0.975, freedom) * np.sqrt(variance))
    if claimed + half >= delta:
        return []
    return [
        Finding(
            "noise/winner-within-noise",
            "not the cause",
            "info",
            f"The {n_candidates} candidates are tied: the best leads by {claimed:.3f}, and less "
            f"than {delta:.3f} is lost by taking another",
            FIX,
            effect=claimed,
            interval=(claimed - half, claimed + half),
            evidence={"candidates": n_candidates, "folds": n_folds, "p_candidates_alike": p},
        )
    ]


def _residual(scores):
    """What neither candidate nor fold explains, and its degrees of freedom."""
    n_candidates, n_folds = scores.shape
    means = scores.mean(axis=1, keepdims=True)
    return scores - means - scores.mean(axis=0) + scores.mean(), (n_candidates - 1) * (n_folds - 1)


def _lead_elsewhere(scores):
    """By fold, the lead there of the candidate that is best in the other folds."""
    leads = []
    for fold in range(scores.shape[1]):
        best = np.delete(scores, fold, axis=1).mean(axis=1).argmax()
        here = scores[:, fold]
        leads.append(here[best] - np.delete(here, best).mean())
    return leads


def _refitted(examination, evidence):
    """The best and the worst with fresh seeds on fresh folds, as often as the budget allows."""
    means = examination.means
    best, worst = int(np.nanargmax(means)), int(np.nanargmin(means))
    gap, delta = float(means[best] - means[worst]), examination.delta
    repeats, n_rounds = _affordable(examination, evidence["claimed_lead"])
    differences = []
    for once in range(n_rounds):
        if once and not _pays(examination, repeats):
            break
        for repeat in range(once * repeats, (once + 1) * repeats):
            differences += _fresh_differences(examination, best, worst, repeat)
        if len(differences) < _MIN_DIFFERENCES:
            break
        gained = _gained(examination.scores, differences, n_looks=n_rounds)
        is_refuted = gained.low <= 0 and gained.high <= 0.75 * gap and gained.mean <= gap / 3
        if is_refuted and gap - gained.high > delta:
            told = {"gap_best_to_worst": gap, "repeats": (once + 1) * repeats}
            return [_finding("fault", gap, gained, {**evidence, **told})]
        if gained.mean > gap / 2:
            break
    return []


def _affordable(examination, claimed):
    """Repeats of the folds in a round, and rounds."""
    n_folds = len(examination.subject.splits)
    repeats = next(
        (each for each in range(_REPEATS * _ROUNDS, 0, -1) if _pays(examination, each)), 0
    )
    if repeats * n_folds < _MIN_DIFFERENCES:
        raise NotApplicable(
            f"the lead of {claimed:.3f} is not beyond the noise of the folds; "
            f"to settle it takes {2 * n_folds * _REPEATS} more fits"
        )
    return min(repeats, _REPEATS), max(1, repeats // _REPEATS)


def _pays(examination, repeats):
    n_fits = 2 * len(examination.subject.splits) * repeats
    return examination.budget.allows(n_fits, examination.seconds_a_fit)


def _fresh_differences(examination, best, worst, repeat):
    subject, differences = examination.subject, []
    splits = _fresh(subject, repeat)
    for fold in range(len(splits)):
        pair = [
            examination.fit_allowed(
                each, fold, seed=subject.random_state + 7919 + seed, splits=splits
            )
            for seed, each in ((2 * repeat, best), (2 * repeat + 1, worst))
        ]
        differences.append(pair[0].score - pair[1].score)
    return [each for each in differences if np.isfinite(each)]


def _gained(scores, differences, n_looks):
    """Mean of the fresh differences, with the spread of the search's own scores pooled in."""
    scores = scores[np.isfinite(scores).all(axis=1)]
    residual, free = _residual(scores)
    n, mean = len(differences), float(np.mean(differences))
    squares = float(np.sum((np.array(differences) - mean) ** 2) + 2 * np.sum(residual**2))
    freedom = n - 1 + free
    half = stats.t.ppf(1 - 0.025 / n_looks, freedom) * np.sqrt(squares / freedom / n)
    return Interval(mean, mean - float(half), mean + float(half))


def _finding(verdict, claimed, gained, evidence):
    lost = claimed - gained.mean
    return Finding(
        "noise/winner-within-noise",
        verdict,
        "warning",
        f"The best of {evidence['candidates']} candidates leads by {claimed:.3f}; seen elsewhere "
        f"the lead is {gained.mean:+.3f}: the ranking is noise of seeds and folds",
        FIX,
        effect=float(lost),
        interval=(float(claimed - gained.high), float(claimed - gained.low)),
        evidence={
            **evidence,
            "lead_elsewhere": gained.mean,
            "interval_of_lead_elsewhere": [gained.low, gained.high],
        },
    )


def _fresh(subject, repeat):
    """Other folds of the same kind; the same where groups or time decide them."""
    n_folds = len(subject.splits)
    held_out = np.sort(np.concatenate([test for _, test in subject.splits]))
    if subject.groups is not None or not np.array_equal(held_out, np.arange(subject.n_rows)):
        return subject.splits
    seed = subject.random_state + 101 + repeat
    labels = subject.labels
    if labels is not None and np.unique(labels, return_counts=True)[1].min() >= n_folds:
        cv = StratifiedKFold(n_folds, shuffle=True, random_state=seed)
        return list(cv.split(np.zeros(subject.n_rows), labels))
    cv = KFold(n_folds, shuffle=True, random_state=seed)
    return list(cv.split(np.zeros(subject.n_rows)))
