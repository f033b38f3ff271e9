"""Searches over candidates that differ much, little or not at all."""

import numpy as np
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import helpers
from helpers.datasets import load
from helpers.quiet import keras
from tests.benchmarks.diagnosis.patients.tables import rings, shifted, stratified

__all__ = [
    "diabetes_widths",
    "few_rows_many_nets",
    "forty_rows_seeds",
    "overlap_seeds",
    "overlap_widths",
    "rings_absolute_errors",
    "rings_drawn",
]


def mlp(meta, hidden=16, activation="relu"):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(hidden, activation=activation),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def ours(rate=0.2, **parameters):
    usual = {"optimizer": "sgd", "epochs": 15}
    return helpers.KerasClassifier(mlp, optimizer__learning_rate=rate, **{**usual, **parameters})


def overlap_widths():
    X, y = shifted(300, 10, 1.5, seed=1)

    def build(meta, hidden=16):
        model = mlp(meta, hidden)
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        return model

    classifier = SciKerasClassifier(build, model__hidden=16, epochs=10, verbose=0)
    search = GridSearchCV(
        classifier, {"model__hidden": [31, 32, 33]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def overlap_seeds():
    X, y = shifted(300, 10, 1.2, seed=2)
    search = GridSearchCV(
        ours(model__hidden=24), {"random_state": [1, 2, 3, 4, 5]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def diabetes_widths():
    X, y = load_diabetes(return_X_y=True)
    y = (y - 150) / 75

    def build(meta, activation="relu"):
        return keras.Sequential(
            [
                keras.Input((10,)),
                keras.layers.Dense(12, activation=activation),
                keras.layers.Dense(1),
            ]
        )

    regressor = helpers.KerasRegressor(
        build, optimizer="sgd", optimizer__learning_rate=0.02, epochs=25, random_state=None
    )
    search = GridSearchCV(
        make_pipeline(StandardScaler(), regressor),
        {"kerasregressor__model__activation": ["relu", "relu6"]},
        cv=KFold(3, shuffle=True, random_state=0), scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def few_rows_many_nets():
    data = load("pure_noise", max_rows=48)
    pairs = [[("pair", "passthrough", [i, i + 1])] for i in range(0, 24, 2)]
    net = ours(0.3, model__hidden=16, epochs=15, batch_size=16, random_state=0)
    search = RandomizedSearchCV(
        make_pipeline(ColumnTransformer(pairs[0]), net), {"columntransformer__transformers": pairs},
        n_iter=10, cv=stratified(), scoring="accuracy", random_state=0,
    )  # fmt: skip
    return {"search": search, "X": data.X, "y": data.y}


def forty_rows_seeds():
    X, y = shifted(45, 8, 1.0, seed=3)
    search = GridSearchCV(
        ours(0.05, model__hidden=64, epochs=6, batch_size=16),
        {"random_state": list(range(10))}, cv=stratified(), scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def rings_drawn():
    X, y = rings(seed=7)
    grid = {"model__activation": ["relu", "linear"], "batch_size": [12]}
    search = RandomizedSearchCV(
        ours(1.0, epochs=25, random_state=0), grid, n_iter=2, cv=stratified(), scoring="accuracy",
        random_state=0,
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def rings_absolute_errors():
    rng = np.random.default_rng(9)
    X = rng.uniform(-2, 2, (360, 2)).astype("float32")
    y = (X**2).sum(axis=1) - 2.7 + 0.4 * rng.standard_normal(360)

    def build(activation="relu"):
        return keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(32, activation=activation),
                keras.layers.Dense(1),
            ]
        )

    regressor = helpers.KerasRegressor(
        build, loss="mae", optimizer="adam", optimizer__learning_rate=0.02, epochs=100,
        random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        regressor, {"model__activation": ["linear", "relu"]},
        cv=KFold(3, shuffle=True, random_state=0), scoring="neg_mean_absolute_error",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y.astype("float32")}
