"""Gene expression in three columns."""

import numpy as np
from scikeras.wrappers import KerasClassifier
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold

from helpers.quiet import keras


def expression(n=260, genes=120):
    rng = np.random.default_rng(23)
    y = rng.integers(0, 4, n)
    shift = np.zeros((4, genes))
    shift[:, :6] = rng.normal(0, 0.55, (4, 6))
    mixing = rng.normal(0, 1, (genes, genes)) / np.sqrt(genes)
    return (rng.normal(0, 1, (n, genes)) + shift[y]) @ mixing + 7.0, y


def net(units=8, activation="relu"):
    model = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(units, activation=activation),
            keras.layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def expression_projected():
    raw, y = expression()
    X = LinearDiscriminantAnalysis().fit(raw, y).transform(raw).astype("float32")
    search = RandomizedSearchCV(
        KerasClassifier(net, epochs=25, batch_size=16, verbose=0),
        {"model__units": [4, 8, 16, 32], "model__activation": ["relu", "tanh"]},
        n_iter=3,
        cv=StratifiedKFold(4, shuffle=True, random_state=0),
        scoring="accuracy",
        random_state=0,
    )
    return {"search": search, "X": X, "y": y}
