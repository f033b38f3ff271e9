"""Memory of a process that fits one model after another: ``python -m tests.benchmarks.memory``.

Goal: after 200 fits at most 5 % more than after 50. ``--model`` says of what, ``--keras`` measures
plain Keras in the same loop: build, compile, fit, predict.
"""

import argparse
import gc
import sys
import time

import numpy as np
import psutil

from helpers import KerasClassifier
from helpers.quiet import keras, tf

LOOKS = (10, 25, 50, 100, 150, 200)
GOAL = 1.05


def dense(n_features=20, n_classes=3):
    return keras.Sequential([keras.Input((n_features,)), *layers(n_classes)])


def layers(n_classes):
    hidden = keras.layers.Dense(32, activation="relu")
    return hidden, keras.layers.Dropout(0.2), keras.layers.Dense(n_classes, activation="softmax")


class OwnStep(keras.Sequential):
    """A training step written out, as in Keras' guide, that tells the loss of its batch."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


def own_step(n_features=20, n_classes=3):
    return OwnStep([keras.Input((n_features,)), *layers(n_classes)])


def recurrent(n_features=20, n_classes=3):
    steps = [keras.layers.Reshape((n_features, 1)), keras.layers.LSTM(8)]
    return keras.Sequential([keras.Input((n_features,)), *steps, *layers(n_classes)])


def compiled_by_xla(n_features=20, n_classes=3):
    model = dense(n_features, n_classes)
    model.compile("adam", "sparse_categorical_crossentropy", jit_compile=True)
    return model


MODELS = {
    "dense": dense, "own-step": own_step, "recurrent": recurrent, "xla": compiled_by_xla,
    "eager": dense,
}  # fmt: skip


def fit_ours(X, y, seed, name):
    KerasClassifier(
        MODELS[name], epochs=3, run_eagerly=name == "eager", random_state=seed
    ).fit(X, y).predict(X)  # fmt: skip


def fit_keras(X, y, seed, name):
    keras.utils.set_random_seed(seed)
    model = MODELS[name]()
    model.compile(
        "adam", "sparse_categorical_crossentropy", run_eagerly=name == "eager",
        jit_compile=name == "xla",
    )  # fmt: skip
    model.fit(X, y, epochs=3, verbose=0)
    model.predict(X, verbose=0)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keras", action="store_true", help="plain Keras instead of the wrapper")
    parser.add_argument("--model", choices=MODELS, default="dense")
    asked = parser.parse_args()
    fit = fit_keras if asked.keras else fit_ours
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(300, 20)).astype("float32"), rng.integers(0, 3, 300)
    process, used, start = psutil.Process(), {}, time.perf_counter()
    print("fits  RSS [MB]  time [s]")
    for n_fits in range(1, max(LOOKS) + 1):
        fit(X, y, n_fits, asked.model)
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
