"""What is true of the searches of patients/lodgers.py, as those who wrote them say."""

from tests.benchmarks.diagnosis.expected.entry import Expected
from tests.benchmarks.diagnosis.expected.others import NOISE, SHORT

__all__ = ["LODGERS"]

LODGERS = {
    "grain_on_scores": Expected(
        "a PLS fitted on all rows before the search, and frozen in the pipeline",
        ("leak/fitted-on-all-rows",),
        NOISE | SHORT,
    ),
    "servers_newest_first": Expected(
        "a table sorted newest first, split in time: later rows train",
        ("leak/future-rows",),
        NOISE | SHORT,
    ),
    "bearings_of_four_plants": Expected(
        "validation_split takes the last plant, whose sensors have turned signs, and a stopper "
        "goes by it",
        ("search/validation-unrepresentative",),
        NOISE | SHORT | {"budget/stopped-too-early": "it ends training at once, by those rows"},
    ),
    "customers_until_flat": Expected(
        "a callback of the user's own asks the logs for val_acc, which is val_accuracy",
        ("budget/stopper-inert",),
        NOISE | SHORT,
    ),
    "visitors_kept": Expected(
        "fits kept under their rows as they are printed, of which the middle is left out",
        ("state/stale-results",),
        NOISE | SHORT,
    ),
    "defects_by_hit_rate": Expected(
        "the three likeliest of three classes always hold the right one",
        ("search/all-tied",),
        NOISE
        | SHORT
        | {
            "metric/below-baseline": "a constant prediction has a full score too",
            "metric/loss-mismatch": "the score says nothing of what training minimises",
        },
    ),
    "grapes_in_log_units": Expected(
        "columns of predict_proba in the order in which labels appear, read in that of classes_",
        ("wrapper/labels-misaligned",),
        NOISE | SHORT | {"metric/below-baseline": "probabilities of other classes"},
    ),
    "parity_of_digits": Expected(
        "a clone loses fit_kwargs that say what Keras does anyhow",
        info=("wrapper/clone-drops-parameter",),
    ),
}
