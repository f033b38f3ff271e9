"""Memory of a process that fits one model after another: ``python -m tests.benchmarks.memory``.

Goal: after 200 fits at most 5 % more than after 50. ``--keras`` measures plain Keras in the same
loop: build, compile, fit, predict.
"""

import argparse
import gc
import sys
import time

import numpy as np
import psutil

from helpers import KerasClassifier
from helpers.quiet import keras

LOOKS = (10, 25, 50, 100, 150, 200)
GOAL = 1.05


def build(n_features=20, n_classes=3):
    return keras.Sequential(
        [
            keras.Input((n_features,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(n_classes, activation="softmax"),
        ]
    )


def fit_ours(X, y, seed):
    KerasClassifier(build, metrics=["accuracy"], epochs=3, random_state=seed).fit(X, y).predict(X)


def fit_keras(X, y, seed):
    keras.utils.set_random_seed(seed)
    model = build()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(X, y, epochs=3, verbose=0)
    model.predict(X, verbose=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keras", action="store_true", help="plain Keras instead of the wrapper")
    fit = fit_keras if parser.parse_args().keras else fit_ours
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 20)).astype("float32"), rng.integers(0, 3, 300)
    process, used, start = psutil.Process(), {}, time.perf_counter()
    print("fits  RSS [MB]  time [s]")
    for n_fits in range(1, max(LOOKS) + 1):
        fit(X, y, seed=n_fits)
        if n_fits in LOOKS:
            gc.collect()
            used[n_fits] = process.memory_info().rss / 2**20
            print(
                f"{n_fits:4}  {used[n_fits]:8.0f}  {time.perf_counter() - start:8.0f}", flush=True
            )
    ratio = used[200] / used[50]
    print(f"after 200 fits {ratio:.3f} times what it was after 50 (goal: at most {GOAL})")
    return int(ratio > GOAL)


if __name__ == "__main__":
    sys.exit(main())
