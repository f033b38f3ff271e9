"""What is true of the searches of patients/space.py."""

from tests.benchmarks.diagnosis.expected.consequences import FEW_DIFFERENCES, NO_RANKING
from tests.benchmarks.diagnosis.expected.entry import Expected

__all__ = ["SPACE"]

SPACE = {
    "overlap_rates": Expected(
        "SciKeras, builder compiles, rate ignored",
        ("search/parameter-ignored",),
        FEW_DIFFERENCES,
    ),
    "overlap_dropout": Expected(
        "own class forgets its dropout", ("search/parameter-ignored",), FEW_DIFFERENCES
    ),
    "rings_epochs_twice": Expected(
        "searched epochs overridden, one seed",
        ("search/parameter-ignored", "search/all-tied"),
        FEW_DIFFERENCES | {"budget/epochs-ignored": "thirty asked, eight run"},
    ),
    "rings_auc": Expected(
        "keras.wrappers, roc_auc without probabilities",
        ("search/failed-fits",),
        NO_RANKING,
    ),
    "rings_one_output": Expected(
        "keras.wrappers, one output for one-hot labels", ("search/failed-fits",), NO_RANKING
    ),
    "rings_optimizer_names": Expected("SciKeras, one optimizer misspelt", ("search/failed-fits",)),
    "rings_one_unit": Expected(
        "softmax on one unit",
        ("search/all-tied",),
        NO_RANKING | {"metric/below-baseline": "the prediction is constant"},
    ),
    "digits_narrow": Expected(
        "widths 2 to 5, more is better",
        ("search/edge-of-grid",),
        {
            "noise/winner-within-noise": "the last two are close",
            "budget/still-improving": "narrow nets learn slowly",
        },
    ),
    "digits_penalty": Expected("penalties all too large", ("search/edge-of-grid",)),
    "rings_dropout": Expected("winner at dropout 0"),
    "rings_momentum": Expected("momentum under Adam"),
}
