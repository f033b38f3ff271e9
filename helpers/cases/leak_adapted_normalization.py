"""A Normalization layer adapted to all rows, outside the builder."""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline

from helpers.cases import Case
from helpers.cases._builders import mlp
from helpers.cases._network import network
from helpers.cases._prepared import auc_scores, rows_of
from helpers.cases.leak_scaler_before_split import fixed
from helpers.quiet import keras


def faulty(task):
    X = SimpleImputer(keep_empty_features=True).fit_transform(rows_of(task.data))
    normalization = keras.layers.Normalization()
    normalization.adapt(X)  # every row, the test rows of each fold included

    def build(meta):
        network = mlp(meta)
        return keras.Sequential([keras.Input(X.shape[1:]), normalization, *network.layers])

    return auc_scores(
        task,
        X,
        lambda seed: make_pipeline(network(task, seed, build)),
        rows_seen=lambda model, train: rows_behind(model[-1].model_.layers[0], X, train),
    )


def rows_behind(layer, X, train):
    """Number of rows whose mean the trained model holds: the fold's, or everyone's?"""
    held = np.ravel(layer.mean)
    distance = {len(rows): np.abs(rows.mean(axis=0) - held).sum() for rows in (X[train], X)}
    return min(distance, key=distance.get)


CASE = Case(
    code="leak/adapted-normalization",
    title="A Normalization layer adapted to all rows",
    statement="A Normalization layer adapted to all rows hardly matters: the AUC stays the same "
    "within 0.005. Columns that hardly vary are left out.",
    faulty=faulty,
    fixed=fixed,
    value="ROC AUC on the test fold",
    unit="AUC",
    expect="same",
    margin=0.005,
    reused_folds=True,
    source="d2l-ai/d2l-en#843",
)
