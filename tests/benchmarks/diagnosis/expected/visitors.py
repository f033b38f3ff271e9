"""What is true of the searches of patients/visitors.py, as those who wrote them say."""

from tests.benchmarks.diagnosis.expected.entry import Expected
from tests.benchmarks.diagnosis.expected.others import NOISE, SHORT

__all__ = ["VISITORS"]

INFLATED = {"noise/optimistic-best-score": "fresh rows score lower, by the same mechanism"}

VISITORS = {
    "biopsies_named": Expected(
        "several biopsies of a patient, who is named within the text of a column",
        ("leak/shared-groups",),
        NOISE | SHORT | INFLATED | {"leak/duplicate-rows": "rows of one patient are alike"},
    ),
    "stays_with_gaps": Expected(
        "days to a contact that only follows on the outcome: their gaps tell it",
        ("leak/target-in-features",),
        NOISE | SHORT,
    ),
    "wine_by_appearance": Expected(
        "columns of predict_proba in order of appearance, scored by roc_auc_ovr",
        ("wrapper/labels-misaligned",),
        NOISE
        | SHORT
        | {
            "metric/loss-mismatch": "the score reads other columns",
            "metric/below-baseline": "likewise, it is below that of a constant",
        },
    ),
    "wide_mixup": Expected(
        "a train_step of its own leaves the searched penalty out",
        ("search/parameter-ignored",),
        NOISE | SHORT | {"search/edge-of-grid": "of the rate"},
    ),
    "amounts_in_percent": Expected(
        "trained on squares, searched by percentages: the rate that learns nothing wins",
        ("metric/loss-mismatch",),
        NOISE
        | SHORT
        | {
            "search/edge-of-grid": "less learning, less percentage",
            "metric/below-baseline": "the winner has learnt nothing",
        },
    ),
    "balanced_folds": Expected(
        "a splitter that draws rows of the rare class before it divides them",
        ("leak/duplicate-rows",),
        NOISE | SHORT | INFLATED,
    ),
    "shops_below_each_other": Expected(
        "TimeSeriesSplit on a panel sorted by shop, then week",
        ("leak/future-rows",),
        NOISE | SHORT,
    ),
    "reviews_weighted": Expected(
        "words weighted by class over all rows, as in NB-SVM",
        ("leak/preparation-saw-test-labels",),
        NOISE | SHORT | INFLATED,
    ),
    "twelve_numbers": Expected(
        "SciKeras, twelve seeds on one split of 28 rows",
        ("noise/winner-within-noise", "noise/optimistic-best-score"),
        SHORT | {"budget/ranking-not-settled": "nothing distinguishes the candidates"},
    ),
    "fives_from_a_base": Expected("a base that the first fit trains on other digits"),
    "hours_so_far": Expected("lags and means of all that came before, rows without them dropped"),
}
