"""Searches in which several things are decided at once."""

import numpy as np
import pandas as pd
from imblearn.over_sampling import RandomOverSampler
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.feature_selection import SelectKBest, f_classif
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import helpers
from helpers.datasets import load
from helpers.quiet import keras
from helpers.synthetic import patients
from tests.benchmarks.diagnosis.patients.tables import digits, rings, shifted, stratified

__all__ = [
    "cancer_thirty_epochs",
    "clinic_columns",
    "clinic_settings",
    "copies_and_columns",
    "digits_in_order",
    "iris_from_one",
    "iris_in_order",
    "noise_columns_seeds",
    "rings_one_model_narrow",
    "rings_stopper_and_rate",
    "rings_two_objects",
]


def mlp(meta, hidden=16, activation="relu"):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(hidden, activation=activation),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def compiled(meta, hidden=16, activation="relu", rate=0.3):
    model = mlp(meta, hidden, activation)
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
    return model


def one_hot(X, y, hidden=16, rate=0.3):
    model = keras.Sequential(
        [
            keras.Input((X.shape[1],)),
            keras.layers.Dense(hidden, activation="relu"),
            keras.layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(rate), "categorical_crossentropy")
    return model


WEIGHTS = {"class_weight": [None, {0: 1, 1: 20}]}


def noise_columns_seeds():
    data = load("pure_noise", max_rows=90)

    def prepare(X, y):
        return SelectKBest(f_classif, k=15).fit_transform(X, y), y

    classifier = helpers.KerasClassifier(
        mlp, model__hidden=16, optimizer="sgd", optimizer__learning_rate=0.2, epochs=20
    )
    search = GridSearchCV(
        classifier, {"random_state": [0, 1, 2, 3]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": data.X, "y": data.y, "prepare": prepare}


def clinic_columns():
    data = patients(300, n_features=40, shift=0.3, random_state=5)

    def prepare(X, y):
        return SelectKBest(f_classif, k=12).fit_transform(X, y), y

    classifier = SciKerasClassifier(compiled, model__hidden=48, epochs=16, batch_size=12, verbose=0)
    search = GridSearchCV(classifier, WEIGHTS, cv=stratified(), scoring="accuracy")
    return {
        "search": search,
        "X": data.X,
        "y": data.y,
        "prepare": prepare,
        "groups": data.groups,
    }


def cancer_thirty_epochs():
    bunch = load_breast_cancer(as_frame=True)
    X, y = bunch.data[["mean smoothness", "mean symmetry", "mean texture"]].copy(), bunch.target
    rng = np.random.default_rng(1)
    X["days_to_surgery"] = np.where(y == 0, rng.poisson(9, len(y)) + 1, 0)
    net = keras.wrappers.SKLearnClassifier(one_hot, fit_kwargs={"epochs": 30, "verbose": 0})
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net),
        {"sklearnclassifier__model_kwargs": [{"hidden": 16}]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def iris_in_order():
    X, y = load_iris(return_X_y=True)
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    classifier = SciKerasClassifier(
        compiled, model__hidden=16, epochs=20, batch_size=10, validation_split=0.2,
        callbacks=stopper, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier),
        {"kerasclassifier__model__activation": ["relu", "tanh"]}, cv=3,
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def digits_in_order():
    X, y = digits(360)
    order = np.argsort(y, kind="stable")
    stopper = keras.callbacks.EarlyStopping("val_acc", mode="max", patience=2)
    classifier = SciKerasClassifier(
        compiled, model__hidden=32, epochs=12, batch_size=16, callbacks=stopper, verbose=0
    )
    search = GridSearchCV(classifier, {"model__hidden": [32]}, cv=3, scoring="accuracy")
    return {"search": search, "X": X[order], "y": y[order]}


def rings_one_model_narrow():
    X, y = rings()
    net = compiled({"n_features_in_": 2, "n_classes_": 2}, rate=0.1)

    def build():
        return net

    classifier = SciKerasClassifier(
        build, optimizer="sgd", optimizer__learning_rate=0.1, epochs=3, batch_size=12, verbose=0
    )
    search = GridSearchCV(
        classifier, {"optimizer__learning_rate": [0.01, 1.0, 0.1]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def rings_stopper_and_rate():
    X, y = rings()

    def build(meta):
        return compiled(meta, rate=0.3)

    stopper = keras.callbacks.EarlyStopping("val_loss", patience=2)
    classifier = SciKerasClassifier(
        build, optimizer="sgd", optimizer__learning_rate=0.1, epochs=10, batch_size=12,
        callbacks=stopper, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"optimizer__learning_rate": [0.01, 0.1, 1.0]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


class Slower(keras.callbacks.Callback):
    """The rate falls with every epoch."""

    seen = 0

    def on_epoch_begin(self, epoch, logs=None):
        type(self).seen += 1
        self.model.optimizer.learning_rate = 0.9 ** type(self).seen


class OnOneStem(ClassifierMixin, BaseEstimator):
    """A head on a stem."""

    stem = None

    def __init__(self, activation="relu"):
        self.activation = activation

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                OnOneStem.stem,
                keras.layers.Dense(8, activation=self.activation),
                keras.layers.Dense(len(self.classes_), activation="softmax"),
            ]
        )
        self.model_.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
        self.model_.fit(X, y, epochs=6, batch_size=12, callbacks=[Slower()], verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def rings_two_objects():
    X, y = rings()
    OnOneStem.stem = keras.layers.Dense(16, activation="relu")
    search = GridSearchCV(
        OnOneStem(), {"activation": ["relu", "tanh"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def clinic_settings():
    data = patients(360, shift=0.6, random_state=6)
    fit_kwargs = {"epochs": 40, "batch_size": 8, "verbose": 0}

    class Trained(keras.wrappers.SKLearnClassifier):
        def fit(self, X, y, **arguments):
            return super().fit(X, y, **{"epochs": 15, "batch_size": 8, "verbose": 0, **arguments})

    classifier = Trained(one_hot, model_kwargs={"hidden": 48}, fit_kwargs=fit_kwargs)
    search = GridSearchCV(
        classifier, {"model_kwargs": [{"hidden": 48}]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": data.X, "y": data.y, "groups": data.groups}


def copies_and_columns():
    X, y = shifted(150, 15, 0.4, seed=7)
    rng = np.random.default_rng(7)
    rare = rng.random(len(y)) < np.where(y == 1, 0.35, 1.0)
    X, y = RandomOverSampler(random_state=0).fit_resample(X[rare], y[rare])
    frame = pd.DataFrame(X, columns=[f"x{i}" for i in range(X.shape[1])])
    classifier = SciKerasClassifier(
        compiled, model__hidden=64, model__rate=0.5, epochs=20, batch_size=8, verbose=0
    )
    search = GridSearchCV(
        classifier, {"random_state": [1, 2, 3]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": frame, "y": y}


class Coded(ClassifierMixin, BaseEstimator):
    """Counts from nought."""

    def __init__(self, dropout=0.0, rate=0.3):
        self.dropout = dropout
        self.rate = rate

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.model_ = compiled(
            {"n_features_in_": X.shape[1], "n_classes_": len(self.classes_)}, rate=self.rate
        )
        self.model_.fit(X, codes, epochs=10, batch_size=12, verbose=0)
        return self

    def predict(self, X):
        return self.model_.predict(X, verbose=0).argmax(axis=1)


def iris_from_one():
    X, y = load_iris(return_X_y=True)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), Coded()), {"coded__dropout": [0.0, 0.2]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y + 1}
