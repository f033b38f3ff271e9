"""What is true of the searches of patients/boarders, as those who wrote them say."""

from tests.benchmarks.diagnosis.expected.entry import Expected
from tests.benchmarks.diagnosis.expected.others import NOISE, SHORT

__all__ = ["BOARDERS"]

LONGER = SHORT | {
    "budget/ranking-not-settled": "trained for few epochs",
    "search/edge-of-grid": "the grid is small",
}

BOARDERS = {
    "churn_warmed": Expected(
        "a fit starts from four fifths of what the last of its shape had learnt, and some noise",
        ("state/shared-weights",),
        NOISE | LONGER | {"state/order-dependent": "what a fit ends with depends on the last"},
    ),
    "labels_bootstrapped": Expected(
        "a loss object of all fits counts the batches it has seen, in a variable",
        ("state/order-dependent",),
        NOISE | LONGER,
    ),
    "glyphs_asked_thrice": Expected(
        "probabilities are kept under the rows alone: those of the first candidate are given for "
        "all",
        ("search/all-tied",),
        NOISE | LONGER | {"state/stale-results": "what is kept is of another fit"},
    ),
    "scans_of_four_sites": Expected(
        "rows sorted by site; the last, whose scans are rotated, validates, and a stopper goes by "
        "it",
        ("search/validation-unrepresentative",),
        NOISE | LONGER | {"budget/stopped-too-early": "it ends training, by those rows"},
    ),
    "customers_reviewed": Expected(
        "rows whose label a forest does not expect are left out before the search",
        ("leak/preparation-saw-test-labels",),
        NOISE | LONGER,
    ),
    "expression_projected": Expected(
        "X are the discriminants that were fitted on the labels of all rows",
        ("leak/fitted-on-all-rows",),
        NOISE | LONGER,
    ),
    "orders_by_day": Expected(
        "orders of a day share what makes them late; the file is shuffled, days are text",
        ("leak/future-rows",),
        NOISE | LONGER,
    ),
    "cells_kept_best": Expected(
        "an estimator holds the whole table, and keeps the epoch that is best on the rest of it",
        ("leak/stopping-on-test-fold",),
        NOISE | LONGER,
    ),
    "traps_two_heads": Expected(
        "two labels a row, the second sorted in the file; folds are cut as they come",
        ("search/folds-miss-classes",),
        NOISE | LONGER,
    ),
    "answers_repeated": Expected("few questions in words: answers repeat, nobody was copied"),
    "digits_in_batches": Expected(
        "a generator for 25 epochs, which can be gone through once",
        ("budget/epochs-ignored",),
        NOISE | LONGER,
    ),
    "friedman_deep": Expected(
        "deep nets sit on a plateau at first: after 8 epochs the shallow one wins",
        ("budget/ranking-not-settled",),
        NOISE | LONGER,
    ),
    "demand_ahead": Expected(
        "windows that overlap under shuffled folds; the stopper watches a name that is not logged",
        ("budget/stopper-inert", "leak/future-rows"),
        NOISE | LONGER | {"metric/below-baseline": "of another half of the folds"},
    ),
}
