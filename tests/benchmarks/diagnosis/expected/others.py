"""What is true of the searches of patients/others.py, as those who wrote them say."""

from tests.benchmarks.diagnosis.expected.entry import Expected

__all__ = ["OTHERS"]

SHORT = {"budget/still-improving": "trained for 15 to 20 epochs"}
NOISE = {
    "noise/winner-within-noise": "candidates are alike",
    "noise/optimistic-best-score": "candidates are alike",
}

OTHERS = {
    "diabetes_errors": Expected(
        "an error as the score, its sign not turned",
        ("metric/loss-mismatch",),
        SHORT | {"metric/below-baseline": "the worst is chosen"},
    ),
    "faint_best_epoch": Expected(
        "the score is the best epoch on inner rows",
        ("noise/optimistic-best-score",),
        {"noise/winner-within-noise": "candidates are alike"},
    ),
    "faint_kept_epoch": Expected(
        "own callback holds the held-out rows and keeps the best epoch for them",
        ("leak/stopping-on-test-fold",),
        NOISE,
    ),
    "visits_of_patients": Expected(
        "groups are visits, labels are of patients", ("leak/shared-groups",), SHORT
    ),
    "friedman_own_step": Expected(
        "own train_step with an optimizer of its own",
        ("search/parameter-ignored", "search/all-tied"),
        SHORT,
    ),
    "digits_by_appearance": Expected(
        "codes by appearance, other ones in each fold; builder bound when constructed",
        ("wrapper/labels-misaligned", "search/parameter-ignored"),
        NOISE | {"metric/below-baseline": "names are exchanged"},
    ),
    "noise_union": Expected(
        "frozen union of PCA and selected columns, fitted on all rows",
        ("leak/fitted-on-all-rows",),
        SHORT | NOISE,
    ),
    "tags_by_trees": Expected(
        "several labels a row, trees told them, as columns",
        ("leak/preparation-saw-test-labels",),
        SHORT | NOISE,
    ),
    "scans_again": Expected(
        "noisy copies of images below each other, before the folds", ("leak/duplicate-rows",)
    ),
    "corners_by_updates": Expected("batch sizes at equal numbers of updates"),
}
