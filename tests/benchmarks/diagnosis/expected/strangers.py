"""What is true of the searches of patients/strangers.py, as those who wrote them say."""

from tests.benchmarks.diagnosis.expected.entry import Expected
from tests.benchmarks.diagnosis.expected.others import NOISE, SHORT

__all__ = ["STRANGERS"]

STRANGERS = {
    "blobs_lowest_loss": Expected(
        "own callback gives back the best weights of all fits",
        ("state/shared-callback",),
        NOISE
        | {
            "search/all-tied": "all end with the same weights",
            "search/parameter-ignored": "likewise",
            "state/order-dependent": "as the callback",
        },
    ),
    "digits_rate_found": Expected(
        "a rate finder goes on from the last fit's rate, on its class",
        ("state/order-dependent",),
        SHORT | {"budget/diverged": "at rates of another optimizer"},
    ),
    "digits_accumulated": Expected(
        "gradients of 4 and 16 batches added up, at one number of epochs",
        ("budget/unequal-updates",),
        SHORT | {"budget/ranking-not-settled": "trained for 12 epochs"},
    ),
    "digits_in_two_phases": Expected(
        "second phase from epoch 10 to epoch 10",
        ("budget/epochs-ignored",),
        SHORT
        | NOISE
        | {
            "search/parameter-ignored": "the rate of what does not train",
            "budget/ranking-not-settled": "the head alone is trained",
        },
    ),
    "friedman_small_gains": Expected(
        "min_delta in other units than the scaled target's",
        ("budget/stopped-too-early",),
        NOISE
        | SHORT
        | {
            "search/edge-of-grid": "more units come further in few epochs",
            "budget/ranking-not-settled": "likewise",
        },
    ),
    "dim_scans": Expected(
        "0/0 in a layer: weights that are no numbers, a loss that is",
        ("budget/diverged",),
        SHORT | {"metric/below-baseline": "class 0 is predicted"},
    ),
    "table_late_penalty": Expected(
        "regularizers set on layers that have their variables",
        ("search/parameter-ignored",),
        NOISE | {"search/all-tied": "the values do nothing"},
    ),
    "pictures_again": Expected(
        "five noisy copies of images, copy by copy, before the folds",
        ("leak/duplicate-rows",),
        NOISE | SHORT,
    ),
}
