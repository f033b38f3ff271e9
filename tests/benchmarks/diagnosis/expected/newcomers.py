"""What is true of the searches of patients/newcomers.py, as those who wrote them say."""

from tests.benchmarks.diagnosis.expected.entry import Expected
from tests.benchmarks.diagnosis.expected.others import NOISE, SHORT

__all__ = ["NEWCOMERS"]

NEWCOMERS = {
    "digits_rates_set": Expected(
        "a schedule sets rates of its own over the searched ones",
        ("search/parameter-ignored",),
        NOISE | SHORT | {"search/all-tied": "nothing else is searched"},
    ),
    "dose_without_training": Expected(
        "a train_step that forgets training=True: the searched dropout never acts",
        ("search/parameter-ignored",),
        NOISE | SHORT,
    ),
    "progression_counted_on": Expected(
        "a schedule counts the epochs of all fits in an iterator that it closes over",
        ("state/shared-callback",),
        NOISE
        | SHORT
        | {
            "state/order-dependent": "what the counting leads to",
            "search/refit-unlike-folds": "the refit begins where the last fold ended",
            "metric/below-baseline": "later fits learn nothing",
            "budget/unequal-updates": "later fits learn nothing",
        },
    ),
    "grades_by_appearance": Expected(
        "labels numbered by appearance, read as sorted: two folds of five mean other grades",
        ("wrapper/labels-misaligned",),
        NOISE | SHORT,
    ),
    "clusters_in_thirty_steps": Expected(
        "a schedule of as many steps as there are epochs: no rate is left after 30 of 510 updates",
        ("budget/still-improving",),
        NOISE | {"search/edge-of-grid": "what learns faster gains where there is no time"},
    ),
    "digits_till_enough": Expected(
        "a callback ends training at an accuracy of .85 on the training rows",
        ("budget/stopped-too-early",),
        NOISE | SHORT,
    ),
    "digits_on_a_frozen_base": Expected(
        "the searched penalty is set on layers that a flag leaves frozen",
        ("search/parameter-ignored",),
        NOISE | SHORT | {"search/all-tied": "nothing else is searched"},
    ),
    "cut_offs_by_ranks": Expected(
        "a threshold of the decision, searched by a score of ranks",
        ("search/parameter-ignored",),
        NOISE | SHORT | {"search/edge-of-grid": "of the units"},
    ),
    "questions_unanswered": Expected(
        "whether a question is answered tells the target, through the imputer's indicator",
        ("leak/target-in-features",),
        NOISE | SHORT,
    ),
    "spirals_on_banks": Expected(
        "frozen banks of waves, shared by all models and never trained: what is searched is which",
    ),
    "columns_scaled_or_not": Expected(
        "a slow nested search, whose first candidate is a bad one and whose second is right",
    ),
}
