"""A stopper that watches the last rows of a sorted file."""

import numpy as np
import pandas as pd
from sklearn.model_selection import cross_validate

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp_compiled
from helpers.cases._fits import evidence, rows
from helpers.cases._scores import repeats, stratified
from helpers.cases._wrappers import SciKeras
from helpers.quiet import keras
from helpers.randomness import isolated
from helpers.recorder import FitRecorder


def faulty(task):
    return stopped(task, lambda train, seed: train)  # sorted by label, as the file is


def fixed(task):
    return stopped(task, lambda train, seed: np.random.default_rng(seed).permutation(train))


def stopped(task, order):
    """Cross-validate with early stopping on Keras' ``validation_split``: the last fifth."""
    X, y = rows(task)
    by_label = np.argsort(y, kind="stable")
    X, y = X[by_label], y[by_label]
    tables = []
    for repeat, seed in repeats(task)[:1]:
        classifier = SciKeras(
            mlp_compiled, model__learning_rate=0.1, epochs=20, verbose=0, validation_split=0.2,
            callbacks=keras.callbacks.EarlyStopping, callbacks__patience=3,
            callbacks__restore_best_weights=True,
        )  # fmt: skip
        folds = [
            (order(train, seed), test) for train, test in stratified(task, seed).split(X, y)
        ]
        with isolated(seed), FitRecorder() as recorder:
            scores = cross_validate(
                in_pipeline(classifier), X, y, cv=folds, scoring="accuracy", error_score="raise"
            )["test_score"]
        table = pd.DataFrame({"repeat": repeat, "fold": range(len(scores)), "value": scores})
        tables.append(table.join(evidence(recorder)[["epochs_asked", "epochs_run"]]))
    return pd.concat(tables, ignore_index=True)


CASE = Case(
    code="budget/unshuffled-validation",
    title="The last rows decide when to stop",
    statement="With rows sorted by label, a stopper on validation_split watches classes that the "
    "rest hardly has, and stops too early: the accuracy is lower than with the same rows shuffled.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on the test fold",
    unit="accuracy",
    expect="lower",
    margin=0.02,
    reused_folds=True,
    source="K#8346, K#4298",
)
