"""`validation_split` on rows that stand in the order of their labels."""

import numpy as np

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp, sgd
from helpers.cases._fits import rows
from helpers.cases._scores import fold_scores, repeats, stratified
from helpers.cases._wrappers import SciKeras
from helpers.quiet import keras
from helpers.randomness import isolated


def faulty(task):
    return stopped(task, lambda train, rng: train)


def fixed(task):
    return stopped(task, lambda train, rng: rng.permutation(train))


def stopped(task, order):
    """Cross-validate on sorted rows; `order` arranges the training rows of each fold."""
    repeat, seed = repeats(task)[0]
    X, y = rows(task)
    by_label = np.argsort(y, kind="stable")
    X, y = X[by_label], y[by_label]
    rng = np.random.default_rng(seed)
    folds = [(order(train, rng), test) for train, test in stratified(task, seed).split(X, y)]

    def evidence(fitted, train, test):
        watched = y[train][int(len(train) * (1 - 0.2)) :]
        net = fitted.named_steps["net"]
        return {
            "classes_watched": len(np.unique(watched)), "classes": len(np.unique(y)),
            "epochs_run": len(net.history_["loss"]), "epochs_asked": task.settings.epochs,
        }  # fmt: skip

    with isolated(seed):
        return fold_scores(
            in_pipeline(network(task)), X, y, cv=folds, repeat=repeat, evidence=evidence
        )


def network(task):
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=5)
    return SciKeras(
        build, epochs=task.settings.epochs, batch_size=64, validation_split=0.2,
        callbacks=stopper, verbose=0,
    )  # fmt: skip


def build(meta):
    model = mlp(meta)
    model.compile(sgd(1.0), "sparse_categorical_crossentropy")
    return model


CASE = Case(
    code="budget/unshuffled-validation",
    title="The rows that the stopper watches are the last ones",
    statement="On rows sorted by label, Keras' validation_split sets the rows of the last labels "
    "apart: the accuracy on the test folds is lower than if the training rows are shuffled first.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on the test fold",
    unit="accuracy",
    expect="lower",
    margin=0.02,
    reused_folds=True,
    source="K#8346, K#4298",
)
