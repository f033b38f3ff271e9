"""A look-alike: one EarlyStopping object for all fits. It resets itself."""

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp_one_hot
from helpers.cases._fits import each_fold
from helpers.cases._scores import repeats
from helpers.cases._wrappers import SKLearnClassifier
from helpers.quiet import keras


def faulty(task):
    stopper = new_stopper()
    return stopped_early(task, stopper_of_fold=lambda: stopper)


def fixed(task):
    return stopped_early(task, stopper_of_fold=new_stopper)


def new_stopper():
    return keras.callbacks.EarlyStopping(min_delta=0.05, patience=1, restore_best_weights=True)


def stopped_early(task, stopper_of_fold):
    """Cross-validate; the value of a fit is the number of epochs that it ran."""
    repeat, seed = repeats(task)[0]
    classifier = in_pipeline(SKLearnClassifier(mlp_one_hot))
    options = {"epochs": 3 * task.settings.epochs, "validation_split": 0.25, "verbose": 0}

    def fit_params():
        given = options | {"callbacks": [stopper_of_fold()]}
        return {f"net__{name}": value for name, value in given.items()}

    table = each_fold(classifier, task, seed=seed, fit_params=fit_params)
    return table.assign(repeat=repeat, accuracy=table["value"], value=table["epochs_run"])


CASE = Case(
    code="state/early-stopping-object",
    title="One EarlyStopping object: harmless",
    statement="One EarlyStopping object for all fits stops each fit where one of its own does: it "
    "starts afresh when a fit begins.",
    faulty=faulty,
    fixed=fixed,
    value="epochs run",
    unit="epochs",
    expect="same",
    margin=1,
    source="K#3000 (historic)",
)
