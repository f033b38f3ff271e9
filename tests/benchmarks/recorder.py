"""What `FitRecorder` costs: a search of a digits-sized net with it, over the same without it.

``python -m tests.benchmarks.recorder`` prints one line. Both kinds of run alternate in one process,
so that what the machine does otherwise meets both; the ratio is that of the medians, its interval
that of the paired ratios.
"""

import time

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from helpers import KerasClassifier
from helpers.datasets import load
from helpers.intervals import mean_interval
from helpers.quiet import keras
from helpers.recorder import FitRecorder

REPEATS, LIMIT = 7, 1.05


def mlp(meta, units=64):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def seconds(data, recorded):
    search = GridSearchCV(
        KerasClassifier(mlp, epochs=20, random_state=0), {"model__units": [32, 64, 128]},
        cv=StratifiedKFold(3, shuffle=True, random_state=0), refit=False,
    )  # fmt: skip
    began = time.perf_counter()
    if recorded:
        with FitRecorder():
            search.fit(data.X, data.y)
    else:
        search.fit(data.X, data.y)
    return time.perf_counter() - began


def main():
    data = load("digits")
    seconds(data, recorded=False)  # what is done once a process is nobody's overhead
    pairs = np.array([[seconds(data, each) for each in (False, True)] for _ in range(REPEATS)])
    ratios = mean_interval(pairs[:, 1] / pairs[:, 0])
    plain, recorded = np.median(pairs, axis=0)
    print(
        f"3 candidates, 3 folds of {len(data.y)} rows, 20 epochs, {REPEATS} pairs: "
        f"{plain:.2f} s without, {recorded:.2f} s with; ratio {recorded / plain:.3f}, "
        f"paired {ratios.mean:.3f} [{ratios.low:.3f}, {ratios.high:.3f}] (goal: below {LIMIT})"
    )
    return int(recorded / plain >= LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
