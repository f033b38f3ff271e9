"""What is true of the searches of patients/preparation.py."""

from tests.benchmarks.diagnosis.expected.consequences import FEW_DIFFERENCES, INFLATED
from tests.benchmarks.diagnosis.expected.entry import Expected

__all__ = ["PREPARATION"]

WHITENED = {
    "noise/winner-within-noise": "rows that are all at right angles teach little",
    "noise/optimistic-best-score": "rows that are all at right angles teach little",
    "metric/below-baseline": "a test row is turned away from the training rows of its class",
    "metric/loss-mismatch": "a test row is turned away from the training rows of its class",
    "budget/ranking-not-settled": "rows that are all at right angles teach little",
    "budget/still-improving": "rows that are all at right angles teach little",
}

PREPARATION = {
    "wide_whitened": Expected(
        "PCA whitening of wide rows costs score", ("leak/preparation-saw-test-rows",), WHITENED
    ),
    "wide_singular_vectors": Expected(
        "left singular vectors of all rows", ("leak/preparation-saw-test-rows",), WHITENED
    ),
    "wide_given_whitened": Expected(
        "rows come whitened, wide", ("leak/fitted-on-all-rows",), WHITENED
    ),
    "wide_rotated_in_the_net": Expected(
        "frozen whitening layer from all rows", ("leak/fitted-on-all-rows",), WHITENED
    ),
    "wide_columns_chosen": Expected(
        "SelectKBest on noise before the split",
        ("leak/preparation-saw-test-labels",),
        INFLATED | {"leak/preparation-saw-test-rows": "columns move with the rows, too"},
    ),
    "wide_columns_chosen_by_correlation": Expected(
        "columns by correlation with a target",
        ("leak/preparation-saw-test-labels",),
        INFLATED | {"leak/preparation-saw-test-rows": "columns move with the rows, too"},
    ),
    "levels_by_mean": Expected(
        "target encoding before the split",
        ("leak/preparation-saw-test-labels",),
        INFLATED
        | {
            "leak/preparation-saw-test-rows": "levels are of the rows",
            "leak/target-in-features": "the encoded column holds the label",
        },
    ),
    "rare_class_resampled": Expected(
        "SMOTE before the split",
        ("leak/preparation-saw-test-labels",),
        INFLATED
        | {
            "leak/preparation-saw-test-rows": "blends of test rows",
            "leak/duplicate-rows": "blends are nearly copies",
        },
    ),
    "rare_class_copied": Expected(
        "rows come oversampled", ("leak/duplicate-rows",), INFLATED | FEW_DIFFERENCES
    ),
    "wide_jittered": Expected(
        "four jittered variants of each row", ("leak/duplicate-rows",), INFLATED
    ),
    "digits_given_turned": Expected(
        "three variants of each image",
        ("leak/duplicate-rows",),
        INFLATED | {"budget/still-improving": "with 100 epochs it scores 0.14 more than with 25"},
    ),
    "cancer_after_treatment": Expected(
        "column known only after the diagnosis", ("leak/target-in-features",), INFLATED
    ),
    "invoices": Expected(
        "column is the target with a factor", ("leak/target-in-features",), INFLATED
    ),
    "wine_scaled": Expected(
        "scaler before the split, harmless", info=("leak/preparation-saw-test-rows",)
    ),
    "penguins_filled": Expected(
        "imputer before the split, harmless", info=("leak/preparation-saw-test-rows",)
    ),
    "wine_given_scaled": Expected("rows come scaled, harmless", info=("leak/fitted-on-all-rows",)),
    "cancer_adapted": Expected(
        "Normalization from all rows, harmless", info=("leak/fitted-on-all-rows",)
    ),
    "cancer_adapted_per_fit": Expected("Normalization adapted in the builder"),
    "digits_gaussian_noise": Expected("augmentation as a layer"),
    "digits_pixels": Expected("division by 255"),
    "digits_row_lengths": Expected("each row scaled by itself"),
    "levels_listed": Expected("fixed list of categories"),
    "rare_class_resampled_per_fit": Expected("SMOTE inside an imblearn pipeline"),
    "rare_class_weighted": Expected("class weights for a rare class"),
    "strong_marker": Expected("strong honest feature"),
    "survey_answers": Expected("honest repeats of discrete rows"),
}
