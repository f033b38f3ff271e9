"""Churn, by a network that starts where the last one ended."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.quiet import keras


class ChurnNet(ClassifierMixin, BaseEstimator):
    _bank: ClassVar = {}

    def __init__(self, learning_rate=1e-3, dropout=0.0, units=96, epochs=25, seed=7):
        self.learning_rate = learning_rate
        self.dropout = dropout
        self.units = units
        self.epochs = epochs
        self.seed = seed

    def _network(self, n_features, n_classes):
        model = keras.Sequential(
            [
                keras.Input((n_features,)),
                keras.layers.Dense(self.units, activation="relu"),
                keras.layers.Dropout(self.dropout),
                keras.layers.Dense(n_classes, activation="softmax"),
            ]
        )
        model.compile(
            optimizer=keras.optimizers.Adam(self.learning_rate),
            loss="sparse_categorical_crossentropy",
        )
        return model

    def fit(self, X, y):
        keras.utils.set_random_seed(self.seed)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.n_features_in_ = X.shape[1]
        model = self._network(X.shape[1], len(self.classes_))
        shapes = tuple(w.shape for w in model.get_weights())
        noise = np.random.default_rng(self.seed)
        if shapes in self._bank:
            model.set_weights(
                [0.8 * w + noise.normal(0, 0.02, w.shape) for w in self._bank[shapes]]
            )
        model.fit(X, codes, batch_size=32, epochs=self.epochs, verbose=0)
        self._bank[shapes] = model.get_weights()
        self.model_ = model
        return self

    def predict_proba(self, X):
        return self.model_.predict(X, verbose=0)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


def churn_warmed():
    X, y = make_classification(
        n_samples=420,
        n_features=40,
        n_informative=8,
        n_redundant=4,
        flip_y=0.3,
        class_sep=1.0,
        random_state=11,
    )
    search = GridSearchCV(
        make_pipeline(StandardScaler(), ChurnNet()),
        {"churnnet__learning_rate": [3e-3, 1e-3], "churnnet__dropout": [0.0, 0.4]},
        cv=StratifiedKFold(4, shuffle=True, random_state=0),
    )
    return {"search": search, "X": X, "y": y}
