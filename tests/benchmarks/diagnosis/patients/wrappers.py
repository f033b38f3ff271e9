"""Estimators around a network: what they keep, what they return, how they are judged."""

import numpy as np
import pandas as pd
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_wine
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import helpers
from helpers.quiet import keras
from tests.benchmarks.diagnosis.patients.tables import digits, rings, shifted, stratified

__all__ = [
    "digits_plain",
    "noise_regression",
    "overlap_logits",
    "overlap_precision",
    "overlap_recall",
    "rare_unrelated",
    "rings_kept_in_clone",
    "rings_keyword_settings",
    "rings_thirty_epochs",
    "sorted_names",
    "wine_cultivars",
    "wine_numbers",
]


def mlp(meta, hidden=16, activation="relu"):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(hidden, activation=activation),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def one_hot(X, y, activation="relu"):
    model = keras.Sequential(
        [
            keras.Input((X.shape[1],)),
            keras.layers.Dense(16, activation=activation),
            keras.layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy")
    return model


def rings_thirty_epochs():
    X, y = rings()
    classifier = keras.wrappers.SKLearnClassifier(
        one_hot, fit_kwargs={"epochs": 30, "batch_size": 12, "verbose": 0}
    )
    grid = {"model_kwargs": [{"activation": "linear"}, {"activation": "relu"}]}
    search = GridSearchCV(classifier, grid, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


class Settings(ClassifierMixin, BaseEstimator):
    """A network with settings by keyword."""

    def __init__(self, activation="relu", **settings):
        self.activation = activation
        self.settings = settings

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.model_ = mlp(
            {"n_features_in_": X.shape[1], "n_classes_": len(self.classes_)},
            self.settings.get("hidden", 4), self.activation,
        )  # fmt: skip
        rate = self.settings.get("rate", 0.5)
        self.model_.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
        self.model_.fit(X, y, epochs=12, batch_size=12, verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def rings_keyword_settings():
    X, y = rings()
    search = GridSearchCV(
        Settings(hidden=32, rate=1.0), {"activation": ["linear", "relu"]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def rings_kept_in_clone():
    X, y = rings(seed=10)
    grid = {"fit_kwargs": [{"epochs": 16, "batch_size": 12, "verbose": 0}]}
    classifier = keras.wrappers.SKLearnClassifier(one_hot, model_kwargs={"activation": "relu"})
    search = GridSearchCV(classifier, grid, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def overlap_logits():
    X, y = shifted(360, 8, 2.6, seed=1)

    def build(meta, penalty=0.2):
        model = keras.Sequential(
            [
                keras.Input((meta["n_features_in_"],)),
                keras.layers.Dense(1, kernel_regularizer=keras.regularizers.L2(penalty)),
            ]
        )
        loss = keras.losses.BinaryCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(0.1), loss)
        return model

    classifier = SciKerasClassifier(build, epochs=10, batch_size=16, verbose=0)
    search = GridSearchCV(
        classifier, {"model__penalty": [0.2]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


class Columns(ClassifierMixin, BaseEstimator):
    """Predicts the column that is the largest."""

    def __init__(self, hidden=16, rate=0.2):
        self.hidden = hidden
        self.rate = rate

    def fit(self, X, y):
        _, codes = np.unique(y, return_inverse=True)
        self.classes_ = np.unique(y)
        self.model_ = mlp({"n_features_in_": X.shape[1], "n_classes_": len(self.classes_)})
        self.model_.compile(keras.optimizers.SGD(self.rate), "sparse_categorical_crossentropy")
        self.model_.fit(X, codes, epochs=10, batch_size=16, verbose=0)
        return self

    def predict(self, X):
        return self.model_.predict(X, verbose=0).argmax(axis=1)


def wine_numbers():
    X, y = load_wine(return_X_y=True)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), Columns()), {"columns__rate": [0.2]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y + 1}


class Named(Columns):
    """Predicts names."""

    def fit(self, X, y):
        codes, _ = pd.factorize(np.asarray(y))
        self.classes_ = np.unique(y)
        self.model_ = mlp({"n_features_in_": X.shape[1], "n_classes_": len(self.classes_)})
        self.model_.compile(keras.optimizers.SGD(self.rate), "sparse_categorical_crossentropy")
        self.model_.fit(X, codes, epochs=10, batch_size=16, verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def sorted_names():
    X, y = load_wine(return_X_y=True)
    order = np.argsort(-y, kind="stable")
    names = np.array(["barolo", "grignolino", "barbera"])[y]
    search = GridSearchCV(
        make_pipeline(StandardScaler(), Named()), {"named__rate": [0.2]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X[order], "y": names[order]}


def wine_cultivars():
    X, y = load_wine(return_X_y=True)
    names = np.array(["barolo", "grignolino", "barbera"])[y]
    classifier = helpers.KerasClassifier(
        mlp, optimizer="sgd", optimizer__learning_rate=0.2, epochs=20, batch_size=16,
        random_state=0,
    )  # fmt: skip
    pipe = make_pipeline(StandardScaler(), classifier)
    grid = {"standardscaler": [StandardScaler(), "passthrough"]}
    search = GridSearchCV(pipe, grid, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": names}


def digits_plain():
    X, y = digits(400)

    def build(meta, hidden=48, activation="relu"):
        model = mlp(meta, hidden, activation)
        model.compile(keras.optimizers.SGD(0.4), "sparse_categorical_crossentropy")
        return model

    classifier = SciKerasClassifier(build, model__hidden=48, epochs=12, batch_size=16, verbose=0)
    search = GridSearchCV(classifier, {"model__hidden": [48]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def rare_unrelated():
    rng = np.random.default_rng(2)
    X = rng.standard_normal((300, 10)).astype("float32")
    y = rng.permutation((np.arange(300) < 100).astype(int))

    def build(meta):
        model = mlp(meta, 64)
        model.compile(keras.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
        return model

    classifier = SciKerasClassifier(build, epochs=20, batch_size=10, verbose=0)
    search = GridSearchCV(classifier, {"shuffle": [True]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def noise_regression():
    rng = np.random.default_rng(3)
    X = rng.standard_normal((240, 12)).astype("float32")
    y = rng.standard_normal(240).astype("float32")

    def build(X, y):
        model = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(64, activation="relu"),
                keras.layers.Dense(1),
            ]
        )
        model.compile(keras.optimizers.SGD(0.03), "mse")
        return model

    search = GridSearchCV(
        keras.wrappers.SKLearnRegressor(build), {"warm_start": [False]},
        cv=KFold(3, shuffle=True, random_state=0), scoring="r2",
    )  # fmt: skip
    fit_params = {"epochs": 20, "batch_size": 10, "verbose": 0}
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def overlap_recall():
    X, y = shifted(360, 6, 1.2, seed=4)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=16, optimizer="sgd", optimizer__learning_rate=0.1, batch_size=16,
        epochs=15, random_state=0,
    )  # fmt: skip
    grid = {"class_weight": [None, {0: 1, 1: 30}]}
    search = GridSearchCV(classifier, grid, cv=stratified(), scoring="recall")
    return {"search": search, "X": X, "y": y}


def overlap_precision():
    X, y = shifted(400, 6, 1.6, seed=5)

    def build(meta):
        model = mlp(meta, 8)
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        return model

    classifier = SciKerasClassifier(build, epochs=10, batch_size=16, verbose=0)
    search = GridSearchCV(
        classifier, {"class_weight": [None, {0: 6, 1: 1}]}, cv=stratified(), scoring="precision"
    )
    return {"search": search, "X": X, "y": y}
