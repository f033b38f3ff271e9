"""Searches by a seventh round of hands, who knew neither the checks nor the searches; see `others`.

Those that were missed at first, and of which something was said that was not so.
"""

import hashlib
from typing import ClassVar

import numpy as np
import pandas as pd
from keras.wrappers import SKLearnClassifier
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.compose import ColumnTransformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_digits, load_wine, make_classification
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import make_scorer, top_k_accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import KerasClassifier
from helpers.quiet import keras

__all__ = [
    "bearings_of_four_plants",
    "customers_until_flat",
    "defects_by_hit_rate",
    "grain_on_scores",
    "grapes_in_log_units",
    "parity_of_digits",
    "servers_newest_first",
    "visitors_kept",
]

layers = keras.layers


def binary(meta, units=32, activation="relu"):
    return keras.Sequential(
        [
            layers.Input((meta["n_features_in_"],)),
            layers.Dense(units, activation=activation),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


class SpectraNet(RegressorMixin, BaseEstimator):
    def __init__(self, units=8, epochs=60):
        self.units = units
        self.epochs = epochs

    def fit(self, X, y):
        self.mean_, self.scale_ = y.mean(), y.std()
        self.model_ = keras.Sequential(
            [
                layers.Input((X.shape[1],)),
                layers.Dense(self.units, activation="tanh"),
                layers.Dense(1),
            ]
        )
        self.model_.compile(keras.optimizers.Adam(0.005), "mse")
        target = (y - self.mean_) / self.scale_
        self.model_.fit(X, target, epochs=self.epochs, batch_size=16, verbose=0)
        return self

    def predict(self, X):
        return self.model_.predict(X, verbose=0).ravel() * self.scale_ + self.mean_


def grain_on_scores():
    rng = np.random.default_rng(1)
    axis, centres = np.linspace(0, 1, 400), np.array([0.15, 0.3, 0.5, 0.65, 0.85])
    bands = np.exp(-(((axis - centres[:, None]) / 0.05) ** 2))
    amounts = rng.normal(size=(170, 5))
    X = 2 + amounts @ bands * 0.35 + rng.normal(scale=0.7, size=(170, 400))
    y = 12 + 0.9 * amounts[:, 1] - 0.6 * amounts[:, 3] + rng.normal(size=170)
    components = FrozenEstimator(PLSRegression(n_components=8).fit(X, y))
    search = GridSearchCV(
        make_pipeline(components, StandardScaler(), SpectraNet()),
        {"spectranet__units": [1, 12]},
        cv=KFold(5, shuffle=True, random_state=0),
        scoring="r2",
    )
    return {"search": search, "X": X, "y": y}


def servers_newest_first():
    rng, n = np.random.default_rng(4), 600
    installed, progress = pd.date_range("2023-01-01", periods=n), np.linspace(0, 1, n)
    newest = 6 * progress - rng.exponential(0.15, size=n)
    capacity = np.where(rng.random(n) < 0.6, newest, rng.uniform(0, 6 * progress))
    load, fan = rng.normal(size=n), rng.normal(size=n)
    signal = np.sin(2.2 * capacity) + 0.3 * load + rng.normal(scale=0.2, size=n)
    frame = pd.DataFrame(
        {
            "installed": installed,
            "log_capacity": capacity.round(3),
            "load": load.round(3),
            "fan_speed": fan.round(3),
            "alarm": (signal > 0).astype(int),
        }
    ).sort_values("installed", ascending=False, ignore_index=True)
    numbers = ("numbers", StandardScaler(), ["log_capacity", "load", "fan_speed"])
    net = KerasClassifier(
        binary, model__activation="tanh", optimizer__learning_rate=0.01, epochs=120, random_state=0
    )
    search = GridSearchCV(
        make_pipeline(ColumnTransformer([numbers]), net),
        {"kerasclassifier__model__units": [2, 48]},
        cv=TimeSeriesSplit(n_splits=4),
    )
    return {"search": search, "X": frame.drop(columns="alarm"), "y": frame["alarm"].to_numpy()}


def plant(rng, n, offset, effect):
    X = rng.normal(size=(n, 10))
    y = (X[:, :6] @ effect + rng.normal(scale=0.4, size=n) > 0).astype(int)
    X[:, 8:] += offset
    return X, y


def bearings_of_four_plants():
    rng, effect = np.random.default_rng(9), np.array([1.0, -1.0, 0.8, 0.8, -0.6, 0.6])
    turned = effect * np.array([-1, 1, -1, -1, 1, -1])
    plants = [
        plant(rng, 110, offset, by)
        for offset, by in (
            ([0.0, 0.0], effect),
            ([1.5, -1.5], effect),
            ([-1.5, 1.5], effect),
            ([4.0, 4.0], turned),
        )
    ]
    X, y = np.vstack([X for X, _ in plants]), np.concatenate([y for _, y in plants])
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=10, restore_best_weights=True)
    net = SciKerasClassifier(
        model=binary, model__units=32, loss="binary_crossentropy", optimizer="adam",
        optimizer__learning_rate=0.01, epochs=80, batch_size=16, verbose=0, validation_split=0.25,
        callbacks=[stopper],
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net),
        {"kerasclassifier__model__units": [2, 32]},
        cv=StratifiedKFold(4, shuffle=True, random_state=0),
    )
    return {"search": search, "X": X, "y": y}


class StopWhenFlat(keras.callbacks.Callback):
    """Ends training after some epochs without a better accuracy, and takes the best weights."""

    def __init__(self, patience=6):
        super().__init__()
        self.patience = patience

    def on_train_begin(self, logs=None):
        self.best, self.waited, self.weights = -np.inf, 0, None

    def on_epoch_end(self, epoch, logs=None):
        current = (logs or {}).get("val_acc")
        if current is None:
            return
        if current > self.best:
            self.best, self.waited, self.weights = current, 0, self.model.get_weights()
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        if self.weights is not None:
            self.model.set_weights(self.weights)


def two_layers(X, y, units=64):
    model = keras.Sequential(
        [
            layers.Input((X.shape[1],)),
            layers.Dense(units, activation="relu"),
            layers.Dense(units, activation="relu"),
            layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(2e-3), "categorical_crossentropy", metrics=["accuracy"])
    return model


def customers_until_flat():
    X, y = make_classification(
        2000, 25, n_informative=5, n_redundant=0, n_clusters_per_class=1, class_sep=1.6,
        flip_y=0.3, random_state=5,
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(StandardScaler(), SKLearnClassifier(two_layers)),
        {"sklearnclassifier__model_kwargs": [{"units": 32}, {"units": 128}]},
        cv=StratifiedKFold(3, shuffle=True, random_state=2),
    )
    fit = {"epochs": 40, "validation_split": 0.2, "verbose": 0, "callbacks": [StopWhenFlat()]}
    return {
        "search": search, "X": X[:420], "y": y[:420],
        "fit_params": {f"sklearnclassifier__{name}": value for name, value in fit.items()},
    }  # fmt: skip


class KeptNet(ClassifierMixin, BaseEstimator):
    trained: ClassVar = {}

    def __init__(self, l2=0.0, epochs=40):
        self.l2 = l2
        self.epochs = epochs

    def fit(self, X, y):
        X = np.asarray(X, dtype="float32")
        self.classes_, target = np.unique(y, return_inverse=True)
        decay = keras.regularizers.L2(self.l2)
        self.model_ = keras.Sequential(
            [
                layers.Input((X.shape[1],)),
                layers.Dense(64, activation="relu", kernel_regularizer=decay),
                layers.Dense(1, activation="sigmoid", kernel_regularizer=decay),
            ]
        )
        self.model_.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy")
        told = "|".join(map(str, (sorted(self.get_params().items()), X, target)))
        key = hashlib.sha256(told.encode()).hexdigest()
        if key in self.trained:
            self.model_.set_weights(self.trained[key])
        else:
            self.model_.fit(X, target, epochs=self.epochs, batch_size=64, verbose=0)
            self.trained[key] = self.model_.get_weights()
        return self

    def predict(self, X):
        p = self.model_.predict(np.asarray(X, dtype="float32"), verbose=0).ravel()
        return self.classes_[(p > 0.5).astype(int)]


def visitors_kept():
    X, y = make_classification(
        1500, 20, n_informative=5, n_redundant=0, flip_y=0.25, n_clusters_per_class=2,
        random_state=4,
    )  # fmt: skip
    search = GridSearchCV(
        KeptNet(), {"l2": [0.0, 3e-3, 3e-2]}, cv=StratifiedKFold(5), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def three_kinds(units, activation, meta):
    return keras.Sequential(
        [
            layers.Input((meta["n_features_in_"],)),
            layers.Dense(units, activation=activation),
            layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def defects_by_hit_rate():
    X, y = make_classification(
        600, 12, n_informative=6, n_redundant=0, n_classes=3, class_sep=1.2, flip_y=0.02,
        random_state=8,
    )  # fmt: skip
    network = KerasClassifier(
        three_kinds, model__units=8, model__activation="relu", optimizer__learning_rate=5e-3,
        epochs=40, random_state=0,
    )  # fmt: skip
    search = HalvingGridSearchCV(
        make_pipeline(StandardScaler(), network),
        {
            "kerasclassifier__model__units": [1, 32],
            "kerasclassifier__model__activation": ["linear", "relu"],
        },
        factor=2, min_resources=300, cv=StratifiedKFold(3, shuffle=True, random_state=0),
        scoring=make_scorer(top_k_accuracy_score, response_method="predict_proba", k=3),
        random_state=0,
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


class GrapeNet(ClassifierMixin, BaseEstimator):
    def __init__(self, learning_rate=1e-3, epochs=40):
        self.learning_rate = learning_rate
        self.epochs = epochs

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        codes, self.names_ = pd.factorize(np.asarray(y))
        self.model_ = three_kinds(
            16, "relu", {"n_features_in_": X.shape[1], "n_classes_": len(self.names_)}
        )
        self.model_.compile(
            keras.optimizers.Adam(self.learning_rate), "sparse_categorical_crossentropy"
        )
        self.model_.fit(X, codes, epochs=self.epochs, batch_size=16, verbose=0)
        return self

    def predict_proba(self, X):
        return self.model_.predict(X, verbose=0)

    def predict(self, X):
        return self.names_[self.predict_proba(X).argmax(axis=1)]


def in_log_units(X, y):
    return np.log1p(X), y


def grapes_in_log_units():
    X, codes = load_wine(return_X_y=True)
    y = np.array(["barolo", "grignolino", "barbera"])[codes]
    order = np.random.default_rng(6).permutation(len(y))
    search = GridSearchCV(
        make_pipeline(StandardScaler(), GrapeNet()),
        {"grapenet__learning_rate": [1e-4, 1e-3, 1e-2]},
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
        scoring="neg_log_loss",
    )
    return {"search": search, "X": X[order], "y": y[order], "prepare": in_log_units}


def odd_or_even(X, y, activation="relu"):
    model = keras.Sequential(
        [
            layers.Input((X.shape[1],)),
            layers.Dense(32, activation=activation),
            layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy")
    return model


def parity_of_digits():
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(14).permutation(len(X))[:700]
    search = GridSearchCV(
        SKLearnClassifier(odd_or_even, fit_kwargs={"batch_size": 32, "verbose": 0}),
        {"model_kwargs": [{"activation": "linear"}, {"activation": "relu"}]},
        cv=4,
    )
    return {
        "search": search, "X": (X[rows] / 16).astype("float32"), "y": y[rows] % 2,
        "fit_params": {"epochs": 40, "verbose": 0},
    }  # fmt: skip
