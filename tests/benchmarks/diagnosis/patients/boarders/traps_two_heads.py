"""Insect traps, with two labels each."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV

from helpers.quiet import keras


class TwoHeads(ClassifierMixin, BaseEstimator):
    def __init__(self, units=32, epochs=20, learning_rate=3e-3):
        self.units = units
        self.epochs = epochs
        self.learning_rate = learning_rate

    def fit(self, X, y):
        self.mean_, self.std_ = X.mean(axis=0), X.std(axis=0)
        self.sizes_ = y.max(axis=0) + 1
        inputs = keras.Input((X.shape[1],))
        hidden = keras.layers.Dense(self.units, activation="relu")(inputs)
        names = "species", "season"
        heads = {
            name: keras.layers.Dense(int(size), activation="softmax", name=name)(hidden)
            for name, size in zip(names, self.sizes_, strict=True)
        }
        self.model_ = keras.Model(inputs, heads)
        self.model_.compile(
            keras.optimizers.Adam(self.learning_rate),
            dict.fromkeys(names, "sparse_categorical_crossentropy"),
        )
        self.model_.fit(
            (X - self.mean_) / self.std_,
            dict(zip(names, y.T, strict=True)),
            epochs=self.epochs,
            batch_size=32,
            verbose=0,
        )
        return self

    def predict(self, X):
        outputs = self.model_.predict((X - self.mean_) / self.std_, verbose=0)
        return np.column_stack([outputs[name].argmax(axis=1) for name in ("species", "season")])

    def score(self, X, y):
        return float((self.predict(X) == y).mean())


def traps(n=600):
    rng = np.random.default_rng(14)
    season = np.sort(rng.integers(0, 4, n))
    species = rng.integers(0, 3, n)
    X = rng.normal(0, 1, (n, 10))
    X[:, :4] += rng.normal(0, 1.3, (3, 4))[species]
    X[:, 3:8] += rng.normal(0, 1.1, (4, 5))[season]
    return X.astype("float32"), np.column_stack([species, season])


def traps_two_heads():
    X, y = traps()
    search = GridSearchCV(TwoHeads(), {"units": [2, 32]}, cv=5)
    return {"search": search, "X": X, "y": y}
