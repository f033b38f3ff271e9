"""A scaler that has seen the test rows."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.cases import Case
from helpers.cases._diagnosed import ROWS, folds
from helpers.cases._network import network
from helpers.cases._prepared import auc_scores, rows_of
from helpers.cases._scores import repeats


def faulty(task):
    X = rows_of(task.data)
    scaler = StandardScaler().fit(X)  # every row, the test rows of each fold included
    return auc_scores(
        task,
        scaler.transform(X),
        lambda seed: learner(task, seed),
        rows_seen=lambda model, train: np.max(scaler.n_samples_seen_),
    )


def fixed(task):
    return auc_scores(
        task,
        rows_of(task.data),
        lambda seed: make_pipeline(StandardScaler(), learner(task, seed)),
        rows_seen=lambda model, train: np.max(model[0].n_samples_seen_),
    )


def learner(task, seed):
    return make_pipeline(SimpleImputer(keep_empty_features=True), network(task, seed))


def patient(task):
    seed = repeats(task)[0][1]
    search = GridSearchCV(
        learner(task, seed), {"kerasclassifier__optimizer__learning_rate": [0.03, 0.3]},
        cv=folds(task, seed), scoring="accuracy", refit=False,
    )  # fmt: skip
    X, y = rows_of(task.data)[:ROWS], task.data.y[:ROWS]
    return {"search": search, "X": X, "y": y, "prepare": scaled_on_all_rows}


def scaled_on_all_rows(X, y):
    return StandardScaler().fit_transform(X), y


CASE = Case(
    code="leak/scaler-before-split",
    title="The scaler that saw the test rows",
    statement="StandardScaler fitted before the split hardly matters: the AUC stays the same "
    "within 0.005. Columns that hardly vary are left out.",
    faulty=faulty,
    fixed=fixed,
    value="ROC AUC on the test fold",
    unit="AUC",
    expect="same",
    margin=0.005,
    reused_folds=True,
    patient=patient,
    source="d2l-ai/d2l-en#843",
)
