"""Gaps filled with the means of all rows."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.cases import Case
from helpers.cases._network import network
from helpers.cases._prepared import auc_scores, rows_of

#: Share of the values that the case takes away, so that there is something to fill.
MISSING = 0.1


def faulty(task):
    X = with_gaps(task)
    imputer = SimpleImputer(keep_empty_features=True).fit(X)  # every row, test rows too
    return auc_scores(
        task,
        imputer.transform(X),
        lambda seed: learner(task, seed),
        rows_seen=lambda model, train: rows_behind(imputer, X, train),
    )


def fixed(task):
    X = with_gaps(task)
    imputer = SimpleImputer(keep_empty_features=True)
    return auc_scores(
        task,
        X,
        lambda seed: make_pipeline(imputer, learner(task, seed)),
        rows_seen=lambda model, train: rows_behind(model[0], X, train),
    )


def learner(task, seed):
    return make_pipeline(StandardScaler(), network(task, seed))


def with_gaps(task):
    X = rows_of(task.data).copy()
    X[np.random.default_rng(task.settings.seed).random(X.shape) < MISSING] = np.nan
    return X


def rows_behind(imputer, X, train):
    """Number of rows whose means fill the gaps: the fold's, or everyone's?"""
    filled = SimpleImputer(keep_empty_features=True)
    distance = {
        len(rows): np.abs(filled.fit(rows).statistics_ - imputer.statistics_).sum()
        for rows in (X[train], X)
    }
    return min(distance, key=distance.get)


CASE = Case(
    code="leak/imputer-before-split",
    title="Gaps filled with the means of all rows",
    statement="SimpleImputer fitted before the split, with a tenth of the values missing, hardly "
    "matters: the AUC stays the same within 0.005. Columns that hardly vary are left out.",
    faulty=faulty,
    fixed=fixed,
    value="ROC AUC on the test fold",
    unit="AUC",
    expect="same",
    margin=0.005,
    reused_folds=True,
    source="jocicmarko/ultrasound-nerve-segmentation#55",
)
