"""What is true of the searches of patients/split.py."""

from tests.benchmarks.diagnosis.expected.consequences import INFLATED, NO_RANKING, NO_SIGNAL
from tests.benchmarks.diagnosis.expected.entry import Expected

__all__ = ["SPLIT"]

SPLIT = {
    "clinic_rows": Expected(
        "rows of one patient in all folds",
        ("leak/shared-groups",),
        INFLATED | {"leak/duplicate-rows": "rows of one patient are alike"},
    ),
    "subjects_measured": Expected(
        "repeated measures, own regressor",
        ("leak/shared-groups",),
        INFLATED | {"leak/duplicate-rows": "rows of one subject are alike"},
    ),
    "days_apart": Expected(
        "shuffled folds of a slow series",
        ("leak/future-rows",),
        INFLATED
        | {
            "leak/duplicate-rows": "neighbours in time are alike",
            "budget/still-improving": "the longer it trains, the better it knows the days around",
        },
    ),
    "windows": Expected(
        "overlapping windows, shuffled folds",
        ("leak/future-rows",),
        INFLATED
        | {
            "leak/duplicate-rows": "overlapping windows are alike",
            "budget/still-improving": "longer training learns more of what the windows share",
        },
    ),
    "holdout_watched": Expected(
        "validation rows are the one test fold", ("leak/stopping-on-test-fold",), INFLATED
    ),
    "noise_watched": Expected(
        "own class, best epoch on the test fold",
        ("leak/stopping-on-test-fold",),
        INFLATED | NO_SIGNAL,
    ),
    "iris_three_folds": Expected(
        "SciKeras with cv=3 on sorted labels",
        ("search/folds-miss-classes",),
        NO_RANKING
        | {
            "metric/below-baseline": "the class of the test fold was never seen",
            "search/failed-fits": "an unseen class may raise",
            "search/edge-of-grid": "scores mean nothing",
            "leak/future-rows": "sorted rows",
        },
    ),
    "digits_one_hot": Expected(
        "one-hot labels with cv=3, sorted",
        ("search/folds-miss-classes",),
        NO_RANKING | {"metric/below-baseline": "most classes of the test fold were never seen"},
    ),
    "digits_by_number": Expected(
        "validation_split of sorted labels, stopper",
        ("search/validation-unrepresentative",),
        {"budget/stopped-too-early": "the foreign rows stop it"},
    ),
    "sizes_in_order": Expected(
        "validation_split of a sorted target, own class",
        ("search/validation-unrepresentative",),
        {
            "budget/stopped-too-early": "the foreign rows stop it",
            "budget/still-improving": "the foreign rows stop it",
            "metric/below-baseline": "stopped after an epoch, it predicts worse than the mean",
        },
    ),
    "clinic_rows_together": Expected("groups kept together"),
    "days_independent": Expected("dated rows that are independent"),
    "labels_together": Expected("true multilabel target, KFold"),
    "rings_three_folds": Expected("SciKeras with cv=3 on shuffled balanced labels"),
    "rings_with_ids": Expected("group ids unrelated to the label"),
    "separate_rows_watched": Expected("validation_data apart from all folds"),
}
