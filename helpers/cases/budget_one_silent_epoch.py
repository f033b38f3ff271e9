"""`keras.wrappers` and the epochs that `clone` loses."""

import contextlib
import io

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp, mlp_one_hot
from helpers.cases._diagnosed import patient_of
from helpers.cases._fits import rows, two_folds
from helpers.cases._scores import fold_scores, repeats
from helpers.cases._wrappers import SKLearnClassifier
from helpers.randomness import isolated
from helpers.recorder import FitRecorder
from helpers.wrapper import KerasClassifier


def faulty(task):
    return epochs_of_folds(task, forgetful(task))


def forgetful(task):
    return SKLearnClassifier(mlp_one_hot, fit_kwargs={"epochs": task.settings.epochs, "verbose": 0})


def fixed(task):
    network = KerasClassifier(mlp, optimizer="sgd", optimizer__learning_rate=0.3,
                              epochs=task.settings.epochs)  # fmt: skip
    return epochs_of_folds(task, network)


def epochs_of_folds(task, network):
    """Score two folds; the value of each is the number of epochs that its fit ran."""
    repeat, seed = repeats(task)[0]
    # verbose=0 is lost with the epochs: what Keras then prints is no part of the result.
    printed = contextlib.redirect_stdout(io.StringIO())
    with isolated(seed), FitRecorder() as recorder, printed:
        table = fold_scores(
            in_pipeline(network), *rows(task), cv=two_folds(task, seed), repeat=repeat
        )
    fits = recorder.to_frame()
    return table.rename(columns={"value": "accuracy"}).assign(
        epochs_asked=task.settings.epochs, epochs_run=fits["epochs_run"], value=fits["epochs_run"]
    )


def patient(task):
    return patient_of(task, forgetful(task), model_kwargs=[{"units": 8}, {"units": 32}])


CASE = Case(
    code="budget/one-silent-epoch",
    title="Many epochs asked, one run",
    statement="In a cross-validation, keras.wrappers.SKLearnClassifier trains for one epoch, "
    "however many its fit_kwargs ask for: clone leaves fit_kwargs out.",
    faulty=faulty,
    fixed=fixed,
    value="epochs run",
    unit="epochs",
    expect="lower",
    margin=0.5,
    patient=patient,
    source="K#20599",
)
