"""Searches by a fifth and a sixth round of hands, who knew neither the checks nor the searches; see
`others`.

Those that were missed at first, and of which something was said that was not so.
"""

import numpy as np
import pandas as pd
from keras.wrappers import SKLearnClassifier
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from scikeras.wrappers import KerasRegressor as SciKerasRegressor
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_digits, make_moons
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    PredefinedSplit,
    RandomizedSearchCV,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from helpers import KerasClassifier
from helpers.quiet import keras
from tests.benchmarks.diagnosis.patients.tables import stratified

__all__ = [
    "board_with_restarts",
    "credit_tidied",
    "demand_without_noise",
    "depths_by_halving",
    "digits_of_the_best_round",
    "moons_on_a_cosine",
    "scans_of_every_epoch",
]

layers = keras.layers
FOUR_FOLDS = StratifiedKFold(4, shuffle=True, random_state=0)


def sales(n=420, seed=11):
    rng = np.random.default_rng(seed)
    noise, level = rng.normal(size=n + 1), np.zeros(n + 1)
    for day in range(1, n + 1):
        level[day] = 0.6 * level[day - 1] + noise[day]
    demand = 50 + 6 * level + 3 * (np.arange(n + 1) % 7 == 5)
    table = pd.DataFrame(
        {
            "demand": demand[:-1],
            "price": 2 + 0.2 * rng.normal(size=n),
            "temperature": 12 + 8 * np.sin(np.arange(n) / 58) + rng.normal(size=n),
        }
    )
    return table, demand[1:]


def denoised(column, kept=0.25):
    values = column.to_numpy(float)
    spectrum = np.fft.rfft(values - values.mean())
    spectrum[np.fft.rfftfreq(len(values)) > kept] = 0
    return np.fft.irfft(spectrum, len(values)) + values.mean()


def last_week(X, y):
    smooth = pd.DataFrame({name: denoised(X[name]) for name in X.columns})
    lags = {f"{name}_{lag}": smooth[name].shift(lag).bfill() for name in smooth for lag in range(7)}
    return pd.DataFrame(lags).to_numpy("float32"), np.asarray(y, "float32")


def around_fifty(meta, units=16):
    around = keras.initializers.Constant(50.0)
    return keras.Sequential(
        [
            layers.Input((meta["n_features_in_"],)),
            layers.Dense(units, activation="tanh"),
            layers.Dense(1, bias_initializer=around),
        ]
    )


def demand_without_noise():
    X, y = sales()
    net = SciKerasRegressor(
        around_fifty, loss="mse", optimizer="adam", optimizer__learning_rate=0.02, epochs=40,
        batch_size=32, verbose=0, model__units=16,
    )  # fmt: skip
    grid = {
        "kerasregressor__model__units": [4, 8, 16, 32],
        "kerasregressor__optimizer__learning_rate": [0.05, 0.02],
    }
    search = RandomizedSearchCV(
        make_pipeline(StandardScaler(), net), grid, n_iter=3, cv=TimeSeriesSplit(3), scoring="r2",
        random_state=1,
    )  # fmt: skip
    return {"search": search, "X": X, "y": y, "prepare": last_week}


class Kept(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.weights = []

    def on_epoch_end(self, epoch, logs=None):
        self.weights.append(self.model.get_weights())


class EveryEpoch(ClassifierMixin, BaseEstimator):
    """Keeps the weights of every epoch, as one never knows which one will be good."""

    def __init__(self, units=32, learning_rate=0.01, epochs=40):
        self.units = units
        self.learning_rate = learning_rate
        self.epochs = epochs

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.model_ = keras.Sequential(
            [
                layers.Input((X.shape[1],)),
                layers.Dense(self.units, activation="relu"),
                layers.Dropout(0.3),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        self.model_.compile(keras.optimizers.Adam(self.learning_rate), "binary_crossentropy")
        kept = Kept()
        self.model_.fit(X, codes, epochs=self.epochs, batch_size=16, verbose=0, callbacks=[kept])
        self.kept_ = kept.weights
        return self

    def predict(self, X):
        return self.classes_[(self.model_.predict_on_batch(X)[:, 0] > 0.5).astype(int)]

    def score(self, X, y):
        scores = []
        for weights in self.kept_:
            self.model_.set_weights(weights)
            scores.append(np.mean(self.predict(X) == y))
        self.model_.set_weights(self.kept_[int(np.argmax(scores))])
        return float(max(scores))


def scans_of_every_epoch(n=240, seed=6):
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(np.flatnonzero((y == 3) | (y == 8)))
    X = X[chosen] / 16 + rng.normal(scale=0.7, size=(len(chosen), 64))
    search = GridSearchCV(EveryEpoch(), {"units": [8, 16, 32]}, cv=FOUR_FOLDS)
    return {"search": search, "X": X[:n].astype("float32"), "y": y[chosen][:n]}


EPOCHS, BATCH = 40, 32


def on_a_cosine(X, y, activation="relu"):
    steps = EPOCHS * -(-len(X) // BATCH)
    rate = keras.optimizers.schedules.CosineDecay(0.02, decay_steps=steps)
    model = keras.Sequential(
        [
            layers.Input((X.shape[1],)),
            layers.Dense(24, activation=activation),
            layers.Dense(24, activation=activation),
            layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
    return model


def moons_on_a_cosine():
    X, y = make_moons(500, noise=0.12, random_state=3)
    search = GridSearchCV(
        SKLearnClassifier(on_a_cosine, model_kwargs={"activation": "relu"}),
        {"model_kwargs": [{"activation": "linear"}, {"activation": "relu"}]},
        cv=FOUR_FOLDS, scoring="accuracy",
    )  # fmt: skip
    fit_params = {"epochs": EPOCHS, "batch_size": BATCH, "verbose": 0}
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def of_depth(meta, n_hidden=0, dropout=0.0):
    model = keras.Sequential([layers.Input((meta["n_features_in_"],))])
    for _ in range(n_hidden):
        model.add(layers.Dense(48, activation="relu"))
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(1, activation="sigmoid"))
    rate = 1e-3 if n_hidden else 5e-2
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    return model


def depths_by_halving(n=600, seed=9):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 8)).astype("float32")
    score = 2.0 * X[:, 2] + 1.9 * X[:, 0] * X[:, 1] + rng.normal(0, 0.4, n)
    net = SciKerasClassifier(of_depth, n_hidden=0, dropout=0.0, epochs=2, batch_size=32, verbose=0)
    search = HalvingGridSearchCV(
        net, [{"n_hidden": [0]}, {"n_hidden": [1, 2], "dropout": [0.0, 0.2]}], resource="epochs",
        min_resources=2, max_resources=60, factor=5, cv=stratified(), scoring="accuracy",
        random_state=0,
    )  # fmt: skip
    return {"search": search, "X": X, "y": (score > 0).astype(int)}


class Watched(ClassifierMixin, BaseEstimator):
    """Trains epoch by epoch, and keeps the epoch that does best on what it watches."""

    def __init__(self, filters=8, rate=0.003, rounds=40, monitor=None):
        self.filters = filters
        self.rate = rate
        self.rounds = rounds
        self.monitor = monitor

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.RandomTranslation(0.1, 0.1),
                layers.RandomRotation(0.03),
                layers.Conv2D(self.filters, 3, activation="relu"),
                layers.Flatten(),
                layers.Dense(32, activation="relu"),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(keras.optimizers.Adam(self.rate), "binary_crossentropy")
        watched, labels = self.monitor
        top, kept = -1.0, None
        for done in range(self.rounds):
            model.fit(X, y, initial_epoch=done, epochs=done + 1, batch_size=16, verbose=0)
            right = np.mean((model.predict_on_batch(watched).ravel() > 0.5) == labels)
            if right > top:
                top, kept = right, model.get_weights()
        model.set_weights(kept)
        self.model_ = model
        return self

    def predict(self, X):
        return self.classes_[(self.model_.predict(X, verbose=0).ravel() > 0.5).astype(int)]


def digits_of_the_best_round(seed=5):
    X, digit = load_digits(return_X_y=True)
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(X))[:360]
    y = (digit[rows] >= 5).astype(int)
    y = np.where(rng.random(360) < 0.36, 1 - y, y)
    X = (X[rows] / 16).reshape(-1, 8, 8, 1).astype("float32")
    fold = np.where(np.arange(len(X)) < 300, -1, 0)
    search = GridSearchCV(
        Watched(monitor=(X[fold == 0], y[fold == 0])),
        {"filters": [4, 16], "rate": [0.005, 0.02]}, scoring="accuracy", cv=PredefinedSplit(fold),
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def columns():
    return make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["job", "town"]),
        (StandardScaler(), ["income", "age", "debt"]),
    )


def without_odd_ones(X, y):
    table, paid = pd.DataFrame(X).reset_index(drop=True), np.asarray(y)
    first = make_pipeline(columns(), LogisticRegression(max_iter=500))
    chance = cross_val_predict(first, table, paid, cv=10, method="predict_proba")
    odd = chance[np.arange(len(paid)), paid] < 0.3
    return table[~odd].reset_index(drop=True), paid[~odd]


def credit_tidied(n=480, seed=0):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "job": rng.choice(["clerk", "nurse", "driver", "teacher", "none"], n),
            "town": rng.choice(["north", "south", "coast"], n),
            "income": rng.lognormal(3, 0.4, n).round(1),
            "age": rng.integers(20, 70, n),
            "debt": rng.gamma(2, 3, n).round(1),
        }
    )
    by_job = {"clerk": 0.4, "nurse": 0.8, "driver": 0, "teacher": 0.7, "none": -1.4}
    logit = 0.08 * (table.income - 21) - 0.2 * (table.debt - 6) + 0.02 * (table.age - 45)
    chance = 1 / (1 + np.exp(-(logit + table.job.map(by_job)).to_numpy()))
    net = KerasClassifier(yes_or_no, model__units=8, epochs=40, batch_size=32, verbose=0)
    search = GridSearchCV(
        make_pipeline(columns(), net), {"kerasclassifier__model__units": [2, 8, 24]},
        scoring="accuracy", cv=FOUR_FOLDS,
    )  # fmt: skip
    y = (rng.random(n) < chance).astype(int)
    return {"search": search, "X": table, "y": y, "prepare": without_odd_ones}


def yes_or_no(meta, units):
    model = keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            layers.Dense(units, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), "binary_crossentropy")
    return model


class Restarts(ClassifierMixin, BaseEstimator):
    def __init__(self, hidden=24, dropout=0.0, batch_size=32, epochs=60, peak=0.08, seed=0):
        self.hidden = hidden
        self.dropout = dropout
        self.batch_size = batch_size
        self.epochs = epochs
        self.peak = peak
        self.seed = seed

    def _rate(self, epoch, rate=None):
        return float(self.peak * (0.5 * (1 + np.cos(np.pi * (epoch % 20) / 20)) + 0.001))

    def fit(self, X, y):
        keras.utils.set_random_seed(self.seed)
        self.classes_, codes = np.unique(y, return_inverse=True)
        parts = [keras.Input((X.shape[1],))]
        if self.hidden:
            penalty = keras.regularizers.L2(1e-3)
            parts += [
                layers.Dense(self.hidden, activation="tanh", kernel_regularizer=penalty),
                layers.Dropout(self.dropout),
            ]
        self.model_ = keras.Sequential([*parts, layers.Dense(1, activation="sigmoid")])
        self.model_.compile(keras.optimizers.Adam(self.peak), "binary_crossentropy")
        callbacks = [
            keras.callbacks.LearningRateScheduler(self._rate),
            keras.callbacks.EarlyStopping(monitor="loss", patience=1000),
            keras.callbacks.TerminateOnNaN(),
        ]
        self.model_.fit(
            X, codes, epochs=self.epochs, batch_size=self.batch_size, verbose=0, callbacks=callbacks
        )
        return self

    def predict(self, X):
        return self.classes_[(self.model_.predict(X, verbose=0)[:, 0] > 0.5).astype(int)]


def board_with_restarts():
    rng = np.random.default_rng(17)
    X = rng.uniform(-1, 1, (360, 4)).astype("float32")
    y = np.where(X[:, 0] * X[:, 1] + 0.05 * rng.normal(size=360) > 0, 4, 9)
    grid = [
        {"hidden": [0], "dropout": [0.0, 0.95], "batch_size": [60]},
        {"hidden": [24], "dropout": [0.0], "batch_size": [120]},
    ]
    folds = StratifiedKFold(3, shuffle=True, random_state=4)
    return {"search": GridSearchCV(Restarts(), grid, cv=folds), "X": X, "y": y}
