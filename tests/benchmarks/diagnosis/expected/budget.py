"""What is true of the searches of patients/budget.py."""

from tests.benchmarks.diagnosis.expected.consequences import CHAINED, FEW_DIFFERENCES, UNTRAINED
from tests.benchmarks.diagnosis.expected.entry import Expected

__all__ = ["BUDGET"]

BUDGET = {
    "rings_epochs_asked": Expected(
        "SciKeras, leftover fit__epochs wins",
        ("budget/epochs-ignored",),
        UNTRAINED | {"search/parameter-ignored": "epochs has no effect"},
    ),
    "rings_resumed_count": Expected(
        "own class, initial_epoch from a global list",
        ("budget/epochs-ignored",),
        CHAINED | UNTRAINED | {"metric/below-baseline": "later fits do not train"},
    ),
    "rings_two_epochs": Expected(
        "two epochs at a small rate",
        ("budget/still-improving",),
        {
            "metric/below-baseline": "nothing is learnt in two epochs",
        },
    ),
    "digits_batch_norm": Expected(
        "moving averages of BatchNorm not settled",
        ("budget/still-improving",),
        FEW_DIFFERENCES | {"metric/loss-mismatch": "training and evaluation differ"},
    ),
    "digits_slow": Expected(
        "five epochs at a small rate",
        ("budget/still-improving",),
        {"budget/ranking-not-settled": "all are far from done"},
    ),
    "signs_rates": Expected(
        "large rate ahead at five epochs only",
        ("budget/ranking-not-settled",),
        UNTRAINED | {"search/edge-of-grid": "untrained candidates"},
    ),
    "signs_halved": Expected(
        "halving drops the slow learner",
        ("budget/ranking-not-settled",),
        UNTRAINED | {"search/edge-of-grid": "untrained candidates"},
    ),
    "signs_impatient": Expected(
        "patience 1 on a plateau",
        ("budget/stopped-too-early",),
        {
            "budget/still-improving": "so does each fit",
            "metric/below-baseline": "nothing is learnt on the plateau",
        },
    ),
    "rings_least_gain": Expected(
        "min_delta larger than an epoch's gain",
        ("budget/stopped-too-early",),
        {
            "budget/still-improving": "so does each fit",
            "metric/below-baseline": "nothing is learnt so early",
        },
    ),
    "rings_without_validation": Expected(
        "SciKeras, val_loss without validation rows", ("budget/stopper-inert",)
    ),
    "rings_stopper_in_fit": Expected(
        "SciKeras drops callbacks given to fit", ("budget/stopper-inert",)
    ),
    "rings_stopper_of_old_name": Expected(
        "keras.wrappers, val_acc with mode max", ("budget/stopper-inert",)
    ),
    "digits_batches": Expected(
        "batch size 8 and 64 at four epochs",
        ("budget/unequal-updates",),
        UNTRAINED | {"search/edge-of-grid": "smaller batches are more updates"},
    ),
    "digits_small_and_large_batches": Expected(
        "batch size in fit_kwargs, keras.wrappers",
        ("budget/unequal-updates",),
        UNTRAINED | {"search/edge-of-grid": "smaller batches are more updates"},
    ),
    "digits_large_rate": Expected(
        "SciKeras, loss explodes, score says nothing",
        ("budget/diverged",),
        {"search/edge-of-grid": "two rates"},
    ),
    "diabetes_raw_target": Expected(
        "own regressor, raw target explodes",
        ("budget/diverged",),
        {
            "search/edge-of-grid": "two rates",
            "budget/still-improving": "the small rate is slow",
        },
    ),
    "digits_first_rows": Expected(
        "own class, fixed number of training rows",
        ("search/refit-unlike-folds",),
        {"budget/stopped-too-early": "the final fit"},
    ),
    "digits_all_rows_longer": Expected(
        "own class, one epoch for all rows",
        ("search/refit-unlike-folds",),
        {
            "budget/epochs-ignored": "the final fit",
            "budget/still-improving": "the final fit",
        },
    ),
    "digits_batches_paired": Expected("batch sizes at equal updates"),
    "rings_epochs_equal": Expected("fit__epochs equal to epochs"),
    "rings_halved": Expected("halving, winner the same at full budget"),
    "rings_falling_loss": Expected("curves rise, ranking stays"),
    "rings_many_rates": Expected("hopeless rate among others"),
    "rings_named_auc": Expected("AUC with a name"),
    "rings_patience_left": Expected("patience not reached"),
}
