"""Orders, the day written as text."""

import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    SplineTransformer,
    StandardScaler,
)

from helpers import KerasClassifier
from helpers.quiet import keras


def orders(n=700):
    rng = np.random.default_rng(17)
    day = np.sort(rng.integers(0, 540, n))
    backlog = np.interp(np.arange(540), np.linspace(0, 539, 28), rng.normal(0, 1, 28))
    depot = rng.choice(["Aalen", "Bonn", "Celle"], n)
    weight = rng.gamma(2, 3, n)
    logit = 2.2 * backlog[day] + 0.8 * (depot == "Celle") + 0.08 * (weight - 6)
    late = np.where(rng.random(n) < 1 / (1 + np.exp(-logit)), "late", "on time")
    frame = pd.DataFrame(
        {
            "ordered": (pd.Timestamp("2023-02-01") + pd.to_timedelta(day, unit="D")).strftime(
                "%d.%m.%Y"
            ),
            "depot": depot,
            "weight": weight.round(2),
            "late": late,
        }
    ).sort_values(["depot", "weight"], ignore_index=True)
    frame = frame.sample(frac=1, random_state=1, ignore_index=True)
    return frame.drop(columns="late"), frame["late"]


def to_number(column):
    parsed = pd.to_datetime(column.iloc[:, 0], format="%d.%m.%Y")
    return (parsed - pd.Timestamp("2023-01-01")).dt.days.to_numpy(float).reshape(-1, 1)


def net(meta, units=16):
    layers = [keras.Input((meta["n_features_in_"],))]
    if units:
        layers.append(keras.layers.Dense(units, activation="relu"))
    return keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])


def orders_by_day():
    X, y = orders()
    columns = make_column_transformer(
        (
            make_pipeline(
                FunctionTransformer(to_number),
                SplineTransformer(32, degree=2, extrapolation="constant"),
            ),
            ["ordered"],
        ),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), ["depot"]),
        (StandardScaler(), ["weight"]),
    )
    classifier = KerasClassifier(
        net, epochs=30, batch_size=16, optimizer__learning_rate=0.01, random_state=0
    )
    search = GridSearchCV(
        make_pipeline(columns, classifier),
        {"kerasclassifier__model__units": [0, 16]},
        cv=4,
    )
    return {"search": search, "X": X, "y": y}
