"""A wrapper whose clone forgets how long to train."""

import pandas as pd
from sklearn.model_selection import cross_validate

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp, mlp_one_hot
from helpers.cases._fits import evidence, rows
from helpers.cases._scores import repeats, stratified
from helpers.cases._wrappers import SKLearnClassifier, unprinted
from helpers.randomness import isolated
from helpers.recorder import FitRecorder
from helpers.wrapper import KerasClassifier


def faulty(task):
    epochs = task.settings.epochs
    return validated(task, SKLearnClassifier(mlp_one_hot, fit_kwargs={"epochs": epochs, "verbose": 0}))


def fixed(task):
    epochs = task.settings.epochs
    return validated(
        task, KerasClassifier(mlp, epochs=epochs, optimizer="sgd", optimizer__learning_rate=0.3)
    )


def validated(task, classifier):
    """Cross-validate, and note how many epochs each fold's fit ran."""
    tables = []
    for repeat, seed in repeats(task)[:2]:
        with isolated(seed), FitRecorder() as recorder, unprinted():
            scores = cross_validate(
                in_pipeline(classifier), *rows(task), cv=stratified(task, seed),
                scoring="accuracy", error_score="raise",
            )["test_score"]  # fmt: skip
        table = pd.DataFrame({"repeat": repeat, "fold": range(len(scores)), "value": scores})
        table["epochs_meant"] = task.settings.epochs
        tables.append(table.join(evidence(recorder)[["epochs_asked", "epochs_run"]]))
    return pd.concat(tables, ignore_index=True)


CASE = Case(
    code="budget/one-silent-epoch",
    title="One silent epoch",
    statement="keras.wrappers, told in fit_kwargs how many epochs to train, trains one in each "
    "fold: the accuracy is lower than that of fits that run them all.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on the test fold",
    unit="accuracy",
    expect="lower",
    margin=0.02,
    reused_folds=True,
    source="wrapper: K#20599",
)
