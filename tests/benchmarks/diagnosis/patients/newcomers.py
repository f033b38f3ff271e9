"""Searches by a fourth round of hands, who knew neither the checks nor the searches; see `others`.

Those that were missed at first, and one of which something was said that was not so.
"""

import itertools
import math

import numpy as np
import pandas as pd
import tensorflow as tf
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from scikeras.wrappers import KerasRegressor as SciKerasRegressor
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import cohen_kappa_score, make_scorer, mean_pinball_loss
from sklearn.model_selection import GridSearchCV, KFold, RandomizedSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from helpers.quiet import keras
from tests.benchmarks.diagnosis.patients.tables import stratified

__all__ = [
    "digits_rates_set",
    "dose_without_training",
    "grades_by_appearance",
    "progression_counted_on",
    "spirals_on_banks",
]


FIVE_FOLDS = StratifiedKFold(5, shuffle=True, random_state=1)


def halved(epoch):
    return 0.001 * math.pow(0.5, math.floor((1 + epoch) / 10))


def ten_classes(meta, units=32):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def digits_rates_set():
    X, y = load_digits(return_X_y=True)
    net = SciKerasClassifier(
        ten_classes, loss="sparse_categorical_crossentropy", optimizer="sgd",
        optimizer__learning_rate=0.01, optimizer__momentum=0.9, epochs=30, batch_size=32, verbose=0,
        random_state=7, callbacks=[keras.callbacks.LearningRateScheduler(halved)],
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(MinMaxScaler(), net),
        {"kerasclassifier__optimizer__learning_rate": [0.001, 0.01, 0.1]},
        cv=stratified(), scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X[:700], "y": y[:700]}


class Clipped(keras.Model):
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, self.trainable_variables), 5.0)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


def clipped(meta, units=64, dropout=0.5):
    inputs = keras.Input((meta["n_features_in_"],))
    hidden = keras.layers.Dense(units, activation="relu")(inputs)
    hidden = keras.layers.Dropout(dropout)(hidden)
    return Clipped(inputs, keras.layers.Dense(1)(hidden))


def dose_without_training():
    rng = np.random.default_rng(3)
    X = rng.normal(size=(220, 30))
    weights = np.random.default_rng(1).normal(size=30) / np.sqrt(30)
    y = X @ weights + rng.normal(0, 0.7, 220)
    net = SciKerasRegressor(
        clipped, loss="mse", optimizer="adam", optimizer__learning_rate=0.005, epochs=50,
        batch_size=32, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net), {"kerasregressor__model__dropout": [0.2, 0.5, 0.8]},
        cv=KFold(3, shuffle=True, random_state=1), scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def pinball(y, prediction):
    error = keras.ops.reshape(y, (-1,)) - keras.ops.reshape(prediction, (-1,))
    return keras.ops.mean(keras.ops.maximum(0.8 * error, -0.2 * error))


def warm_up_and_decay(peak=2e-2, warm_up=4, decay=0.97):
    steps = itertools.count()

    def schedule(epoch, rate):
        step = next(steps)
        if step < warm_up:
            return peak * (step + 1) / warm_up
        return max(peak * decay ** (step - warm_up), 1e-6)

    return keras.callbacks.LearningRateScheduler(schedule)


def quantile(units=32, dropout=0.0):
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Rescaling(20.0),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", loss=pinball)
    return model


def progression_counted_on():
    X, y = load_diabetes(return_X_y=True)
    net = SciKerasRegressor(
        quantile, units=32, dropout=0.0, epochs=40, batch_size=32, verbose=0,
        callbacks=[warm_up_and_decay()],
    )  # fmt: skip
    search = GridSearchCV(
        net, {"units": [16, 64], "dropout": [0.0, 0.25]},
        cv=KFold(3, shuffle=True, random_state=2),
        scoring=make_scorer(mean_pinball_loss, alpha=0.8, greater_is_better=False),
    )  # fmt: skip
    return {"search": search, "X": X.astype("float32"), "y": (y / 100).astype("float32")}


class GradeNet(ClassifierMixin, BaseEstimator):
    def __init__(self, units=16, dropout=0.0, rate=3e-3, epochs=25):
        self.units, self.dropout, self.rate, self.epochs = units, dropout, rate, epochs

    def fit(self, X, y):
        codes, _ = pd.factorize(np.asarray(y))
        self.classes_ = np.unique(y)
        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(self.units, activation="relu"),
                keras.layers.Dropout(self.dropout),
                keras.layers.Dense(len(self.classes_), activation="softmax"),
            ]
        )
        self.model_.compile(keras.optimizers.Adam(self.rate), "sparse_categorical_crossentropy")
        self.model_.fit(X, codes, epochs=self.epochs, batch_size=32, verbose=0)
        return self

    def predict_proba(self, X):
        return self.model_.predict(X, verbose=0)

    def predict(self, X):
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


def grades_by_appearance():
    X, y = load_diabetes(return_X_y=True)
    order = np.random.default_rng(79).permutation(len(y))
    X, y = X[order], y[order]
    search = RandomizedSearchCV(
        make_pipeline(StandardScaler(), GradeNet()),
        {"gradenet__units": [8, 16, 32], "gradenet__dropout": [0.0, 0.2]},
        n_iter=3, cv=FIVE_FOLDS, random_state=0,
        scoring=make_scorer(cohen_kappa_score, weights="quadratic"),
    )  # fmt: skip
    return {"search": search, "X": X, "y": np.digitize(y, np.quantile(y, [1 / 3, 2 / 3])) + 1}


def waves(spread, width=96):
    rng = np.random.default_rng(11)
    layer = keras.layers.Dense(width, activation=keras.ops.cos, trainable=False)
    layer.build((None, 2))
    layer.set_weights([rng.normal(0, spread, (2, width)), rng.uniform(0, 2 * np.pi, width)])
    return layer


def spirals_on_banks():
    banks = {"low": waves(0.15), "middle": waves(1.2), "high": waves(12.0)}

    def on_bank(bank="middle"):
        last = keras.layers.Dense(1, activation="sigmoid")
        return keras.Sequential([keras.Input((2,)), banks[bank], last])

    rng, n = np.random.default_rng(0), 500
    y = np.arange(n) % 2
    turn = np.sqrt(rng.uniform(0.05, 1, n)) * 2.2 * np.pi
    X = np.c_[turn * np.cos(turn + np.pi * y), turn * np.sin(turn + np.pi * y)] / 2
    X += rng.normal(0, 0.12, (n, 2))
    net = SciKerasClassifier(
        on_bank, loss="binary_crossentropy", optimizer="adam", optimizer__learning_rate=0.03,
        epochs=40, batch_size=25, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        net, {"model__bank": ["low", "middle", "high"]}, cv=FIVE_FOLDS, scoring="accuracy"
    )
    return {"search": search, "X": X.astype("float32"), "y": y}
