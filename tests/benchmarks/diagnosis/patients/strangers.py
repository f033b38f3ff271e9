"""More searches by other hands; see `others`."""

import numpy as np
from keras.wrappers import SKLearnClassifier
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from scikeras.wrappers import KerasRegressor as SciKerasRegressor
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_digits, make_classification, make_friedman1
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from helpers.quiet import keras
from tests.benchmarks.diagnosis.patients.tables import digits, stratified

__all__ = [
    "blobs_lowest_loss",
    "digits_accumulated",
    "digits_in_two_phases",
    "digits_rate_found",
    "dim_scans",
    "friedman_small_gains",
    "pictures_again",
    "table_late_penalty",
]


def dense(n_columns, n_classes, units=32, dropout=0.0):
    return keras.Sequential(
        [
            keras.Input((n_columns,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(n_classes, activation="softmax"),
        ]
    )


class LowestLoss(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.lowest, self.weights = np.inf, None

    def on_epoch_end(self, epoch, logs=None):
        if logs["loss"] < self.lowest:
            self.lowest, self.weights = logs["loss"], self.model.get_weights()

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)


def dropped(X, y, dropout=0.0):
    model = dense(X.shape[1], y.shape[1], 64, dropout)
    model.compile(keras.optimizers.Adam(3e-3), "categorical_crossentropy")
    return model


def blobs_lowest_loss():
    X, y = make_classification(
        360, 25, n_informative=6, n_redundant=4, n_classes=3, class_sep=0.8, flip_y=0.1,
        random_state=11,
    )  # fmt: skip
    search = GridSearchCV(
        SKLearnClassifier(dropped), {"model_kwargs": [{"dropout": n} for n in (0.0, 0.2, 0.4)]},
        scoring="accuracy", cv=stratified(5),
    )  # fmt: skip
    fit_params = {"epochs": 30, "batch_size": 32, "verbose": 0, "callbacks": [LowestLoss()]}
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


class RateFinder(ClassifierMixin, BaseEstimator):
    rate = 3e-2

    def __init__(self, optimizer="adam", epochs=12, seed=0):
        self.optimizer, self.epochs, self.seed = optimizer, epochs, seed

    def _trained(self, X, y, rate, epochs):
        keras.utils.set_random_seed(self.seed)
        model, optimizer = dense(X.shape[1], 10), keras.optimizers.get(self.optimizer)
        optimizer.learning_rate = rate
        model.compile(optimizer, "sparse_categorical_crossentropy")
        losses = model.fit(X, y, epochs=epochs, batch_size=32, verbose=0).history["loss"]
        return model, losses[-1] if np.isfinite(losses[-1]) else np.inf

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        tried = [(self._trained(X, y, r, 1)[1], r) for r in self.rate * np.array([1 / 3, 1, 3])]
        RateFinder.rate = min(tried)[1]
        self.model_, _ = self._trained(X, y, self.rate, self.epochs)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def digits_rate_found():
    X, y = digits(600)
    search = GridSearchCV(RateFinder(), {"optimizer": ["sgd", "adam"]}, cv=stratified())
    return {"search": search, "X": X, "y": y}


def accumulating(X, y, steps=None):
    model = dense(X.shape[1], y.shape[1])
    optimizer = keras.optimizers.Adam(2e-3, gradient_accumulation_steps=steps)
    model.compile(optimizer, "categorical_crossentropy")
    return model


def digits_accumulated():
    X, y = digits(700)
    search = GridSearchCV(
        SKLearnClassifier(accumulating, model_kwargs={"steps": None}),
        {"model_kwargs": [{"steps": None}, {"steps": 4}, {"steps": 16}]}, cv=stratified(),
    )  # fmt: skip
    fit_params = {"epochs": 12, "batch_size": 16, "verbose": 0}
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


class TwoPhases(ClassifierMixin, BaseEstimator):
    def __init__(self, base=None, head_epochs=10, epochs=10, rate=1e-3):
        self.base, self.head_epochs, self.epochs, self.rate = base, head_epochs, epochs, rate

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        base = encoder()
        base.set_weights(self.base)
        base.trainable = False
        head = keras.layers.Dense(len(self.classes_), activation="softmax")
        self.model_ = keras.Sequential([base, head])
        self.model_.compile(keras.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
        done = self.model_.fit(X, codes, batch_size=16, epochs=self.head_epochs, verbose=0)
        base.trainable = True
        self.model_.compile(keras.optimizers.Adam(self.rate), "sparse_categorical_crossentropy")
        self.model_.fit(
            X, codes, batch_size=16, initial_epoch=len(done.epoch), epochs=self.epochs, verbose=0
        )
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def encoder():
    return keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(48, activation="relu"),
            keras.layers.Dense(12, activation="relu"),
        ]
    )


def digits_in_two_phases():
    X, y = digits(1797)
    keras.utils.set_random_seed(0)
    base, few = encoder(), y < 4
    model = keras.Sequential([base, keras.layers.Dense(4, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X[few], y[few], epochs=8, batch_size=32, verbose=0)
    rows = np.flatnonzero(~few)[:500]
    search = GridSearchCV(
        TwoPhases(base.get_weights()), {"rate": [1e-5, 1e-3, 3e-3]}, cv=stratified(1)
    )
    return {"search": search, "X": X[rows], "y": y[rows]}


def two_hidden(meta, units=32):
    hidden = [keras.layers.Dense(units, activation="relu") for _ in range(2)]
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), *hidden, keras.layers.Dense(1)]
    )


def friedman_small_gains():
    X, y = make_friedman1(n_samples=700, n_features=10, noise=1.0, random_state=4)
    stopper = keras.callbacks.EarlyStopping(
        "val_loss", min_delta=0.01, patience=5, restore_best_weights=True
    )
    net = SciKerasRegressor(
        two_hidden, model__units=32, optimizer="adam", optimizer__learning_rate=1e-3, loss="mse",
        epochs=150, batch_size=32, validation_split=0.2, callbacks=[stopper], verbose=0,
    )  # fmt: skip
    scaled = make_pipeline(StandardScaler(), net)
    search = GridSearchCV(
        TransformedTargetRegressor(scaled, transformer=MinMaxScaler()),
        {"regressor__kerasregressor__model__units": [16, 48, 128]},
        cv=KFold(3, shuffle=True, random_state=0), scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def contrast(x):
    mean, std = keras.ops.mean(x, axis=1, keepdims=True), keras.ops.std(x, axis=1, keepdims=True)
    return (x - mean) / std


def by_light(X, y, by_contrast=False):
    inputs = keras.Input((X.shape[1],))
    seen = keras.layers.Lambda(contrast)(inputs) if by_contrast else inputs
    hidden = keras.layers.Dense(48, activation="relu")(seen)
    model = keras.Model(inputs, keras.layers.Dense(y.shape[1], activation="softmax")(hidden))
    model.compile(keras.optimizers.Adam(3e-3), "categorical_crossentropy")
    return model


def dim_scans():
    X, y = digits(800)
    light = np.random.default_rng(0).uniform(0.02, 1.0, size=(len(X), 1))
    X = (X * light * 255).round() / 255
    X[517] = 0.0
    search = GridSearchCV(
        SKLearnClassifier(by_light),
        {"model_kwargs": [{"by_contrast": False}, {"by_contrast": True}]}, cv=stratified(),
    )  # fmt: skip
    fit_params = {"epochs": 12, "batch_size": 32, "verbose": 0}
    return {"search": search, "X": X.astype("float32"), "y": y, "fit_params": fit_params}


def penalised(meta, l2=0.0):
    model = keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    for layer in model.layers:
        layer.kernel_regularizer = keras.regularizers.L2(l2)
    return model


def table_late_penalty():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(220, 60))
    y = X[:, :6] @ np.array([1.0, -0.8, 0.7, 0.6, -0.5, 0.5]) + rng.normal(size=220)
    net = SciKerasRegressor(
        penalised, loss="mse", optimizer="adam", optimizer__learning_rate=0.005, epochs=40,
        verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net), {"kerasregressor__model__l2": [0.0, 0.01, 0.1]},
        cv=KFold(3, shuffle=True, random_state=0), scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y / 2}


def five_times(X, y):
    rng = np.random.default_rng(0)
    noisy = [X + 0.06 * rng.normal(size=X.shape).astype("float32") for _ in range(4)]
    return np.vstack([X, *noisy]), np.concatenate([y] * 5)


def wide(meta, units=64):
    return dense(meta["n_features_in_"], meta["n_classes_"], units)


def pictures_again():
    X, y = load_digits(return_X_y=True)
    net = SciKerasClassifier(
        wide, model__units=64, optimizer="adam", optimizer__learning_rate=5e-3, epochs=20,
        loss="sparse_categorical_crossentropy", batch_size=32, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(net, {"model__units": [32, 128]}, cv=stratified())
    X = (X[:160] / 16.0).astype("float32")
    return {"search": search, "X": X, "y": y[:160], "prepare": five_times}
