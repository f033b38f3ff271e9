"""Digits, by a network whose answers three metrics ask for."""

import hashlib

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from helpers.quiet import keras

_PREDICTED = {}


def _fingerprint(X):
    return hashlib.sha1(np.ascontiguousarray(X).tobytes()).hexdigest()


class GlyphNet(ClassifierMixin, BaseEstimator):
    def __init__(self, learning_rate=1e-3, filters=8, epochs=6):
        self.learning_rate = learning_rate
        self.filters = filters
        self.epochs = epochs

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        keras.utils.set_random_seed(0)
        self.model_ = keras.Sequential(
            [
                keras.Input((64,)),
                keras.layers.Reshape((8, 8, 1)),
                keras.layers.Conv2D(self.filters, 3, activation="relu"),
                keras.layers.Flatten(),
                keras.layers.Dense(len(self.classes_), activation="softmax"),
            ]
        )
        self.model_.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate),
            loss="sparse_categorical_crossentropy",
        )
        self.model_.fit(X, codes, epochs=self.epochs, batch_size=32, verbose=0)
        return self

    def predict_proba(self, X):
        # three metrics per fold ask for the same rows
        key = _fingerprint(X)
        if key not in _PREDICTED:
            _PREDICTED[key] = self.model_.predict(X, verbose=0)
        return _PREDICTED[key]

    def predict(self, X):
        return self.classes_[np.argmax(self.predict_proba(X), axis=1)]


def glyphs_asked_thrice():
    X, y = load_digits(return_X_y=True)
    keep = np.random.default_rng(1).permutation(len(y))[:800]
    search = GridSearchCV(
        GlyphNet(),
        {"learning_rate": [5e-4, 2e-3, 8e-3], "filters": [4, 12]},
        scoring=["accuracy", "balanced_accuracy", "neg_log_loss"],
        refit="accuracy",
        cv=StratifiedKFold(3, shuffle=True, random_state=9),
    )
    return {"search": search, "X": X[keep] / 16.0, "y": y[keep]}
