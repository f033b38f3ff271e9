"""What a fit leaves in memory: its model, and nothing else."""

import gc

import numpy as np
import pytest
from keras.src.backend.common import global_state
from tensorflow.python.framework.func_graph import FuncGraph
from tensorflow.python.framework.ops import gradient_registry

from helpers import KerasClassifier
from helpers.graphs import TracedGraphs
from helpers.quiet import keras, tf
from tests import builders

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")
Y = RNG.integers(0, 3, 60)

FITS = {
    "plain": {},
    "one step": {"batch_size": 100},
    "validated": {"validation_split": 0.25, "metrics": ["accuracy"]},
    "stopped": {"validation_split": 0.25, "callbacks": keras.callbacks.EarlyStopping("val_loss")},
    "auto": {"epochs": "auto", "max_epochs": 2},
}


class OwnStep(keras.Sequential):
    """A training step of a user's own."""

    def train_step(self, data):
        return super().train_step(data) | {"own": 1.0}


def own_step():
    return OwnStep([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def recurrent():
    layers = [keras.layers.Reshape((4, 1)), keras.layers.LSTM(3), keras.layers.Dense(3, "softmax")]
    return keras.Sequential([keras.Input((4,)), *layers])


def compiled_by_xla():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=True)
    return model


BUILDERS = (own_step, recurrent, compiled_by_xla)
FITS |= {builder.__name__: {"model": builder} for builder in BUILDERS}
FITS["own step, validated"] = {"model": own_step, "validation_split": 0.25}
FITS["eager"] = {"run_eagerly": True}


def left():
    gc.collect()
    graphs = [each for each in gc.get_objects() if isinstance(each, FuncGraph)]
    return len(graphs), len(gradient_registry.list())


@pytest.mark.parametrize("name", FITS)
def test_a_fit_leaves_no_graph_and_no_gradient_behind(name):
    given = {"model": builders.dense, "epochs": 2, "random_state": 0}
    estimator = KerasClassifier(**given | FITS[name])
    estimator.fit(X, Y)
    before = left()
    estimator.fit(X, Y).predict(X)
    assert left() == before


def test_a_fit_that_fails_leaves_none_either():
    estimator = KerasClassifier(
        builders.dense, optimizer="sgd", optimizer__learning_rate=1e30, epochs=3, random_state=0
    )
    with pytest.raises(ArithmeticError):
        estimator.fit(X, Y)
    before = left()
    with pytest.raises(ArithmeticError):
        estimator.fit(X, Y)
    assert left() == before


@keras.saving.register_keras_serializable("tests")
class Squared(keras.layers.Layer):
    """A user's layer with a gradient of its own, in a function that outlives the fit."""

    @tf.function
    def call(self, x):
        @tf.custom_gradient
        def square(v):
            return v * v, lambda upstream: 2 * v * upstream

        return square(x)


def test_a_users_gradient_in_a_function_of_his_own_is_kept():
    def build():
        return keras.Sequential([keras.Input((4,)), Squared(), keras.layers.Dense(3, "softmax")])

    estimator = KerasClassifier(build, epochs=1, random_state=0, warm_start=True).fit(X, Y)
    estimator.fit(X, Y)
    layer = estimator.model_.layers[0]
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    np.testing.assert_allclose(tape.gradient(y, x), 2 * X, rtol=1e-6)


def test_graphs_are_noted_once_each_and_freed():
    graphs = TracedGraphs()

    @tf.function
    def add(a, b):
        graphs.note()
        return a + b

    assert float(add(tf.constant(1.0), tf.constant(2.0))) == 3.0
    assert len(graphs) == 1
    graphs.free()
    assert len(graphs) == 0


def test_keras_global_state_does_not_grow():
    estimator = KerasClassifier(
        builders.dense, metrics=["accuracy"], epochs=1, validation_split=0.25, random_state=0
    )
    sizes = []
    for _ in range(3):
        estimator.fit(X, Y).predict(X)
        tracked = vars(global_state.GLOBAL_STATE_TRACKER)
        names = tracked.get("object_name_uids") or {}
        sizes.append((len(tracked), len(names), sum(names.values())))
    assert len(set(sizes)) == 1
