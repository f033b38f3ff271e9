"""Things that happen in a process before a fit, none of which may enter it.

Each is a function of the rows; some are other fits, some only set what the process shares.
"""

import warnings
from contextlib import contextmanager

import numpy as np
from scikeras.wrappers import KerasClassifier as SciKeras

from helpers import KerasClassifier, KerasRegressor
from helpers.errors import DivergedError
from helpers.quiet import keras
from tests import builders, saboteurs

FAST = {"optimizer": "sgd", "epochs": 1, "random_state": 3}


def another_fit(X, y):
    KerasClassifier(builders.dense, model__rate=0.5, **FAST).fit(X[::-1], y[::-1])


def unseeded_fit(X, y):
    KerasClassifier(builders.dense, **FAST | {"random_state": None}).fit(X, y)


def diverged_fit(X, y):
    fails(
        KerasRegressor(builders.linear, optimizer__learning_rate=1e30, **FAST), DivergedError, X, y
    )


def failed_fit(X, y):
    fails(KerasClassifier(builders.dense, callbacks=saboteurs.Failing, **FAST), RuntimeError, X, y)


def refused_fit(X, y):
    fails(KerasClassifier(builders.dense, **FAST | {"epochs": 0}), ValueError, X, y)


def scikeras_fit(X, y):
    """Seeds the process, and leaves it seeded."""
    estimator = SciKeras(
        scikeras_builder, loss="sparse_categorical_crossentropy", epochs=1, verbose=0,
        random_state=5,
    )  # fmt: skip
    with warnings.catch_warnings(action="ignore"):
        estimator.fit(X, y)


def keras_fit(X, y):
    model = scikeras_builder({"n_features_in_": X.shape[1]})
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, y, verbose=0)


def fit_in_double_precision(X, y):
    with dtype_policy("float64"):
        KerasClassifier(builders.dense, **FAST).fit(X, y)


def fit_in_mixed_precision(X, y):
    with dtype_policy("mixed_bfloat16"):
        KerasClassifier(builders.dense, **FAST).fit(X, y)


def fit_that_sets_the_policy(X, y):
    KerasClassifier(saboteurs.builder_that_sets_the_policy, **FAST).fit(X, y)


def seeds(X, y):
    keras.utils.set_random_seed(11)


def draws(X, y):
    np.random.rand(3)
    keras.random.uniform((2,))


def cleared_session(X, y):
    keras.utils.clear_session()


HISTORIES = (
    another_fit, unseeded_fit, diverged_fit, failed_fit, refused_fit, scikeras_fit, keras_fit,
    fit_in_double_precision, fit_in_mixed_precision, fit_that_sets_the_policy, seeds, draws,
    cleared_session,
)  # fmt: skip


def scikeras_builder(meta):
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(2, activation="softmax")]
    )


def fails(estimator, error, X, y):
    try:
        estimator.fit(X, y)
    except error:
        return
    raise AssertionError(f"{estimator} was to end in {error.__name__}")


@contextmanager
def dtype_policy(name):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
