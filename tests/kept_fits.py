"""What tests of kept fits share: a small fit, how much was trained for it, what is in the store."""

import glob
from pathlib import Path

import numpy as np

from helpers import FitRecorder, KerasClassifier
from helpers.quiet import keras
from tests import builders, killed_search, laws

X, Y = killed_search.X, killed_search.Y
FAST = {"optimizer": "sgd", "epochs": 2, "random_state": 0}


def classifier(memory, **changes):
    return KerasClassifier(**({"model": builders.dense, "memory": memory} | FAST | changes))


def n_trained(estimator, *rows, **more):
    """Fits and epochs that an estimator causes on the rows."""
    with FitRecorder() as recorder:
        estimator.fit(*(rows or (X, Y)), **more)
    return len(recorder.fits), sum(record.epochs_run for record in recorder.fits)


def entries(folder):
    """Of fits; unlike `Path.rglob`, glob bears that another process removes some meanwhile."""
    found = glob.glob("**/output.pkl", root_dir=folder, recursive=True)
    return [Path(folder, name) for name in sorted(found)]


def assert_same_fit(one, other):
    for get in (lambda m: m.variables, lambda m: m.optimizer.variables):
        left, right = ([v.numpy() for v in get(each.model_)] for each in (one, other))
        laws.assert_equal_weights(left, right)
    assert one.history_ == other.history_
    assert one.n_epochs_ == other.n_epochs_
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


class Rate(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.1 / (1 + epoch)
