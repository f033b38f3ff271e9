"""What `FitRecorder` costs: a search of a digits-sized net with it, over the same without it.

``python -m tests.benchmarks.recorder`` prints one line for the clock and one for the processor,
which what else the machine does disturbs less. Pairs of both kinds of run follow each other in one
process, in turns with this one and with that one first; the ratio is that of the medians, its
interval that of the paired ratios.
"""

import time

import numpy as np
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from helpers import KerasClassifier
from helpers.datasets import load
from helpers.intervals import mean_interval
from helpers.quiet import keras
from helpers.recorder import FitRecorder

REPEATS, LIMIT = 10, 1.05


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
    began = np.array([time.perf_counter(), time.process_time()])
    if recorded:
        with FitRecorder():
            search.fit(data.X, data.y)
    else:
        search.fit(data.X, data.y)
    return np.array([time.perf_counter(), time.process_time()]) - began


def main():
    data = load("digits")
    seconds(data, recorded=False)  # what is done once a process is nobody's overhead
    pairs = []
    for number in range(REPEATS):
        order = (False, True) if number % 2 else (True, False)
        taken = {each: seconds(data, each) for each in order}
        pairs.append([taken[False], taken[True]])
    pairs = np.array(pairs)
    print(f"3 candidates, 3 folds of {len(data.y)} rows, 20 epochs, {REPEATS} pairs")
    for name, (plain, recorded) in zip(
        ("clock", "processor"), pairs.transpose(2, 1, 0), strict=True
    ):
        ratios, ratio = mean_interval(recorded / plain), np.median(recorded) / np.median(plain)
        print(
            f"{name}: {np.median(plain):.2f} s without, {np.median(recorded):.2f} s with; ratio "
            f"{ratio:.3f}, paired {ratios.mean:.3f} [{ratios.low:.3f}, {ratios.high:.3f}] "
            f"(goal: below {LIMIT})"
        )
    return int(ratio >= LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
