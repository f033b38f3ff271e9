"""Searches by a fourth round of hands, who knew neither the checks nor the searches; see `others`.

Those that were missed at first, and two of which something was said that was not so.
"""

import itertools
import math

import numpy as np
import pandas as pd
import tensorflow as tf
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from scikeras.wrappers import KerasRegressor as SciKerasRegressor
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits, make_classification, make_friedman1
from sklearn.impute import SimpleImputer
from sklearn.metrics import cohen_kappa_score, make_scorer, mean_pinball_loss
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    KFold,
    RandomizedSearchCV,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from helpers import KerasClassifier
from helpers.quiet import keras
from tests.benchmarks.diagnosis.patients.tables import stratified

__all__ = [
    "clusters_in_thirty_steps",
    "columns_scaled_or_not",
    "cut_offs_by_ranks",
    "digits_on_a_frozen_base",
    "digits_rates_set",
    "digits_till_enough",
    "dose_without_training",
    "grades_by_appearance",
    "progression_counted_on",
    "questions_unanswered",
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


def clusters_in_thirty_steps():
    epochs = 30

    def scheduled(units=32):
        rate = keras.optimizers.schedules.CosineDecay(3e-3, decay_steps=epochs)
        hidden = [keras.layers.Dense(units, activation="relu") for _ in range(2)]
        last = keras.layers.Dense(5, activation="softmax")
        model = keras.Sequential([keras.Input((20,)), *hidden, last])
        model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        return model

    X, y = make_classification(
        700, 20, n_informative=10, n_redundant=4, n_classes=5, class_sep=1.6, random_state=11
    )
    net = KerasClassifier(scheduled, epochs=epochs, batch_size=32)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net), {"kerasclassifier__model__units": [16, 64]},
        cv=StratifiedKFold(4, shuffle=True, random_state=0),
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


class Reached(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs["accuracy"] > 0.85:
            self.model.stop_training = True


def counted(meta, units=48, rate=1e-3):
    model = ten_classes(meta, units)
    model.compile(
        keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def digits_till_enough():
    X, y = load_digits(return_X_y=True)
    net = SciKerasClassifier(counted, units=48, epochs=40, batch_size=32, callbacks=[Reached()])
    search = GridSearchCV(net.set_params(verbose=0), {"units": [32, 64]}, cv=FIVE_FOLDS)
    return {"search": search, "X": (X[-900:] / 16.0).astype("float32"), "y": y[-900:]}


def on_a_frozen_base(l2=0.0, finetune=False):
    penalty = keras.regularizers.L2(l2)
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, activation="relu", kernel_regularizer=penalty),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(64, activation="relu", kernel_regularizer=penalty),
        ]
    )
    base.trainable = finetune
    last = keras.layers.Dense(10, activation="softmax")
    model = keras.Sequential([keras.Input((8, 8, 1)), base, last])
    model.compile(keras.optimizers.Adam(5e-3), "sparse_categorical_crossentropy")
    return model


def digits_on_a_frozen_base():
    X, y = load_digits(return_X_y=True)
    search = GridSearchCV(
        KerasClassifier(on_a_frozen_base, epochs=40, batch_size=32, random_state=1),
        {"model__l2": [0.0, 1e-3, 1e-1]}, cv=StratifiedKFold(4, shuffle=True, random_state=0),
    )  # fmt: skip
    images = (X[:700] / 16.0).reshape(-1, 8, 8, 1).astype("float32")
    return {"search": search, "X": images, "y": y[:700]}


def yes_or_no(meta, units=16):
    model = keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), "binary_crossentropy")
    return model


def cut_offs_by_ranks():
    X, y = make_classification(
        500, 12, n_informative=6, n_redundant=2, weights=[0.85], flip_y=0.04, class_sep=0.8,
        random_state=8,
    )  # fmt: skip
    net = KerasClassifier(yes_or_no, epochs=25, batch_size=32, random_state=0)
    cut = FixedThresholdClassifier(
        make_pipeline(StandardScaler(), net), response_method="predict_proba"
    )
    search = GridSearchCV(
        cut,
        {"threshold": [0.1, 0.3, 0.5], "estimator__kerasclassifier__model__units": [1, 32]},
        scoring="roc_auc", cv=StratifiedKFold(4, shuffle=True, random_state=0),
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def questions_unanswered():
    rng, n = np.random.default_rng(6), 420
    X = rng.normal(size=(n, 8))
    y = (0.8 * X[:, 0] - 0.6 * X[:, 2] + rng.logistic(0, 1.0, n) > 0).astype(int)
    answered = np.where(y == 1, rng.random(n) < 0.93, rng.random(n) < 0.05)
    X[~answered, 5] = np.nan
    for column in (1, 3, 6):
        X[rng.random(n) < 0.12, column] = np.nan
    net = SciKerasClassifier(
        yes_or_no, units=16, epochs=25, batch_size=32, random_state=0, verbose=0
    )
    filled = SimpleImputer(strategy="median", add_indicator=True)
    search = GridSearchCV(
        make_pipeline(filled, StandardScaler(), net), {"kerasclassifier__units": [4, 16, 48]},
        cv=StratifiedKFold(4, shuffle=True, random_state=2),
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def of_layers(meta, hidden=(48,)):
    layers = [keras.layers.Dense(units, activation="relu") for units in hidden]
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), *layers, keras.layers.Dense(1)]
    )


def columns_scaled_or_not():
    X, y = make_friedman1(450, n_features=6, noise=0.6, random_state=9)
    net = SciKerasRegressor(
        of_layers, loss="mse", optimizer="adam", optimizer__learning_rate=0.01, epochs=50,
        batch_size=32, verbose=0,
    )  # fmt: skip
    inner = GridSearchCV(
        TransformedTargetRegressor(net, transformer=StandardScaler()),
        {"regressor__model__hidden": [(), (48,)]}, scoring="neg_mean_squared_error",
        cv=KFold(2, shuffle=True, random_state=2),
    )  # fmt: skip
    search = GridSearchCV(
        Pipeline([("scale", StandardScaler()), ("inner", inner)]),
        {"scale": ["passthrough", StandardScaler()]}, scoring="r2",
        cv=KFold(3, shuffle=True, random_state=1),
    )  # fmt: skip
    return {"search": search, "X": X * [1.0, 500.0, 0.01, 20.0, 3.0, 3000.0], "y": y}
