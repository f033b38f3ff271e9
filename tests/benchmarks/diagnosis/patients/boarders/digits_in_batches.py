"""Digits, batch by batch."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from helpers.quiet import keras


class DigitNet(ClassifierMixin, BaseEstimator):
    def __init__(self, units=32, epochs=25, batch_size=32, learning_rate=1e-3):
        self.units = units
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_features_in_ = X.shape[1]
        rng = np.random.default_rng(0)

        def batches():
            order = rng.permutation(len(X))
            for start in range(0, len(X), self.batch_size):
                rows = order[start : start + self.batch_size]
                yield X[rows].astype("float32"), codes[rows]

        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(self.units, activation="relu"),
                keras.layers.Dense(len(self.classes_), activation="softmax"),
            ]
        )
        self.model_.compile(
            keras.optimizers.Adam(self.learning_rate), "sparse_categorical_crossentropy"
        )
        self.history_ = self.model_.fit(batches(), epochs=self.epochs, verbose=0).history
        return self

    def predict_proba(self, X):
        return self.model_.predict(X.astype("float32"), verbose=0, batch_size=512)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def digits_in_batches():
    X, y = load_digits(return_X_y=True)
    X, y = X[:1000] / 16.0, y[:1000]
    search = GridSearchCV(
        DigitNet(),
        {"units": [16, 48], "learning_rate": [5e-4, 2e-3]},
        scoring="f1_macro",
        cv=StratifiedKFold(3, shuffle=True, random_state=1),
    )
    return {"search": search, "X": X, "y": y}
