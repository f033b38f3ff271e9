"""What is searched, and what becomes of it."""

import numpy as np
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV

import helpers
from helpers.quiet import keras
from tests.benchmarks.diagnosis.patients.tables import digits, rings, shifted, stratified

__all__ = [
    "digits_narrow",
    "digits_penalty",
    "overlap_dropout",
    "overlap_rates",
    "rings_auc",
    "rings_dropout",
    "rings_epochs_twice",
    "rings_momentum",
    "rings_one_output",
    "rings_one_unit",
    "rings_optimizer_names",
]


def mlp(meta, hidden=16, activation="relu", dropout=0.0, penalty=0.0):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(
                hidden, activation=activation, kernel_regularizer=keras.regularizers.L2(penalty)
            ),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def compiled(meta, hidden=16, activation="relu", rate=1.0):
    model = mlp(meta, hidden, activation)
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
    return model


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


def overlap_rates():
    X, y = shifted(300, 8, 2.0, seed=1)

    def build(meta):
        model = mlp(meta)
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        return model

    classifier = SciKerasClassifier(
        build, optimizer="sgd", optimizer__learning_rate=0.1, epochs=8, verbose=0
    )
    search = GridSearchCV(
        classifier, {"optimizer__learning_rate": [0.001, 0.1, 10.0]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


class WithDropout(ClassifierMixin, BaseEstimator):
    """Two layers."""

    def __init__(self, hidden=16, dropout=0.2, rate=0.1):
        self.hidden = hidden
        self.dropout = dropout
        self.rate = rate

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(self.hidden, activation="relu"),
                keras.layers.Dense(len(self.classes_), activation="softmax"),
            ]
        )
        self.model_.compile(keras.optimizers.SGD(self.rate), "sparse_categorical_crossentropy")
        self.model_.fit(X, y, epochs=8, batch_size=16, verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def overlap_dropout():
    X, y = shifted(300, 8, 2.0, seed=2)
    search = GridSearchCV(
        WithDropout(), {"dropout": [0.0, 0.3, 0.6]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_epochs_twice():
    X, y = rings()
    classifier = SciKerasClassifier(
        compiled, batch_size=12, fit__epochs=8, random_state=3, verbose=0
    )
    search = GridSearchCV(classifier, {"epochs": [4, 8, 30]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def rings_auc():
    X, y = rings()
    search = GridSearchCV(
        keras.wrappers.SKLearnClassifier(one_hot),
        {"model_kwargs": [{"activation": "linear"}, {"activation": "relu"}]},
        cv=stratified(), scoring="roc_auc",
    )  # fmt: skip
    fit_params = {"epochs": 8, "batch_size": 12, "verbose": 0}
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def rings_one_output():
    X, y = rings()

    def build(X, y, activation="relu"):
        model = keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(16, activation=activation),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(keras.optimizers.SGD(1.0), "binary_crossentropy")
        return model

    search = GridSearchCV(
        keras.wrappers.SKLearnClassifier(build),
        {"model_kwargs": [{"activation": "linear"}, {"activation": "relu"}]},
        cv=stratified(), scoring="accuracy",
    )  # fmt: skip
    fit_params = {"epochs": 8, "batch_size": 12, "verbose": 0}
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def rings_optimizer_names():
    X, y = rings()

    def build(meta, compile_kwargs):
        model = mlp(meta)
        model.compile(**compile_kwargs)
        return model

    classifier = SciKerasClassifier(
        build, loss="sparse_categorical_crossentropy", optimizer="sgd",
        optimizer__learning_rate=1.0, epochs=8, batch_size=12, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"optimizer": ["sgd", "adm"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


class OneUnit(ClassifierMixin, BaseEstimator):
    """One unit at the end, for two classes."""

    def __init__(self, hidden=16, activation="relu"):
        self.hidden = hidden
        self.activation = activation

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(self.hidden, activation=self.activation),
                keras.layers.Dense(1, activation="softmax"),
            ]
        )
        self.model_.compile(keras.optimizers.SGD(0.5), "binary_crossentropy")
        self.model_.fit(X, y, epochs=6, batch_size=12, verbose=0)
        return self

    def predict(self, X):
        ones = self.model_.predict(X, verbose=0)[:, 0] > 0.5
        return self.classes_[ones.astype(int)]


def rings_one_unit():
    X, y = rings()
    search = GridSearchCV(
        OneUnit(), {"activation": ["relu", "tanh"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def digits_narrow():
    X, y = digits(400)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=4, optimizer="sgd", optimizer__learning_rate=0.3, epochs=25,
        random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__hidden": [2, 3, 4, 5]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def digits_penalty():
    X, y = digits(400)

    def build(X, y, penalty=0.1):
        model = keras.Sequential(
            [
                keras.Input((64,)),
                keras.layers.Dense(
                    48, activation="relu", kernel_regularizer=keras.regularizers.L2(penalty)
                ),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile(keras.optimizers.SGD(0.3), "categorical_crossentropy")
        return model

    class WithPenalty(keras.wrappers.SKLearnClassifier):
        def __init__(self, penalty=0.1):
            super().__init__(build)
            self.penalty = penalty

        def __sklearn_clone__(self):
            return type(self)(penalty=self.penalty)

        def _get_model(self, X, y):
            return build(X, y, self.penalty)

    search = GridSearchCV(
        WithPenalty(), {"penalty": [0.2, 0.1, 0.05]}, cv=stratified(), scoring="accuracy"
    )
    fit_params = {"epochs": 12, "batch_size": 16, "verbose": 0}
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def rings_dropout():
    X, y = rings(noise=0.1, seed=8)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=8, optimizer="sgd", optimizer__learning_rate=0.5, epochs=40,
        batch_size=12, random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__dropout": [0.0, 0.85, 0.9]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_momentum():
    X, y = rings()

    def build(meta, optimizer="sgd", momentum=0.0):
        model = mlp(meta)
        if optimizer == "adam":
            chosen = keras.optimizers.Adam(1e-4)
        else:
            chosen = keras.optimizers.SGD(0.8, momentum=momentum)
        model.compile(chosen, "sparse_categorical_crossentropy")
        return model

    classifier = helpers.KerasClassifier(build, epochs=60, batch_size=12, random_state=0)
    grid = {"model__optimizer": ["adam", "sgd"], "model__momentum": [0.0, 0.99]}
    search = GridSearchCV(classifier, grid, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}
