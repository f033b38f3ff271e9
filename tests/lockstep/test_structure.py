"""Models are of one structure only if they compute the same."""

import numpy as np
import pytest

from helpers.lockstep.structure import _Description
from helpers.quiet import keras


class Cell(keras.layers.Layer):
    """A user's cell, whose configuration Keras cannot make up from its arguments."""

    def __init__(self, units, activation):
        super().__init__()
        self.units = self.state_size = units
        self.activation = activation

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1] + self.units, self.units))

    def call(self, inputs, states):
        joined = keras.ops.concatenate([inputs, states[0]], axis=-1)
        output = self.activation(joined @ self.kernel)
        return output, [output]


def described(make):
    keras.utils.clear_session()  # automatic names start afresh, as in a fit
    model = keras.Sequential([keras.Input((4, 2)), make()])
    model.compile("sgd", "mse")
    return _Description().model(model)


def normalised(mean):
    return keras.layers.Normalization(mean=np.full(2, mean), variance=np.ones(2))


PAIRS = {
    "rnn around a cell of one's own": (
        lambda: keras.layers.RNN(Cell(3, keras.ops.tanh)),
        lambda: keras.layers.RNN(Cell(3, keras.ops.tanh), go_backwards=True),
    ),
    "activation": (lambda: keras.layers.Dense(3, "relu"), lambda: keras.layers.Dense(3, "tanh")),
    "constants": (lambda: normalised(0.0), lambda: normalised(1.0)),
    "closure": (
        lambda: keras.layers.Lambda((lambda by: lambda x: x * by)(2.0)),
        lambda: keras.layers.Lambda((lambda by: lambda x: x * by)(3.0)),
    ),
}


@pytest.mark.parametrize(("one", "other"), PAIRS.values(), ids=PAIRS)
def test_what_computes_otherwise_is_another_structure(one, other):
    assert described(one) != described(other)


@pytest.mark.parametrize("make", [pair[0] for pair in PAIRS.values()], ids=PAIRS)
def test_what_computes_the_same_is_the_same_structure(make):
    assert described(make) == described(make)


def test_a_dropout_rate_is_data():
    assert described(lambda: keras.layers.Dropout(0.1)) == described(
        lambda: keras.layers.Dropout(0.5)
    )
