"""Searches by still other hands, who knew neither the checks nor the searches before; see `others`.

Those that were missed at first, and two of which something was said that was not so.
"""

import functools

import numpy as np
import pandas as pd
import tensorflow as tf
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_digits, load_wine, make_classification
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV, KFold, StratifiedShuffleSplit, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from helpers import KerasClassifier, KerasRegressor
from helpers.quiet import keras
from tests.benchmarks.diagnosis.patients.tables import stratified

__all__ = [
    "amounts_in_percent",
    "balanced_folds",
    "biopsies_named",
    "fives_from_a_base",
    "hours_so_far",
    "reviews_weighted",
    "shops_below_each_other",
    "stays_with_gaps",
    "twelve_numbers",
    "wide_mixup",
    "wine_by_appearance",
]


def binary(meta, units=16, rate=0.005):
    model = keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    return model


def number(meta, units=32, rate=0.005, level=0.0):
    last = keras.layers.Dense(1, bias_initializer=keras.initializers.Constant(level))
    model = keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(units, activation="relu"), last]
    )
    model.compile(keras.optimizers.Adam(rate), "mse")
    return model


def biopsies_named():
    rng, rows = np.random.default_rng(11), []
    for person in range(48):
        responds = int(rng.random() < 0.5)
        profile = rng.normal(size=20) + 0.25 * responds * (np.arange(20) < 4)
        rows += [
            [f"KH-{1000 + 7 * person}-B{k + 1}", responds, *(profile + 0.7 * rng.normal(size=20))]
            for k in range(rng.integers(5, 10))
        ]
    table = pd.DataFrame(rows).sample(frac=1.0, random_state=11).reset_index(drop=True)
    table.columns = ["sample", "response", *(f"gene_{n}" for n in range(20))]
    genes = ColumnTransformer([("genes", StandardScaler(), list(table.columns[2:]))])
    net = SciKerasClassifier(binary, units=16, epochs=25, batch_size=32, verbose=0)
    search = GridSearchCV(
        make_pipeline(genes, net), {"kerasclassifier__units": [8, 64]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": table.drop(columns="response"), "y": table["response"]}


def stays_with_gaps():
    rng, n = np.random.default_rng(21), 600
    X = pd.DataFrame(
        {
            "age": rng.normal(70, 12, n), "drugs": rng.poisson(6, n).astype(float),
            "haemoglobin": rng.normal(12, 2, n), "unit": rng.choice(["A", "B", "C"], n),
            "days_to_next_contact": rng.integers(3, 60, n).astype(float),
        }
    )  # fmt: skip
    logit = 0.35 * (X["drugs"] - 6) / 2.4 + 0.35 * (X["age"] - 70) / 12 - 0.8
    y = (rng.random(n) < 1 / (1 + np.exp(-logit))).astype(int)
    met = np.where(y, rng.random(n) < 0.9, rng.random(n) < 0.12)
    X.loc[~met, "days_to_next_contact"] = np.nan
    X.loc[rng.random(n) < 0.1, "haemoglobin"] = np.nan
    filled = make_pipeline(SimpleImputer(add_indicator=True), StandardScaler())
    columns = ColumnTransformer(
        [
            ("numbers", filled, make_column_selector(dtype_include="number")),
            ("unit", OneHotEncoder(sparse_output=False), ["unit"]),
        ]
    )
    net = KerasClassifier(binary, epochs=30, batch_size=32, random_state=0)
    search = GridSearchCV(
        make_pipeline(columns, net), {"kerasclassifier__model__units": [4, 16]}, cv=stratified(4),
        scoring="roc_auc",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


class LabNet(ClassifierMixin, BaseEstimator):
    def __init__(self, width=16, activation="relu", epochs=40):
        self.width, self.activation, self.epochs = width, activation, epochs

    def fit(self, X, y):
        codes, self.levels_ = pd.factorize(np.asarray(y))
        self.classes_ = np.unique(y)
        self.net_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(self.width, activation=self.activation),
                keras.layers.Dense(len(self.levels_), activation="softmax"),
            ]
        )
        self.net_.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
        self.net_.fit(X, codes, epochs=self.epochs, batch_size=16, verbose=0)
        return self

    def predict_proba(self, X):
        return self.net_.predict(X, verbose=0)

    def predict(self, X):
        return self.levels_[self.predict_proba(X).argmax(axis=1)]


def wine_by_appearance():
    data = load_wine()
    order = np.random.default_rng(12).permutation(len(data.target))
    names = np.array(["Barolo", "Grignolino", "Barbera"], dtype=object)[data.target[order]]
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LabNet()), {"labnet__activation": ["relu", "tanh"]},
        scoring="roc_auc_ovr", cv=stratified(),
    )  # fmt: skip
    return {"search": search, "X": data.data[order], "y": names}


class Mixup(keras.Model):
    def train_step(self, data):
        x, y = data
        y = tf.cast(tf.reshape(y, (-1, 1)), tf.float32)
        x, y = 0.9 * x + 0.1 * tf.reverse(x, [0]), 0.9 * y + 0.1 * tf.reverse(y, [0])
        with tf.GradientTape() as tape:
            told = self(x, training=True)
            loss = tf.reduce_mean(keras.losses.binary_crossentropy(y, told))
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}


def mixed(meta, l2=0.0, rate=3e-3):
    inputs = keras.Input((meta["n_features_in_"],))
    penalty = keras.regularizers.L2(l2)
    hidden = keras.layers.Dense(32, activation="relu", kernel_regularizer=penalty)(inputs)
    model = Mixup(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
    model.compile(keras.optimizers.Adam(rate), "binary_crossentropy")
    return model


def wide_mixup():
    X, y = make_classification(
        240, 80, n_informative=6, n_redundant=0, class_sep=1.2, flip_y=0.05,
        n_clusters_per_class=1, random_state=4,
    )  # fmt: skip
    net = KerasClassifier(mixed, epochs=40, batch_size=32, random_state=7)
    grid = {"model__l2": [0.0, 0.03, 0.1], "model__rate": [0.0005, 0.005]}
    search = GridSearchCV(net, grid, cv=stratified(), scoring="roc_auc")
    return {"search": search, "X": X.astype("float32"), "y": y}


@functools.cache
def low_digits_base():
    X, y = load_digits(return_X_y=True)
    low = y < 5
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(16, 3, activation="relu", padding="same"),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(24, 3, activation="relu", padding="same"),
            keras.layers.Flatten(),
        ]
    )
    model = keras.Sequential([base, keras.layers.Dense(5, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X[low].reshape(-1, 8, 8, 1) / 16, y[low], epochs=10, verbose=0)
    return base


class TwoPhase(ClassifierMixin, BaseEstimator):
    def __init__(self, pooled=1, rate=3e-3):
        self.pooled, self.rate = pooled, rate

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        base = keras.models.clone_model(low_digits_base())
        base.set_weights(low_digits_base().get_weights())
        self.model_ = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                keras.layers.AveragePooling2D(self.pooled),
                keras.layers.UpSampling2D(self.pooled),
                base,
                keras.layers.Dense(len(self.classes_), activation="softmax"),
            ]
        )
        for is_tuned, epochs in ((False, 15), (True, 20)):
            base.trainable = is_tuned
            rate = self.rate / 3 if is_tuned else self.rate
            self.model_.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
            self.model_.fit(X, codes, epochs=epochs, verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def fives_from_a_base():
    X, y = load_digits(return_X_y=True)
    X, y = X[y >= 5][:360].reshape(-1, 8, 8, 1) / 16, y[y >= 5][:360]
    search = GridSearchCV(TwoPhase(), {"pooled": [1, 4]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def amounts_in_percent():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(360, 6)).astype("float32")
    level = 0.6 * X[:, 0] + 0.5 * X[:, 1] * (X[:, 2] > 0) + 0.3
    y = np.exp(level + 0.9 * rng.normal(size=360))
    net = KerasRegressor(number, epochs=40, batch_size=32, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net),
        {"kerasregressor__model__rate": [1e-5, 1e-4, 1e-3, 3e-3]},
        cv=KFold(4, shuffle=True, random_state=11), scoring="neg_mean_absolute_percentage_error",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


class BalancedFolds:
    def get_n_splits(self, X=None, y=None, groups=None):
        return 4

    def split(self, X, y, groups=None):
        rng = np.random.default_rng(0)
        counts = np.bincount(y)
        rows = [np.flatnonzero(y == label) for label in range(len(counts))]
        rows = [np.r_[each, rng.choice(each, counts.max() - len(each))] for each in rows]
        parts = np.array_split(rng.permutation(np.concatenate(rows)), 4)
        for k, part in enumerate(parts):
            yield np.concatenate(parts[:k] + parts[k + 1 :]), part


def balanced_folds():
    X, y = make_classification(
        400, 16, n_informative=5, n_redundant=1, weights=[0.88], flip_y=0.08, class_sep=0.7,
        random_state=7,
    )  # fmt: skip
    net = KerasClassifier(binary, epochs=40, batch_size=32, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net), {"kerasclassifier__model__units": [8, 64]},
        cv=BalancedFolds(), scoring="balanced_accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def shops_below_each_other():
    rng, n_weeks, n_shops = np.random.default_rng(5), 48, 18
    week, shop = np.tile(np.arange(n_weeks), n_shops), np.repeat(np.arange(n_shops), n_weeks)
    X = pd.DataFrame(
        {
            "shop": [f"shop_{each:02d}" for each in shop],
            "date": pd.Timestamp("2023-01-02") + pd.to_timedelta(7 * week, unit="D"),
            "promo": rng.integers(0, 2, len(week)), "price": rng.normal(size=len(week)),
            "week": week,
        }
    )  # fmt: skip
    demand = np.cumsum(rng.normal(0, 0.45, n_weeks))[week]
    y = 6 + 0.4 * X["promo"] - 0.3 * X["price"] + demand + rng.normal(0, 0.4, len(week))
    columns = ColumnTransformer(
        [
            ("week", OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["week"]),
            ("numbers", StandardScaler(), ["promo", "price"]),
        ]
    )
    net = KerasRegressor(number, model__level=6.0, epochs=40, batch_size=32, random_state=0)
    search = GridSearchCV(
        make_pipeline(columns, net), {"kerasregressor__model__units": [8, 32]},
        cv=TimeSeriesSplit(4), scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y.to_numpy()}


def reviews_weighted():
    rng, size, texts = np.random.default_rng(8), 2500, []
    share, tilt = 1 / (np.arange(size) + 5.0), np.zeros(size)
    tilt[rng.choice(400, 40, replace=False)] = rng.normal(0, 0.5, 40)
    y = rng.permutation(np.arange(360) % 2)
    for label in y:
        p = share * np.exp(tilt * (2 * label - 1))
        words = rng.choice(size, rng.integers(25, 60), p=p / p.sum())
        texts.append(" ".join(f"w{each:04d}" for each in words))

    def prepare(X, y):
        bag = CountVectorizer(binary=True, min_df=2, max_features=1500).fit_transform(X).toarray()
        p, q = (1 + bag[y == label].sum(axis=0) for label in (1, 0))
        return (bag * np.log((p / p.sum()) / (q / q.sum()))).astype("float32"), y

    net = KerasClassifier(binary, model__rate=0.001, epochs=15, batch_size=16, random_state=0)
    search = GridSearchCV(net, {"model__units": [4, 16, 64]}, cv=stratified(4), scoring="accuracy")
    return {"search": search, "X": np.array(texts, dtype=object), "y": y, "prepare": prepare}


def twelve_numbers():
    X, y = make_classification(
        110, 15, n_informative=4, n_redundant=0, class_sep=0.7, flip_y=0.2, random_state=6,
    )  # fmt: skip
    net = SciKerasClassifier(binary, rate=0.01, epochs=40, batch_size=16, verbose=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net),
        {"kerasclassifier__random_state": [0, 1, 2, 3, 4, 7, 13, 42, 99, 123, 1234, 2024]},
        cv=StratifiedShuffleSplit(1, test_size=0.25, random_state=42), scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def hours_so_far():
    rng, n = np.random.default_rng(3), 570
    value = np.zeros(n)
    for now in range(2, n):
        value[now] = 0.6 * value[now - 1] - 0.3 * abs(value[now - 2]) + rng.normal(0, 0.3)
    table = pd.DataFrame({"value": value})
    target = np.r_[np.abs(value[:-1]) - 0.4 * value[:-1] ** 2, 0.0] + rng.normal(0, 0.05, n)

    def prepare(X, y):
        value = X["value"]
        made = pd.DataFrame({f"lag_{k}": value.shift(k) for k in range(3)})
        made["mean_6"], made["so_far"] = value.rolling(6).mean(), value.expanding(6).mean()
        known = made.notna().all(axis=1).to_numpy()
        return made[known].astype("float32").reset_index(drop=True), np.asarray(y)[known]

    net = KerasRegressor(number, epochs=150, batch_size=32, random_state=0)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net), {"kerasregressor__model__units": [1, 32]},
        cv=TimeSeriesSplit(3, gap=6), scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": table, "y": target, "prepare": prepare}
