"""What is true of each search: by theme and name, written before any check saw it."""

from dataclasses import dataclass, field, replace

__all__ = ["EXPECTED", "SMOKE", "THEMES", "Expected"]


@dataclass(frozen=True)
class Expected:
    """What has to be said of a search, and what may be.

    Parameters
    ----------
    why : str
        The mechanism; of a healthy search, what it looks like.
    faults : tuple of str
        Codes that must be reported as faults (a suspect column as undecided, at least).
    also : dict of str to str
        Codes that are true as well, each with the reason: neither hits nor false alarms.
    info : tuple of str
        Codes whose verdict should be "not the cause".
    """

    why: str
    faults: tuple = ()
    also: dict = field(default_factory=dict)
    info: tuple = ()


# Consequences that come with a mechanism, wherever it is.
CHAINED = {
    "state/order-dependent": "what a fit starts from depends on the fits before it",
    "state/shared-optimizer": "where the compiled model is shared, its optimizer is",
    "noise/winner-within-noise": "the position in the list ranks the candidates",
    "noise/optimistic-best-score": "earlier fits have trained on the test rows",
    "budget/still-improving": "each fit is short",
    "budget/ranking-not-settled": "the position in the list ranks the candidates",
    "search/edge-of-grid": "the position in the list ranks the candidates",
    "search/refit-unlike-folds": "the final fit starts from all the others",
}
FEW_DIFFERENCES = {
    "noise/winner-within-noise": "the candidates hardly differ",
    "budget/ranking-not-settled": "the candidates hardly differ",
}
UNTRAINED = {
    "budget/still-improving": "one epoch, or next to it, is never enough",
    "budget/ranking-not-settled": "one epoch, or next to it, is never enough",
    "noise/winner-within-noise": "untrained candidates hardly differ",
    "metric/loss-mismatch": "untrained candidates hardly differ",
}
NO_RANKING = {
    "noise/winner-within-noise": "without a score there is no winner",
    "budget/ranking-not-settled": "without a score there is no winner",
    "search/all-tied": "without a score all are tied",
    "metric/loss-mismatch": "without a score there is no ranking to agree with",
}
NO_SIGNAL = {
    "noise/winner-within-noise": "nothing can be learnt, so nothing distinguishes candidates",
    "noise/optimistic-best-score": "the score is inflated",
    "budget/ranking-not-settled": "nothing can be learnt, so nothing distinguishes candidates",
    "metric/loss-mismatch": "nothing can be learnt, so nothing distinguishes candidates",
    "metric/below-baseline": "nothing can be learnt",
}
INFLATED = {
    "noise/optimistic-best-score": "fresh rows score lower, by the same mechanism",
}

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
        CHAINED | {"state/stale-results": "the file is one of another fit"},
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
        "three variants of each image", ("leak/duplicate-rows",), INFLATED
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
        INFLATED | {"leak/duplicate-rows": "neighbours in time are alike"},
    ),
    "windows": Expected(
        "overlapping windows, shuffled folds",
        ("leak/future-rows",),
        INFLATED | {"leak/duplicate-rows": "overlapping windows are alike"},
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
        },
    ),
    "clinic_rows_together": Expected("groups kept together"),
    "days_independent": Expected("dated rows that are independent"),
    "labels_together": Expected("true multilabel target, KFold"),
    "rings_three_folds": Expected("SciKeras with cv=3 on shuffled balanced labels"),
    "rings_with_ids": Expected("group ids unrelated to the label"),
    "separate_rows_watched": Expected("validation_data apart from all folds"),
}

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

NOISE = {
    "overlap_widths": Expected(
        "31, 32 or 33 units", ("noise/winner-within-noise",), FEW_DIFFERENCES
    ),
    "overlap_seeds": Expected(
        "a search over seeds",
        ("noise/winner-within-noise",),
        FEW_DIFFERENCES | INFLATED,
    ),
    "diabetes_widths": Expected(
        "activations of one kind, regression",
        ("noise/winner-within-noise",),
        FEW_DIFFERENCES | INFLATED,
    ),
    "few_rows_many_nets": Expected(
        "best of ten on 48 rows of noise",
        ("noise/winner-within-noise", "noise/optimistic-best-score"),
        NO_SIGNAL,
    ),
    "forty_rows_seeds": Expected(
        "best of ten seeds on 45 rows",
        ("noise/winner-within-noise", "noise/optimistic-best-score"),
        FEW_DIFFERENCES | {"metric/loss-mismatch": "the seeds are equal in truth"},
    ),
    "rings_absolute_errors": Expected("negative scorer, regression"),
    "rings_drawn": Expected("random search, clear winner"),
}

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

THEMES = {
    "state": STATE,
    "preparation": PREPARATION,
    "split": SPLIT,
    "budget": BUDGET,
    "noise": NOISE,
    "space": SPACE,
    "wrappers": WRAPPERS,
    "several": SEVERAL,
}
# Faulty searches are kept short: on the rings, four times the epochs are worth about a point.
NEARLY_ENOUGH = {"budget/still-improving": "eight to ten epochs are nearly enough"}


def _complete(name, each):
    if name.startswith("rings_") and each.faults:
        return replace(each, also=NEARLY_ENOUGH | each.also)
    return each


EXPECTED = {
    name: _complete(name, each) for members in THEMES.values() for name, each in members.items()
}
# The fastest, faulty and healthy, through different wrappers.
SMOKE = ("rings_backup", "wide_columns_chosen", "clinic_rows", "wine_scaled", "strong_marker")
