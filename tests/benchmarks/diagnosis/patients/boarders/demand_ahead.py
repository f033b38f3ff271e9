"""Demand over the weeks ahead, by what came before."""

import numpy as np
from scikeras.wrappers import KerasRegressor
from sklearn.model_selection import KFold, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.quiet import keras

EPOCHS = 60
MONITOR = "val_rmse"


def demand(seed=4, n=640, lags=12, horizon=40):
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=n + lags + horizon)
    series = np.zeros_like(steps)
    for t in range(1, len(series)):
        series[t] = 0.75 * series[t - 1] + steps[t]
    level = np.convolve(series, np.ones(6) / 6, mode="full")[: len(series)]
    price = np.cumsum(series) / 10
    X, y = [], []
    for t in range(lags, lags + n):
        season = 2 * np.pi * t / 330 * np.arange(1, 6)
        X.append(
            np.r_[
                series[t - lags : t],
                level[t - lags : t : 3],
                price[t - 1],
                np.sin(season),
                np.cos(season),
            ]
        )
        y.append(series[t : t + horizon].mean())
    return np.array(X, "float32"), np.array(y, "float32")


def build_net(meta, units=32):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(1),
        ]
    )


def demand_ahead():
    X, y = demand()
    net = KerasRegressor(
        build_net,
        model__units=32,
        loss="mse",
        optimizer="adam",
        optimizer__learning_rate=3e-3,
        metrics=[keras.metrics.RootMeanSquaredError],
        epochs=EPOCHS,
        batch_size=64,
        verbose=0,
        validation_split=0.15,
        callbacks=[
            keras.callbacks.EarlyStopping(
                monitor=MONITOR, mode="min", patience=5, restore_best_weights=True
            )
        ],
    )
    search = RandomizedSearchCV(
        make_pipeline(StandardScaler(), net),
        {"kerasregressor__model__units": [4, 16, 64]},
        n_iter=3,
        cv=KFold(3, shuffle=True, random_state=8),
        scoring="r2",
        random_state=0,
    )
    return {"search": search, "X": X, "y": y}
