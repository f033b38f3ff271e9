"""Laws of a pure fit, each a function of an estimator and its rows."""

import random
import threading

import numpy as np
from sklearn.base import clone

from helpers.quiet import keras, tf


def weights_after_fit(estimator, X, y, **fit_arguments):
    """Weights of a clone of ``estimator`` fitted on the rows."""
    return clone(estimator).fit(X, y, **fit_arguments).model_.get_weights()


def assert_equal_weights(left, right):
    """Bit-equal, not merely close."""
    assert len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        np.testing.assert_array_equal(a, b)


def fit_is_repeatable(estimator, X, y):
    """The same fit twice gives the same weights."""
    assert_equal_weights(weights_after_fit(estimator, X, y), weights_after_fit(estimator, X, y))


def fit_ignores_history(estimator, X, y):
    """Another fit in between, on other rows, changes nothing."""
    first = weights_after_fit(estimator, X, y)
    clone(estimator).set_params(random_state=99).fit(X[::-1], y[::-1])
    assert_equal_weights(first, weights_after_fit(estimator, X, y))


def fit_ignores_global_seeds(estimator, X, y):
    """Global seeds neither enter the fit nor are changed by it."""
    first = weights_after_fit(estimator, X, y)
    keras.utils.set_random_seed(7)
    before = global_draws()
    keras.utils.set_random_seed(7)
    assert_equal_weights(first, weights_after_fit(estimator, X, y))
    assert global_draws() == before


def fit_ignores_thread(estimator, X, y):
    """A fit in another thread, beside a third one, gives the same weights."""
    first = weights_after_fit(estimator, X, y)
    others = {}

    def fit_in_thread(name, seeded):
        others[name] = weights_after_fit(seeded, X, y)

    other = clone(estimator).set_params(random_state=5)
    threads = [
        threading.Thread(target=fit_in_thread, args=pair)
        for pair in (("same", estimator), ("other", other))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_equal_weights(first, others["same"])


def fit_leaves_parameters(estimator, X, y):
    """Constructor parameters are the same objects with the same contents after a fit."""
    estimator = clone(estimator)
    before = estimator.get_params()
    described = {name: repr(value) for name, value in before.items()}
    estimator.fit(X, y)
    after = estimator.get_params()
    assert all(after[name] is before[name] for name in before)
    assert {name: repr(value) for name, value in after.items()} == described


LAWS = (
    fit_is_repeatable,
    fit_ignores_history,
    fit_ignores_global_seeds,
    fit_ignores_thread,
    fit_leaves_parameters,
)


def global_draws():
    """One draw from each global generator."""
    return (
        random.random(),
        float(np.random.random()),
        float(keras.random.uniform(())),
        float(tf.random.uniform(())),
    )
