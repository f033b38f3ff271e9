"""Laws of a pure fit, each a function of an estimator and its rows."""

import random
import threading

import numpy as np
from sklearn.base import clone

from helpers.quiet import keras, tf

# isort: split
from keras.src.backend.common.global_state import get_global_attribute

from helpers.randomness import KERAS_STATE


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
    contents = described(before)
    estimator.fit(X, y)
    after = estimator.get_params()
    assert all(after[name] is before[name] for name in before)
    assert described(after) == contents


def fit_leaves_global_state(estimator, X, y):
    """Generators, precision, dtype policy and distribution are after a fit what they were."""
    estimator = clone(estimator)  # copies Keras objects, which takes new names for them
    before = described(global_state())
    estimator.fit(X, y)
    assert described(global_state()) == before


def clone_shares_nothing(estimator, X, y):
    """A clone of a fitted estimator has its parameters, nothing of its fit, and no effect on it."""
    fitted = clone(estimator).fit(X, y)
    weights = fitted.model_.get_weights()
    copied = clone(fitted)
    assert not [name for name in vars(copied) if name.endswith("_") and not name.startswith("_")]
    assert described(copied.get_params()) == described(fitted.get_params())
    copied.fit(X, y)
    assert copied.model_ is not fitted.model_
    assert not {id(v) for v in copied.model_.variables} & {id(v) for v in fitted.model_.variables}
    assert_equal_weights(weights, fitted.model_.get_weights())
    assert_equal_weights(weights, copied.model_.get_weights())


LAWS = (
    fit_is_repeatable,
    fit_ignores_history,
    fit_ignores_global_seeds,
    fit_ignores_thread,
    fit_leaves_parameters,
    fit_leaves_global_state,
    clone_shares_nothing,
)


def described(value):
    """All that can be compared of a value, however deep: for generators, where they stand."""
    if isinstance(value, dict):
        return [(name, described(each)) for name, each in value.items()]
    if isinstance(value, list | tuple):
        return [described(each) for each in value]
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.random.RandomState):
        return described(value.get_state(legacy=False))
    if isinstance(value, np.random.Generator):
        return described(value.bit_generator.state)
    if isinstance(value, keras.optimizers.Optimizer | keras.metrics.Metric):
        return described([value.get_config(), [v.numpy() for v in value.variables]])
    if isinstance(value, keras.callbacks.Callback | keras.losses.Loss):
        return type(value).__name__, described(vars(value))
    return repr(value)


def global_state():
    """What the process shares, read without moving it."""
    return {
        "python": random.getstate(),
        "numpy": np.random.get_state(),
        "keras": {name: get_global_attribute(name) for name in KERAS_STATE},
        "floatx": keras.config.floatx(),
        "dtype policy": keras.config.dtype_policy(),
        "distribution": keras.distribution.distribution(),
    }


def global_draws():
    """One draw from each global generator."""
    return (
        random.random(),
        float(np.random.random()),
        float(keras.random.uniform(())),
        float(tf.random.uniform(())),
    )
