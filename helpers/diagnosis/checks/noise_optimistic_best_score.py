"""The best of many scores on the same folds is above what its candidate scores on new rows."""

import numpy as np
from scipy import stats

from helpers.diagnosis.findings import Finding, Fix, judged
from helpers.diagnosis.registry import check
from helpers.diagnosis.resampling import mean_by_row, row_table, scores_on

_RESAMPLES, _BLOCKS = 200, 10

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
    "needs its lower end above delta: 0 of 60 simulated with candidates 2 points apart",
)
def noise_optimistic_best_score(examination):
    """Held-out rows are drawn again with replacement, the best candidate is chosen on them and
    scored on the rows not drawn (bootstrap bias corrected cross-validation); the difference is
    what choosing adds to `best_score_`.
    """
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
