"""What is true of the searches of patients/wrappers.py."""

from tests.benchmarks.diagnosis.expected.consequences import UNTRAINED
from tests.benchmarks.diagnosis.expected.entry import Expected

__all__ = ["WRAPPERS"]

WRAPPERS = {
    "rings_thirty_epochs": Expected(
        "keras.wrappers loses fit_kwargs",
        ("wrapper/clone-drops-parameter", "budget/epochs-ignored"),
        UNTRAINED | {"metric/below-baseline": "one epoch"},
    ),
    "rings_keyword_settings": Expected(
        "own class with keyword settings",
        ("wrapper/clone-drops-parameter",),
        {"budget/still-improving": "the default is narrow"},
    ),
    "overlap_logits": Expected(
        "SciKeras rounds logits at one half", ("wrapper/labels-misaligned",)
    ),
    "wine_numbers": Expected(
        "own class predicts columns, labels from 1",
        ("wrapper/labels-misaligned",),
        {"metric/below-baseline": "nearly no prediction is right"},
    ),
    "sorted_names": Expected(
        "own class, codes by appearance",
        ("wrapper/labels-misaligned",),
        {"metric/below-baseline": "names are exchanged"},
    ),
    "rare_unrelated": Expected(
        "overfitted noise, one class in three, accuracy", ("metric/below-baseline",)
    ),
    "noise_regression": Expected(
        "overfitted noise, keras.wrappers regressor", ("metric/below-baseline",)
    ),
    "overlap_precision": Expected(
        "precision searched, few predicted positives win",
        ("metric/loss-mismatch",),
        {"noise/winner-within-noise": "precision of few rows is noisy"},
    ),
    "overlap_recall": Expected(
        "recall searched, nearly all positive wins",
        ("metric/loss-mismatch",),
        {"metric/below-baseline": "predicting all positive has the same recall"},
    ),
    "digits_plain": Expected("plain SciKeras search"),
    "rings_kept_in_clone": Expected("keras.wrappers, fit_kwargs in the grid"),
    "wine_cultivars": Expected("text labels, scaler searched"),
}
