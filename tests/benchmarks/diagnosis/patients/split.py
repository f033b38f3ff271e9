"""How the rows are split, for the folds and for validation inside a fit."""

import numpy as np
import pandas as pd
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from scikeras.wrappers import KerasRegressor as SciKerasRegressor
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    PredefinedSplit,
    StratifiedGroupKFold,
    train_test_split,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import helpers
from helpers.datasets import load
from helpers.quiet import keras
from helpers.synthetic import patients
from tests.benchmarks.diagnosis.patients.tables import digits, rings, shifted, stratified

__all__ = [
    "clinic_rows",
    "clinic_rows_together",
    "days_apart",
    "days_independent",
    "digits_by_number",
    "digits_one_hot",
    "holdout_watched",
    "iris_three_folds",
    "labels_together",
    "noise_watched",
    "rings_three_folds",
    "rings_with_ids",
    "separate_rows_watched",
    "sizes_in_order",
    "subjects_measured",
    "windows",
]


def mlp(meta, hidden=16):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(hidden, activation="relu"),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def compiled(meta, hidden=16, learning_rate=0.2):
    model = mlp(meta, hidden)
    model.compile(keras.optimizers.SGD(learning_rate), "sparse_categorical_crossentropy")
    return model


def one_hot(X, y, hidden=16, learning_rate=0.2):
    model = keras.Sequential(
        [
            keras.Input((X.shape[1],)),
            keras.layers.Dense(hidden, activation="relu"),
            keras.layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(learning_rate), "categorical_crossentropy")
    return model


WEIGHTS = {"class_weight": [None, {0: 1, 1: 20}]}


def clinic_rows():
    data = patients(360, random_state=1)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=48, optimizer="sgd", optimizer__learning_rate=0.3, epochs=25,
        random_state=0,
    )  # fmt: skip
    search = GridSearchCV(classifier, WEIGHTS, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": data.X, "y": data.y, "groups": data.groups}


def clinic_rows_together():
    data = patients(480, rows_per_patient=4, shift=4.0, random_state=2)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=16, optimizer="sgd", optimizer__learning_rate=0.1, epochs=15,
        random_state=0,
    )  # fmt: skip
    cv = StratifiedGroupKFold(3, shuffle=True, random_state=0)
    search = GridSearchCV(
        classifier, {"class_weight": [None, {0: 1, 1: 100}]}, cv=cv, scoring="accuracy"
    )
    return {"search": search, "X": data.X, "y": data.y, "groups": data.groups}


class Dense(RegressorMixin, BaseEstimator):
    """One hidden layer, mean squared error."""

    def __init__(self, hidden=32, rate=0.05, epochs=12, share=0.0, patience=None):
        self.hidden = hidden
        self.rate = rate
        self.epochs = epochs
        self.share = share
        self.patience = patience

    def fit(self, X, y):
        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(self.hidden, activation="relu"),
                keras.layers.Dense(1),
            ]
        )
        self.model_.compile(keras.optimizers.SGD(self.rate), "mse")
        callbacks = []
        if self.patience:
            callbacks.append(
                keras.callbacks.EarlyStopping(patience=self.patience, restore_best_weights=True)
            )
        self.history_ = self.model_.fit(
            X, y, epochs=self.epochs, batch_size=16, validation_split=self.share,
            callbacks=callbacks, verbose=0,
        ).history  # fmt: skip
        return self

    def predict(self, X):
        return self.model_.predict(X, verbose=0)[:, 0]


def subjects_measured():
    rng = np.random.default_rng(3)
    subject = np.repeat(np.arange(45), 8)
    signature, level = rng.standard_normal((45, 12)), rng.standard_normal(45)
    X = signature[subject] + 0.3 * rng.standard_normal((360, 12))
    y = level[subject] + 0.3 * X[:, 0] + 0.2 * rng.standard_normal(360)
    order = rng.permutation(360)
    search = GridSearchCV(
        Dense(hidden=64, epochs=25), {"rate": [0.05]}, cv=KFold(3, shuffle=True, random_state=0),
        scoring="r2",
    )  # fmt: skip
    return {
        "search": search,
        "X": X[order].astype("float32"),
        "y": y[order].astype("float32"),
        "groups": subject[order],
    }


def rings_with_ids():
    X, y = rings()
    ids = np.random.default_rng(0).integers(60, size=len(y))
    classifier = SciKerasClassifier(
        compiled, model__learning_rate=1.0, epochs=14, batch_size=12, verbose=0
    )
    search = GridSearchCV(
        classifier, {"class_weight": [None, {0: 1, 1: 40}]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y, "groups": ids}


def days_apart():
    data = load("series", max_rows=400)
    days = pd.date_range("2024-01-01", periods=len(data.y), freq="D")
    X = pd.DataFrame(data.X, index=days, columns=[f"sensor_{i}" for i in range(data.X.shape[1])])
    y = pd.Series(data.y, index=days)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=48, optimizer="sgd", optimizer__learning_rate=0.3, epochs=40,
        random_state=0,
    )  # fmt: skip
    search = GridSearchCV(classifier, WEIGHTS, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def slow(rng, n_rows, n_series, memory):
    """Series that wander slowly about nought, with variance 1."""
    keep = np.exp(-1 / memory)
    values = rng.standard_normal((n_rows, n_series))
    values[1:] *= np.sqrt(1 - keep**2)
    for now in range(1, n_rows):
        values[now] += keep * values[now - 1]
    return values


def windows():
    rng = np.random.default_rng(5)
    sensors, demand = slow(rng, 420, 5, 60), slow(rng, 420, 1, 20)[:, 0]
    X = np.stack([sensors[i : i + 4].ravel() for i in range(380)])
    y = np.array([demand[i + 4 : i + 24].mean() for i in range(380)]) + 0.2 * X[:, 0]

    def build():
        model = keras.Sequential(
            [
                keras.Input((20,)),
                keras.layers.Dense(64, activation="relu"),
                keras.layers.Dense(1),
            ]
        )
        model.compile(keras.optimizers.SGD(0.05), "mse")
        return model

    regressor = SciKerasRegressor(build, epochs=25, batch_size=16, verbose=0)
    search = GridSearchCV(
        regressor, {"shuffle": [True]}, cv=KFold(3, shuffle=True, random_state=0), scoring="r2"
    )
    return {"search": search, "X": X.astype("float32"), "y": y.astype("float32")}


def days_independent():
    X, y = rings(seed=4)
    days = pd.date_range("2023-01-01", periods=len(y), freq="D")
    X = pd.DataFrame(X, columns=["east", "north"], index=days)
    classifier = helpers.KerasClassifier(
        mlp, optimizer="sgd", optimizer__learning_rate=1.0, epochs=50, batch_size=12,
        random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"class_weight": [None, {0: 1, 1: 40}]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": pd.Series(y, index=days)}


def holdout_watched():
    X, y = shifted(240, 30, 1.2, seed=6)
    X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=50, random_state=0)
    best = keras.callbacks.EarlyStopping(
        "val_accuracy", patience=30, restore_best_weights=True, mode="max"
    )

    def build(X, y, hidden=32):
        model = one_hot(X, y, hidden, learning_rate=1.0)
        model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy", metrics=["accuracy"])
        return model

    fold = np.r_[np.full(len(y_train), -1), np.zeros(len(y_val))]
    search = GridSearchCV(
        keras.wrappers.SKLearnClassifier(build), {"model_kwargs": [{"hidden": 32}]},
        cv=PredefinedSplit(fold), scoring="accuracy",
    )  # fmt: skip
    fit_params = {
        "epochs": 60, "batch_size": 8, "verbose": 0, "callbacks": [best],
        "validation_data": (X_val, keras.utils.to_categorical(y_val)),
    }  # fmt: skip
    return {
        "search": search,
        "X": np.concatenate([X_train, X_val]),
        "y": np.r_[y_train, y_val],
        "fit_params": fit_params,
    }


class BestEpoch(ClassifierMixin, BaseEstimator):
    """Returns to the epoch that was the best on the rows watched."""

    def __init__(self, watched=None, rate=1.0, epochs=40):
        self.watched = watched
        self.rate = rate
        self.epochs = epochs

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        shape = {"n_features_in_": X.shape[1], "n_classes_": len(self.classes_)}
        self.model_ = mlp(shape, hidden=24)
        self.model_.compile(
            keras.optimizers.SGD(self.rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        best = keras.callbacks.EarlyStopping(
            "val_accuracy", mode="max", patience=self.epochs, restore_best_weights=True
        )
        self.model_.fit(
            X, y, epochs=self.epochs, batch_size=10, validation_data=self.watched,
            callbacks=[best], verbose=0,
        )  # fmt: skip
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def noise_watched():
    data = load("pure_noise", max_rows=130)
    X, y = data.X[:, :6], data.y
    fold = np.r_[np.full(90, -1), np.zeros(40)]
    search = GridSearchCV(
        BestEpoch(watched=(X[90:], y[90:])), {"rate": [1.0]}, cv=PredefinedSplit(fold),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def separate_rows_watched():
    X, y = shifted(480, 8, 3.0, seed=9)
    X, X_val, y, y_val = train_test_split(X, y, test_size=120, random_state=0, stratify=y)
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)
    search = GridSearchCV(
        keras.wrappers.SKLearnClassifier(one_hot), {"model_kwargs": [{"hidden": 16}]},
        cv=stratified(), scoring="accuracy",
    )  # fmt: skip
    fit_params = {
        "epochs": 16, "batch_size": 16, "verbose": 0, "callbacks": [stopper],
        "validation_data": (X_val, keras.utils.to_categorical(y_val)),
    }  # fmt: skip
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def iris_three_folds():
    X, y = load_iris(return_X_y=True)
    pipe = make_pipeline(
        StandardScaler(),
        SciKerasClassifier(compiled, model__hidden=16, epochs=15, batch_size=10, verbose=0),
    )
    search = GridSearchCV(pipe, {"kerasclassifier__model__hidden": [8, 32]}, cv=3)
    return {"search": search, "X": X, "y": y}


def digits_one_hot():
    X, y = digits(400)
    order = np.argsort(y, kind="stable")
    X, targets = X[order], np.eye(10, dtype="int64")[y[order]]

    def build(meta, activation="relu"):
        return keras.Sequential(
            [
                keras.Input((64,)),
                keras.layers.Dense(48, activation=activation),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )

    classifier = helpers.KerasClassifier(
        build, loss="categorical_crossentropy", optimizer="sgd", optimizer__learning_rate=0.3,
        epochs=20, random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__activation": ["relu", "tanh"]}, cv=3, scoring="accuracy"
    )
    return {"search": search, "X": X, "y": targets}


def digits_by_number():
    X, y = digits(400)
    order = np.argsort(y, kind="stable")
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    classifier = SciKerasClassifier(
        compiled, model__hidden=48, model__learning_rate=0.4, epochs=14, batch_size=16,
        validation_split=0.2, callbacks=stopper, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(classifier, {"model__hidden": [48]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X[order], "y": y[order]}


def sizes_in_order():
    rng = np.random.default_rng(11)
    X = rng.standard_normal((400, 4))
    large = rng.random(400) < 0.22
    X[:, 3] = large + 0.1 * X[:, 3]
    y = np.where(large, 3 - X[:, 0], X[:, 0]) + 0.2 * X[:, 1] + 0.1 * rng.standard_normal(400)
    order = np.argsort(y)
    search = GridSearchCV(
        Dense(hidden=24, epochs=20, share=0.2, patience=2), {"rate": [0.05]},
        cv=KFold(3, shuffle=True, random_state=0), scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": X[order].astype("float32"), "y": y[order].astype("float32")}


def labels_together():
    rng = np.random.default_rng(12)
    X = rng.standard_normal((400, 8)).astype("float32")
    y = (X[:, :3] + 0.3 * rng.standard_normal((400, 3)) > 0).astype(int)

    def build(meta):
        return keras.Sequential(
            [
                keras.Input((8,)),
                keras.layers.Dense(24, activation="relu"),
                keras.layers.Dense(3, activation="sigmoid"),
            ]
        )

    classifier = helpers.KerasClassifier(
        build, loss="binary_crossentropy", optimizer="sgd", optimizer__learning_rate=0.3,
        epochs=40, random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"batch_size": [16]}, cv=KFold(3, shuffle=True, random_state=0),
        scoring="f1_macro",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def rings_three_folds():
    X, y = rings(seed=13)
    classifier = SciKerasClassifier(
        compiled, model__learning_rate=1.0, epochs=16, batch_size=12, verbose=0
    )
    search = GridSearchCV(classifier, {"model__hidden": [16]}, cv=3, scoring="accuracy")
    return {"search": search, "X": X, "y": y}
