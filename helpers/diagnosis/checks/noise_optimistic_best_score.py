"""The best of many scores on the same folds is above what its candidate scores on new rows."""

import numpy as np
from scipy import stats

from helpers.diagnosis.findings import SERIOUS_IF_FAULT, Finding, Fix, judged
from helpers.diagnosis.registry import check
from helpers.diagnosis.resampling import mean_by_row, row_table, scores_on
from helpers.diagnosis.seeds import beside_the_best
from helpers.intervals import paired_interval

_RESAMPLES, _BLOCKS = 200, 10
#: Other seeds that tell what a seed is worth.
_MIN_SEEDS = 3

FIX = Fix(
    "Report the score of the chosen candidate on rows that chose nothing: nested "
    "cross-validation, or a part held back from the search.",
    "cross_val_score(search, X, y, cv=5).mean()  # instead of search.best_score_",
)


@check(
    "noise/optimistic-best-score",
    needs={"search", "trials"},
    proves=False,
    null="rows resampled (BBC-CV); the interval is a jackknife over blocks of rows; a finding "
    "needs its lower end above delta: 0 of 60 simulated with candidates 2 points apart; of seeds, "
    "the t interval of the others",
)
def noise_optimistic_best_score(examination):
    """Held-out rows are drawn again with replacement, the best candidate is chosen on them and
    scored on the rows not drawn (bootstrap bias corrected cross-validation); the difference is
    what choosing adds to `best_score_`. Candidates that differ in their seed alone are equal: there
    it is the lead of the best.
    """
    of_seeds = _of_seeds(examination)
    if of_seeds:
        return [of_seeds]
    candidates, table, _ = row_table(examination)
    table = mean_by_row(examination, table)
    if len(candidates) < 2 or table.shape[1] < 2 * _BLOCKS:
        return []
    optimism, low, high = optimism_interval(table, examination.subject.random_state)
    verdict = judged((low, high), examination.delta)
    if verdict != "fault":
        return []
    best = float(np.nanmax(examination.means))
    return [
        Finding(
            "noise/optimistic-best-score",
            "fault",
            "warning",
            f"best_score_ {best:.3f} is the best of {len(candidates)}; choosing adds about "
            f"{optimism:.3f} to it: {best - optimism:.3f} is to be expected on new rows",
            FIX,
            effect=optimism,
            interval=(low, high),
            evidence={
                "best_score": best,
                "corrected_score": best - optimism,
                "candidates": len(candidates),
                "held_out_rows": int(table.shape[1]),
                "resamples": _RESAMPLES,
            },
        )
    ]


def _of_seeds(examination):
    """What choosing the best of several seeds adds, by the mean of the others."""
    others = beside_the_best(examination)
    if len(others) < _MIN_SEEDS:
        return None
    best = float(examination.means[examination.best])
    half = stats.t.ppf(0.975, len(others) - 1) * others.std(ddof=1) / np.sqrt(len(others))
    added = best - float(others.mean())
    interval = added - float(half), added + float(half)
    if judged(interval, examination.delta) != "fault":
        return None
    return Finding(
        "noise/optimistic-best-score",
        "fault",
        "warning",
        f"best_score_ {best:.3f} is that of the luckiest of {len(others) + 1} seeds; "
        f"{best - added:.3f} is what the others score",
        FIX,
        effect=added,
        interval=interval,
        evidence={
            "best_score": best,
            "corrected_score": best - added,
            "scores_of_other_seeds": others.tolist(),
        },
    )


OWN_SCORE = Fix(
    "Score the rows that the fold holds out; what a fit saw of its own validation rows, and its "
    "best epoch above all, is no score of them.",
    'GridSearchCV(..., scoring="accuracy")',
)


@check("noise/optimistic-best-score", needs={"trials"})
def noise_score_without_targets(examination):
    """A scorer of the user's own is asked again with other targets for the held-out rows: if every
    score stays the same, bit by bit, it scores something else, whatever that is worth; the accuracy
    on those rows is set against it."""
    asked = [trial.is_blind for trial in examination.trials if trial.is_blind is not None]
    if not asked or not all(asked) or examination.best is None:
        return []
    subject, best = examination.subject, examination.of(examination.best)
    scores = np.array([trial.score for trial in best])
    verdict, added = "undecided", None
    if subject.labels is not None and ((scores >= 0) & (scores <= 1)).all():
        truth = [subject.labels[subject.splits[trial.fold][1]] for trial in best]
        right = [np.mean(np.ravel(trial.predictions) == y)
                 for trial, y in zip(best, truth, strict=True)]  # fmt: skip
        added = paired_interval(scores - right, test_fraction=subject.test_fraction)
        harmless = judged(added[1:], examination.delta) == "not the cause"
        verdict = "not the cause" if harmless else "fault"
    evidence = {"best_score": float(scores.mean()), "candidates_asked": len(asked)}
    if added is not None:
        evidence["accuracy_on_held_out_rows"] = float(np.mean(right))
    return [
        Finding(
            "noise/optimistic-best-score", verdict,
            SERIOUS_IF_FAULT[verdict],
            "The score does not look at the rows that the fold holds out: with other targets it "
            "stays the same",
            OWN_SCORE,
            effect=added and added.mean,
            interval=added and tuple(added[1:]),
            evidence=evidence,
        )
    ]  # fmt: skip


def optimism_interval(table, seed=0):
    """How much choosing the best adds to its score, with 95 % interval.

    Parameters
    ----------
    table : ndarray of shape (n_candidates, n_rows)
        Score of each candidate on each held-out row.

    Returns
    -------
    mean, low, high : float

    Notes
    -----
    I. Tsamardinos, E. Greasidou, G. Borboudakis, "Bootstrapping the out-of-sample predictions for
    efficient and accurate cross-validation", Machine Learning 107 (2018).
    """
    n = table.shape[1]
    block = np.random.default_rng(seed).permutation(n) % _BLOCKS
    estimate = _optimism(table, seed)
    without = np.array([_optimism(table[:, block != each], seed) for each in range(_BLOCKS)])
    error = np.sqrt((_BLOCKS - 1) / _BLOCKS * ((without - without.mean()) ** 2).sum())
    half = stats.t.ppf(0.975, _BLOCKS - 1) * error
    return estimate, float(estimate - half), float(estimate + half)


def _optimism(table, seed):
    n = table.shape[1]
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=_RESAMPLES).astype(float)
    outside = scores_on(table, (counts == 0).astype(float))
    chosen = scores_on(table, counts).argmax(axis=1)
    best = table.mean(axis=1).max()
    return float(best - outside[np.arange(_RESAMPLES), chosen].mean())
