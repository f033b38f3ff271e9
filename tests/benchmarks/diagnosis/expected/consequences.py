"""Consequences that come with a mechanism, wherever it is: codes that are true as well, and why."""

__all__ = [
    "CHAINED", "FEW_DIFFERENCES", "INFLATED", "NO_RANKING", "NO_SIGNAL", "UNTRAINED",
]  # fmt: skip

CHAINED = {
    "state/order-dependent": "what a fit starts from depends on the fits before it",
    "state/shared-optimizer": "where the compiled model is shared, its optimizer is",
    "noise/winner-within-noise": "the position in the list ranks the candidates",
    "noise/optimistic-best-score": "earlier fits have trained on the test rows",
    "budget/still-improving": "each fit is short",
    "budget/ranking-not-settled": "the position in the list ranks the candidates",
    "search/edge-of-grid": "the position in the list ranks the candidates",
    "search/refit-unlike-folds": "the final fit starts from all the others",
}
FEW_DIFFERENCES = {
    "noise/winner-within-noise": "the candidates hardly differ",
    "budget/ranking-not-settled": "the candidates hardly differ",
}
UNTRAINED = {
    "budget/still-improving": "one epoch, or next to it, is never enough",
    "budget/ranking-not-settled": "one epoch, or next to it, is never enough",
    "noise/winner-within-noise": "untrained candidates hardly differ",
    "metric/loss-mismatch": "untrained candidates hardly differ",
}
NO_RANKING = {
    "noise/winner-within-noise": "without a score there is no winner",
    "budget/ranking-not-settled": "without a score there is no winner",
    "search/all-tied": "without a score all are tied",
    "metric/loss-mismatch": "without a score there is no ranking to agree with",
}
NO_SIGNAL = {
    "noise/winner-within-noise": "nothing can be learnt, so nothing distinguishes candidates",
    "noise/optimistic-best-score": "the score is inflated",
    "budget/ranking-not-settled": "nothing can be learnt, so nothing distinguishes candidates",
    "metric/loss-mismatch": "nothing can be learnt, so nothing distinguishes candidates",
    "metric/below-baseline": "nothing can be learnt",
}
INFLATED = {
    "noise/optimistic-best-score": "fresh rows score lower, by the same mechanism",
}
