"""Purity as a property: drawn networks, optimizers, seeds and histories of other fits."""

from functools import partial

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import clone

from helpers import KerasClassifier
from helpers.quiet import keras
from tests import laws

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] * X[:, 1] > 0).astype(int)


class Noise(keras.layers.Layer):
    """A user's layer that draws by a generator of its own."""

    def __init__(self):
        super().__init__()
        self.generator = keras.random.SeedGenerator()

    def call(self, inputs, training=False):
        return inputs + 0.1 * keras.random.normal((4,), seed=self.generator) if training else inputs


LAYERS = {
    "dense": lambda: keras.layers.Dense(4, activation="relu"),
    "dropout": lambda: keras.layers.Dropout(0.3),
    "batch_norm": partial(keras.layers.BatchNormalization, momentum=0.1),
    "layer_norm": keras.layers.LayerNormalization,
    "noise": Noise,
    "gaussian": lambda: keras.layers.GaussianNoise(0.1),
}


def build(names=()):
    hidden = [LAYERS[name]() for name in names]
    return keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(2, "softmax")])


ESTIMATORS = st.builds(
    KerasClassifier,
    model=st.just(build),
    names=st.lists(st.sampled_from(sorted(LAYERS)), max_size=2).map(tuple),
    optimizer=st.sampled_from(["sgd", "adam", "rmsprop"]),
    epochs=st.integers(1, 3),
    batch_size=st.sampled_from([7, 32, 100]),
    validation_split=st.sampled_from([0.0, 0.25]),
    shuffle=st.booleans(),
    random_state=st.integers(0, 2**32 - 1),
)
SLOW = settings(
    max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


@SLOW
@given(estimator=ESTIMATORS, history=st.lists(ESTIMATORS, min_size=1, max_size=2))
def test_fit_does_not_depend_on_the_fits_before(estimator, history):
    first = laws.weights_after_fit(estimator, X, Y)
    for other in history:
        clone(other).fit(X[::-1], Y[::-1])
    laws.assert_equal_weights(first, laws.weights_after_fit(estimator, X, Y))


@SLOW
@given(estimator=ESTIMATORS, seed=st.integers(0, 2**31))
def test_fit_neither_uses_nor_changes_global_random_state(estimator, seed):
    keras.utils.set_random_seed(seed)
    expected = laws.global_draws()
    first = laws.weights_after_fit(estimator, X, Y)
    keras.utils.set_random_seed(seed)
    laws.assert_equal_weights(first, laws.weights_after_fit(estimator, X, Y))
    assert laws.global_draws() == expected
