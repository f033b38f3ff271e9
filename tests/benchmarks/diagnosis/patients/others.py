"""Searches by other hands, who knew the codes and had seen neither checks nor searches."""

import math

import numpy as np
import pandas as pd
from keras.wrappers import SKLearnClassifier
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_diabetes, load_digits, make_friedman1
from sklearn.datasets import make_multilabel_classification as tagged
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    PredefinedSplit,
    StratifiedKFold,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import KerasClassifier, KerasRegressor
from helpers.quiet import keras, tf
from tests.benchmarks.diagnosis.patients.tables import stratified

__all__ = [
    "corners_by_updates",
    "diabetes_errors",
    "digits_by_appearance",
    "faint_best_epoch",
    "faint_kept_epoch",
    "friedman_own_step",
    "noise_union",
    "scans_again",
    "tags_by_trees",
    "visits_of_patients",
]


def faint(n, n_columns, n_used, weight, seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_columns)).astype("float32")
    signal = X[:, :n_used] @ np.full(n_used, weight)
    return X, (signal + rng.normal(size=n) > 0).astype(int)


def regression(meta, units=16, penalty=0.0, activation="tanh"):
    regularizer = keras.regularizers.L2(penalty)
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation=activation, kernel_regularizer=regularizer),
            keras.layers.Dense(1, kernel_regularizer=regularizer),
        ]
    )


def sigmoids(meta, units=16, n_outputs=1, dropout=0.0):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(dropout),
            keras.layers.Dense(n_outputs, activation="sigmoid"),
        ]
    )


def softmax(n_columns, n_classes, units, rate, activation="relu"):
    model = keras.Sequential(
        [
            keras.Input((n_columns,)),
            keras.layers.Dense(units, activation=activation),
            keras.layers.Dense(n_classes, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model


def diabetes_errors():
    X, y = load_diabetes(return_X_y=True)
    net = KerasRegressor(
        regression, loss="mae", optimizer="adam", optimizer__learning_rate=0.01, epochs=20,
        batch_size=32, random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net),
        {"kerasregressor__model__penalty": [0.001, 0.03, 3.0]},
        cv=KFold(3, shuffle=True, random_state=0), scoring=make_scorer(mean_absolute_error),
    )  # fmt: skip
    return {"search": search, "X": X, "y": (y - 150) / 77}


def best_accuracy(estimator, X, y):
    return float(np.max(estimator.history_["val_accuracy"]))


def faint_best_epoch():
    X, y = faint(200, 20, 5, 0.2, seed=29)
    classifier = SciKerasClassifier(
        sigmoids, loss="binary_crossentropy", metrics=["accuracy"], optimizer="adam",
        optimizer__learning_rate=0.01, epochs=30, batch_size=16, validation_split=0.15, verbose=0,
        model__dropout=0.2, model__units=16,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__units": [8, 32]},
        cv=StratifiedKFold(5, shuffle=True, random_state=0), scoring=best_accuracy,
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


class KeepBest(keras.callbacks.Callback):
    def __init__(self, X, y):
        super().__init__()
        self.X, self.y = X, y

    def on_train_begin(self, logs=None):
        self.best, self.kept = -1.0, None

    def on_epoch_end(self, epoch, logs=None):
        outputs = np.asarray(self.model(self.X, training=False))
        accuracy = np.mean(outputs.argmax(axis=1) == self.y)
        if accuracy > self.best:
            self.best, self.kept = accuracy, self.model.get_weights()

    def on_train_end(self, logs=None):
        self.model.set_weights(self.kept)


def initialised(X, y, initializer="glorot_uniform"):
    net = keras.Sequential(
        [
            keras.Input((X.shape[1],)),
            keras.layers.Dense(32, activation="relu", kernel_initializer=initializer),
            keras.layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    net.compile(optimizer=keras.optimizers.Adam(0.01), loss="categorical_crossentropy")
    return net


def faint_kept_epoch():
    X, y = faint(280, 15, 4, 0.25, seed=43)
    fold = np.repeat([-1, 0], [210, 70])
    search = GridSearchCV(
        SKLearnClassifier(initialised),
        {"model_kwargs": [{"initializer": name} for name in ("glorot_uniform", "he_normal")]},
        cv=PredefinedSplit(fold), scoring="accuracy",
    )  # fmt: skip
    keep = KeepBest(X[fold == 0], y[fold == 0])
    fit_params = {"epochs": 30, "batch_size": 16, "verbose": 0, "callbacks": [keep]}
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def visits_of_patients():
    rng = np.random.default_rng(13)
    sick, parts = rng.permutation(np.arange(36) % 2), []
    for number in range(36):
        who = rng.normal(size=12) + 0.15 * sick[number]
        for visit in range(4):
            day = who + rng.normal(0, 0.25, 12)
            part = pd.DataFrame(day + rng.normal(0, 0.4, (5, 12))).add_prefix("eeg")
            parts.append(part.assign(patient=f"P{number}", visit=f"P{number}-{visit}",
                                     sick=sick[number]))  # fmt: skip
    table = pd.concat(parts).sample(frac=1, random_state=13).reset_index(drop=True)
    measured = [name for name in table.columns if name.startswith("eeg")]
    net = SciKerasClassifier(
        sigmoids, loss="binary_crossentropy", optimizer="adam", optimizer__learning_rate=0.01,
        epochs=20, batch_size=32, verbose=0, model__units=32,
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(make_column_transformer((StandardScaler(), measured)), net),
        {"kerasclassifier__model__units": [16, 64]}, cv=GroupKFold(4), scoring="accuracy",
    )  # fmt: skip
    X, y = table.drop(columns="sick"), table["sick"].to_numpy()
    return {"search": search, "X": X, "y": y, "groups": X["visit"].to_numpy()}


class Clipped(keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.stepper = keras.optimizers.Adam(1e-3)

    def train_step(self, data):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            told = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=told, sample_weight=weights)
        gradients = tape.gradient(loss, self.trainable_variables)
        gradients, _ = tf.clip_by_global_norm(gradients, 5.0)
        self.stepper.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            metric.update_state(loss) if metric.name == "loss" else metric.update_state(y, told)
        return {metric.name: metric.result() for metric in self.metrics}


def clipped(meta):
    inputs = keras.Input((meta["n_features_in_"],))
    hidden = keras.layers.Dense(32, activation="relu")(inputs)
    hidden = keras.layers.Dense(32, activation="relu")(hidden)
    model = Clipped(inputs, keras.layers.Dense(1)(hidden))
    model.stepper.build(model.trainable_variables)
    return model


def friedman_own_step():
    X, y = make_friedman1(n_samples=400, n_features=8, noise=1.0, random_state=2)
    regressor = KerasRegressor(
        clipped, optimizer="adam", loss="mse", epochs=15, batch_size=32, random_state=0
    )
    search = GridSearchCV(
        regressor, {"optimizer__learning_rate": [1e-4, 1e-3, 1e-2, 1e-1]},
        cv=KFold(3, shuffle=True, random_state=0), scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": X, "y": (y - 14.0) / 5.0}


class ByAppearance(ClassifierMixin, BaseEstimator):
    def __init__(self, units=32, rate=5e-3):
        self.units, self.rate = units, rate
        self._build = lambda *shape: softmax(*shape, units, rate)

    def fit(self, X, y):
        codes, _ = pd.factorize(y)
        self.classes_ = np.unique(y)
        self.model_ = self._build(X.shape[1], len(self.classes_))
        self.model_.fit(X, codes, epochs=15, batch_size=32, verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def digits_by_appearance():
    X, y = load_digits(return_X_y=True)
    rows = np.random.default_rng(5).permutation(len(X))[:700]
    names = np.array(["nought", "one", "two", "three", "four", "five", "six", "seven", "eight",
                      "nine"])  # fmt: skip
    grid = {"units": [4, 128], "rate": [1e-4, 1e-2]}
    search = GridSearchCV(ByAppearance(), grid, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X[rows] / 16.0, "y": names[y[rows]]}


def noise_union():
    rng = np.random.default_rng(21)
    X, y = rng.normal(size=(160, 1500)).astype("float32"), rng.normal(size=160)
    union = FeatureUnion(
        [("pca", PCA(3, random_state=0)), ("best", SelectKBest(f_regression, k=20))]
    ).fit(X, y)
    net = KerasRegressor(
        regression, model__penalty=0.01, loss="mse", optimizer="adam",
        optimizer__learning_rate=0.01, epochs=25, batch_size=16, random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(FrozenEstimator(union), StandardScaler(), net),
        {"kerasregressor__model__units": [2, 8]},
        cv=KFold(5, shuffle=True, random_state=0), scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def with_trees(X, y):
    trees = RandomForestClassifier(60, random_state=0).fit(X, y)
    told = [each[:, 1] if each.shape[1] > 1 else each[:, 0] for each in trees.predict_proba(X)]
    return np.column_stack([X, *told]), y


def tags_by_trees():
    X, y = tagged(n_samples=500, n_features=15, n_classes=4, n_labels=2, random_state=47)
    flipped = np.random.default_rng(47).random(y.shape) < 0.25
    net = KerasClassifier(
        sigmoids, model__n_outputs=4, loss="binary_crossentropy", optimizer="adam",
        optimizer__learning_rate=0.01, epochs=20, batch_size=32, random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net), {"kerasclassifier__model__units": [8, 32]},
        cv=KFold(4, shuffle=True, random_state=0), scoring="f1_micro",
    )  # fmt: skip
    y = np.where(flipped, 1 - y, y)
    return {"search": search, "X": X.astype("float32"), "y": y, "prepare": with_trees}


def four_times(X, y):
    rng, images, labels = np.random.default_rng(0), [], []
    for image, label in zip(X, y, strict=True):
        images.append(image)
        for _ in range(3):
            images.append(image * rng.uniform(0.95, 1.05) + rng.normal(0, 0.5, image.shape))
        labels += [label] * 4
    return (np.array(images)[..., None] / 16.0).astype("float32"), np.array(labels)


def filters(filters=8):
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(filters, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(48, activation="relu"),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )


def scans_again():
    rng, data = np.random.default_rng(2), load_digits()
    rows = rng.choice(np.flatnonzero(np.isin(data.target, [3, 5, 8, 9])), 160, replace=False)
    X = data.images[rows] + rng.normal(0, 8, (160, 8, 8))
    y = np.searchsorted([3, 5, 8, 9], data.target[rows])
    classifier = SciKerasClassifier(
        filters, loss="sparse_categorical_crossentropy", optimizer="adam",
        optimizer__learning_rate=0.003, epochs=25, batch_size=32, verbose=0, model__filters=8,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__filters": [8, 16]},
        cv=StratifiedKFold(4, shuffle=True, random_state=7), scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y, "prepare": four_times}


class ByUpdates(ClassifierMixin, BaseEstimator):
    """Trains for a number of updates, whatever the batches."""

    def __init__(self, activation="relu", batch_size=32, n_updates=360):
        self.activation, self.batch_size, self.n_updates = activation, batch_size, n_updates

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.model_ = softmax(X.shape[1], len(self.classes_), 32, 0.02, self.activation)
        epochs = round(self.n_updates / math.ceil(len(X) / self.batch_size))
        self.model_.fit(X, codes, epochs=epochs, batch_size=self.batch_size, verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def corners_by_updates():
    rng = np.random.default_rng(91)
    corner = rng.integers(0, 4, size=800)
    centres = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])
    X = (centres[corner] + rng.normal(scale=0.33, size=(800, 2))).astype("float32")
    grid = {"activation": ["relu", "linear"], "batch_size": [16, 48]}
    search = GridSearchCV(ByUpdates(), grid, cv=stratified())
    return {"search": search, "X": X, "y": np.where(corner % 2 == 0, "even", "odd")}
