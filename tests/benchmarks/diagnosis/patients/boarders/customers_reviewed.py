"""Customers whose outcome a second model reviews."""

import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import KerasClassifier
from helpers.quiet import keras


def load(n=700):
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(
        {
            "region": rng.choice(["north", "south", "east", "west"], n),
            "age": rng.integers(18, 80, n),
            "income": rng.lognormal(10, 0.5, n).round(),
            "tenure": rng.exponential(4, n).round(1),
            "calls": rng.poisson(2, n),
            "visits": rng.poisson(6, n),
            "balance": rng.normal(0, 1, n).round(3),
        }
    )
    logit = (
        0.9 * (frame["region"] == "north")
        + 0.35 * (frame["calls"] - 2)
        - 0.12 * (frame["tenure"] - 4)
        + 0.7 * frame["balance"]
        - 0.2
    )
    y = np.where(rng.random(n) < 1 / (1 + np.exp(-logit)), "left", "stayed")
    return frame, pd.Series(y, name="outcome")


def clean(X, y):
    X = pd.get_dummies(X, columns=["region"], dtype=float)
    second_opinion = cross_val_predict(
        RandomForestClassifier(120, min_samples_leaf=5, random_state=0),
        X,
        y,
        cv=5,
        method="predict_proba",
    )
    names = np.unique(y)
    given = second_opinion[np.arange(len(y)), np.searchsorted(names, y)]
    keep = given > 0.35
    return X[keep].reset_index(drop=True), y[keep].reset_index(drop=True)


def net(meta, units=16, activation="relu"):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation=activation),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def customers_reviewed():
    X, y = load()
    search = GridSearchCV(
        make_pipeline(
            StandardScaler(),
            KerasClassifier(
                net, optimizer__learning_rate=0.005, epochs=30, batch_size=32, random_state=1
            ),
        ),
        {"kerasclassifier__model__units": [2, 8, 32]},
        cv=StratifiedKFold(4, shuffle=True, random_state=1),
        scoring="balanced_accuracy",
    )
    return {"search": search, "X": X, "y": y, "prepare": clean}
