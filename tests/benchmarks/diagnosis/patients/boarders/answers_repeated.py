"""A survey of few questions."""

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from helpers import KerasClassifier
from helpers.quiet import keras


def survey(n=800):
    rng = np.random.default_rng(77)
    frame = pd.DataFrame(
        {
            "owns": rng.choice(["yes", "no"], n),
            "rents": rng.choice(["yes", "no"], n),
            "commute": rng.choice(["car", "train", "bike"], n, p=[0.5, 0.3, 0.2]),
            "children": rng.choice(["none", "one", "more"], n),
        }
    )
    either = (frame["owns"] == "yes") ^ (frame["rents"] == "yes")
    chance = np.where(either, 0.82, 0.15) + 0.05 * (frame["commute"] == "car")
    y = np.where(rng.random(n) < chance, "agree", "disagree")
    interviewer = rng.choice([f"i{k:02d}" for k in range(20)], n)
    return frame, y, interviewer


def net(meta, activation="relu"):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(16, activation=activation),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )


def answers_repeated():
    X, y, interviewer = survey()
    search = GridSearchCV(
        make_pipeline(
            OneHotEncoder(sparse_output=False),
            KerasClassifier(
                net, optimizer__learning_rate=0.01, epochs=25, batch_size=32, random_state=0
            ),
        ),
        {"kerasclassifier__model__activation": ["linear", "relu"]},
        cv=StratifiedKFold(5, shuffle=True, random_state=3),
        scoring="accuracy",
    )
    return {"search": search, "X": X, "y": y, "groups": interviewer}
