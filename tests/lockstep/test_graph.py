"""Which models are looped over instead of vectorised."""

import math

import keras
import numpy as np
import pytest

from helpers.lockstep.graph import LARGE, StackedGraph
from helpers.lockstep.graph import _multiplications as multiplications

layers = keras.layers


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.filters, self.flat = layers.Conv2D(2, 3), layers.Flatten()

    def call(self, inputs):
        return self.flat(self.filters(inputs))


def built(*members, shape=(8, 8, 1)):
    model = keras.Sequential([keras.Input(shape), *members])
    model.compile("sgd", "mse")
    return model


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (layers.Conv2D(16, 3), (8, 8, 1), 6 * 6 * 9 * 16),
        (layers.Conv2D(16, 3, padding="same", strides=2), (8, 8, 3), 4 * 4 * 9 * 3 * 16),
        (layers.Conv1D(4, 5), (20, 2), 16 * 5 * 2 * 4),
        (layers.DepthwiseConv2D(3), (8, 8, 5), 6 * 6 * 9 * 5),
        (layers.Conv2D(16, 3), (None, 8, 1), math.inf),
        (layers.Dense(1000), (8,), 0),
        (layers.LSTM(4), (8, 2), 0),
    ],
)
def test_multiplications_of_a_row(layer, shape, expected):
    assert multiplications(built(layer, shape=shape).layers[0]) == expected


def test_models_with_large_convolutions_are_looped_over():
    def is_mapped(model):
        return StackedGraph(model, 2, (np.zeros((4, 8, 8, 1)),), [])._is_mapped

    subclassed = Subclassed()
    subclassed(np.zeros((1, 8, 8, 1)))
    subclassed.compile("sgd", "mse")
    assert not is_mapped(built(layers.Conv2D(16, 3)))
    assert is_mapped(built(layers.Conv2D(math.ceil(LARGE / (6 * 6 * 9)), 3)))
    assert is_mapped(subclassed)
