"""Cells, by a network that keeps its best pass."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from helpers.quiet import keras


class TabularNet(ClassifierMixin, BaseEstimator):
    def __init__(self, table=None, units=16, max_epochs=20, patience=8):
        self.table = table
        self.units = units
        self.max_epochs = max_epochs
        self.patience = patience

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.mean_, self.scale_ = X.mean(), X.std()
        rest = self.table.drop(index=X.index)
        if rest.empty:
            rest = self.table.sample(frac=0.2, random_state=0)
        inner_X, inner_y = self._scaled(rest.drop(columns="target")), rest["target"].to_numpy()
        model = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(self.units, activation="relu"),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(keras.optimizers.Adam(0.03), "binary_crossentropy")
        best, since, weights = -1.0, 0, model.get_weights()
        for _ in range(self.max_epochs):
            model.fit(self._scaled(X), y.to_numpy(), batch_size=16, verbose=0)
            accuracy = np.mean((model(inner_X).numpy().ravel() > 0.5) == inner_y)
            if accuracy > best:
                best, since, weights = accuracy, 0, model.get_weights()
            else:
                since += 1
            if since >= self.patience:
                break
        model.set_weights(weights)
        self.model_ = model
        return self

    def _scaled(self, X):
        return ((X - self.mean_) / self.scale_).to_numpy("float32")

    def predict_proba(self, X):
        p = self.model_.predict(self._scaled(X), verbose=0)
        return np.hstack([1 - p, p])

    def predict(self, X):
        return self.classes_[(self.predict_proba(X)[:, 1] > 0.5).astype(int)]


def cells_kept_best():
    data = load_breast_cancer(as_frame=True)
    X = data.data[["mean texture", "mean smoothness", "mean symmetry", "fractal dimension error"]]
    table = X.assign(target=data.target).sample(160, random_state=7)
    search = GridSearchCV(
        TabularNet(table=table),
        {"units": [4, 64]},
        cv=StratifiedKFold(4, shuffle=True, random_state=0),
    )
    return {"search": search, "X": table.drop(columns="target"), "y": table["target"]}
