"""What is true of the searches of patients/state.py."""

from tests.benchmarks.diagnosis.expected.consequences import CHAINED, FEW_DIFFERENCES, NO_RANKING
from tests.benchmarks.diagnosis.expected.entry import Expected

__all__ = ["STATE"]

STATE = {
    "rings_network": Expected(
        "SciKeras, builder returns one global model", ("state/shared-weights",), CHAINED
    ),
    "rings_after_a_first_look": Expected(
        "SciKeras, model instance fitted before the search",
        ("state/shared-weights",),
        CHAINED | {"search/parameter-ignored": "epochs hardly matter to a trained model"},
    ),
    "rings_stem": Expected(
        "own class, new model on shared layers",
        ("state/shared-weights",),
        CHAINED | FEW_DIFFERENCES,
    ),
    "rings_weights_file": Expected(
        "own class, goes on from a weights file",
        ("state/shared-weights",),
        CHAINED
        | {
            "state/stale-results": "the file is one of another fit",
            "search/parameter-ignored": "the file holds the optimizer's learning rate too",
        },
    ),
    "rings_cooling": Expected(
        "SciKeras, weights reset, optimizer and schedule not",
        ("state/shared-optimizer",),
        CHAINED | {"state/shared-weights": "one model, though reset"},
    ),
    "rings_weights_drawn": Expected(
        "own class, global model with Adam, weights redrawn",
        ("state/shared-optimizer",),
        CHAINED | {"state/shared-weights": "one model, though redrawn"},
    ),
    "rings_adam": Expected(
        "keras.wrappers, builder closes over one Adam",
        ("state/shared-optimizer",),
        CHAINED | NO_RANKING | {"search/failed-fits": "all but the first fit raise"},
    ),
    "rings_schedule": Expected(
        "SciKeras, callback with class-level rate",
        ("state/shared-callback",),
        CHAINED | FEW_DIFFERENCES | {"metric/below-baseline": "later fits do not learn"},
    ),
    "rings_backup": Expected(
        "keras.wrappers, one BackupAndRestore folder kept",
        ("state/shared-callback",),
        CHAINED
        | {
            "state/shared-weights": "the backup is one of the first fit's weights",
            "state/stale-results": "the backup is one of other rows",
            "budget/epochs-ignored": "later fits run no epoch",
        },
    ),
    "rings_best_file": Expected(
        "own class, one ModelCheckpoint remembers its best",
        ("state/shared-callback",),
        CHAINED
        | {
            "state/shared-weights": "the weights that are loaded may be another fit's",
            "state/stale-results": "the file is one of another fit",
            "metric/loss-mismatch": "the loss is not the one of the weights that are scored",
        },
    ),
    "rings_layer_list": Expected(
        "own class, fit empties its list of layers", ("state/mutated-parameter",)
    ),
    "rings_settings_written": Expected(
        "keras.wrappers, fit writes into fit_kwargs", ("state/mutated-parameter",)
    ),
    "rings_watched_auc": Expected(
        "SciKeras, unnamed AUC is auc_1 later",
        ("state/order-dependent", "budget/stopper-inert"),
        {
            "search/refit-unlike-folds": "the final fit does not stop, either",
            "budget/stopped-too-early": "the first fit does",
            "state/shared-callback": "the stopper works in one fit only",
        }
        | FEW_DIFFERENCES,
    ),
    "rings_ever_smaller_rate": Expected(
        "own class, rate falls with a global counter",
        ("state/order-dependent",),
        CHAINED | {"metric/below-baseline": "later fits do not learn"},
    ),
    "rings_remembered": Expected(
        "own class, file cache keyed by parameters only",
        ("state/stale-results",),
        CHAINED
        | {
            "state/shared-weights": "folds after the first use its weights",
            "budget/epochs-ignored": "folds after the first do not train",
        },
    ),
    "tuner_again": Expected("KerasTuner, folder with other labels", ("state/stale-results",)),
    "tuner_another_table": Expected("KerasTuner, folder with other rows", ("state/stale-results",)),
    "iris_compiled_instance": Expected("keras.wrappers clones a compiled instance"),
    "rings_equal_starts": Expected("one seed, equal first weights"),
    "rings_optimizers": Expected("optimizer objects in the grid are copied"),
    "rings_stem_fixed": Expected("frozen shared layers"),
    "rings_stopper": Expected("stock EarlyStopping object resets itself"),
    "tuner_resumed": Expected("KerasTuner, resumed on the same problem"),
}
