"""What is true of the searches of patients/several.py."""

from tests.benchmarks.diagnosis.expected.consequences import (
    CHAINED,
    FEW_DIFFERENCES,
    INFLATED,
    NO_RANKING,
    NO_SIGNAL,
    UNTRAINED,
)
from tests.benchmarks.diagnosis.expected.entry import Expected

__all__ = ["SEVERAL"]

SEVERAL = {
    "noise_columns_seeds": Expected(
        "selection before the split, seeds searched",
        ("leak/preparation-saw-test-labels", "noise/winner-within-noise"),
        NO_SIGNAL | {"leak/preparation-saw-test-rows": "columns move with the rows, too"},
    ),
    "clinic_columns": Expected(
        "selection before the split, patients shared",
        ("leak/preparation-saw-test-labels", "leak/shared-groups"),
        INFLATED
        | {
            "leak/preparation-saw-test-rows": "columns move with the rows, too",
            "leak/duplicate-rows": "rows of one patient are alike",
        },
    ),
    "cancer_thirty_epochs": Expected(
        "target in a column, fit_kwargs lost",
        ("leak/target-in-features", "wrapper/clone-drops-parameter", "budget/epochs-ignored"),
        UNTRAINED | INFLATED,
    ),
    "iris_in_order": Expected(
        "sorted labels: folds, validation rows",
        ("search/folds-miss-classes", "search/validation-unrepresentative"),
        NO_RANKING
        | {
            "metric/below-baseline": "the class of the test fold was never seen",
            "search/failed-fits": "an unseen class may raise",
            "budget/stopped-too-early": "the foreign rows stop it",
            "budget/still-improving": "the foreign rows stop it",
        },
    ),
    "digits_in_order": Expected(
        "sorted labels, stopper of the old name",
        ("search/folds-miss-classes", "budget/stopper-inert"),
        NO_RANKING | {"metric/below-baseline": "the classes of the test fold were never seen"},
    ),
    "rings_one_model_narrow": Expected(
        "global compiled model, rate ignored",
        ("state/shared-weights", "state/shared-optimizer", "search/parameter-ignored"),
        CHAINED,
    ),
    "rings_stopper_and_rate": Expected(
        "stopper without validation, rate ignored",
        ("budget/stopper-inert", "search/parameter-ignored"),
        FEW_DIFFERENCES,
    ),
    "rings_two_objects": Expected(
        "shared layer, callback with class-level count",
        ("state/shared-weights", "state/shared-callback"),
        CHAINED | FEW_DIFFERENCES,
    ),
    "clinic_settings": Expected(
        "patients shared, fit_kwargs lost",
        ("leak/shared-groups", "wrapper/clone-drops-parameter"),
        INFLATED
        | {
            "budget/epochs-ignored": "forty asked, fifteen run",
            "leak/duplicate-rows": "rows of one patient are alike",
        },
    ),
    "copies_and_columns": Expected(
        "rows come oversampled, seeds searched",
        ("leak/duplicate-rows", "noise/winner-within-noise"),
        INFLATED | FEW_DIFFERENCES,
    ),
    "iris_from_one": Expected(
        "column numbers predicted, dropout forgotten",
        ("wrapper/labels-misaligned", "search/parameter-ignored"),
        FEW_DIFFERENCES | {"metric/below-baseline": "hardly a prediction is right"},
    ),
}
