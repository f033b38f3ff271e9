"""Scans of four sites, one after the other."""

import numpy as np
from scikeras.wrappers import KerasClassifier
from sklearn.model_selection import RandomizedSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import RobustScaler

from helpers.quiet import keras


def _scans():
    rng = np.random.default_rng(21)
    blocks = []
    for site, size in (("berlin", 330), ("leeds", 290), ("porto", 230), ("zagreb", 150)):
        y = rng.permutation(np.arange(size) % 3)
        angle = 2 * np.pi * y / 3 + rng.normal(0, 0.33, size)
        radius = rng.normal(2.0, 0.35, size)
        X = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
        X = np.hstack([X, X**2 + rng.normal(0, 1, X.shape), rng.normal(0, 1, (size, 8))])
        if site == "zagreb":
            X[:, :2] = X[:, :2] @ np.array([[0.0, 1.0], [1.0, 0.0]]) * [1, -1]
        blocks.append((X, y))
    return np.vstack([X for X, _ in blocks]), np.concatenate([y for _, y in blocks])


def net(meta, compile_kwargs, units, dropout):
    model = keras.Sequential([keras.Input((meta["n_features_in_"],))])
    model.add(keras.layers.Dense(units, activation="tanh"))
    model.add(keras.layers.Dropout(dropout))
    model.add(keras.layers.Dense(units, activation="relu"))
    model.add(keras.layers.Dense(meta["n_classes_"], activation="softmax"))
    model.compile(loss="sparse_categorical_crossentropy", optimizer=compile_kwargs["optimizer"])
    return model


def scans_of_four_sites():
    X, y = _scans()
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=8, restore_best_weights=True)
    clf = KerasClassifier(
        net,
        model__units=16,
        model__dropout=0.1,
        optimizer="adam",
        optimizer__learning_rate=2e-3,
        epochs=50,
        batch_size=32,
        validation_split=0.15,
        callbacks=[stop],
        verbose=0,
        random_state=12,
    )
    search = RandomizedSearchCV(
        make_pipeline(RobustScaler(), clf),
        {
            "kerasclassifier__model__units": [8, 16, 32],
            "kerasclassifier__optimizer__learning_rate": [1e-3, 3e-3],
        },
        n_iter=3,
        cv=StratifiedKFold(3, shuffle=True, random_state=6),
        random_state=2,
    )
    return {"search": search, "X": X, "y": y}
