"""Targets for every loss, probabilities from every output."""

import numpy as np
import pytest

from helpers.quiet import keras
from helpers.targets import encode_classes, loss_for, n_units, probabilities


def model_of(units, activation, loss):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(units, activation=activation)])
    model.compile("sgd", loss)
    return model


@pytest.mark.parametrize(
    ("units", "activation", "loss", "expected"),
    [
        (3, "softmax", "sparse_categorical_crossentropy", [0, 2]),
        (3, "softmax", "categorical_crossentropy", [[1, 0, 0], [0, 0, 1]]),
        (3, "softmax", keras.losses.CategoricalCrossentropy(), [[1, 0, 0], [0, 0, 1]]),
        (3, "softmax", keras.losses.kl_divergence, [[1, 0, 0], [0, 0, 1]]),
        (3, None, "mse", [[1, 0, 0], [0, 0, 1]]),
    ],
)
def test_classes_are_encoded_for_the_loss(units, activation, loss, expected):
    encoded = encode_classes(
        np.array([0, 2]), n_classes=3, model=model_of(units, activation, loss), units=units
    )
    np.testing.assert_array_equal(encoded, expected)


def test_single_unit_wants_a_column_of_zeros_and_ones():
    model = model_of(1, "sigmoid", "binary_crossentropy")
    encoded = encode_classes(np.array([0, 1]), n_classes=2, model=model, units=1)
    np.testing.assert_array_equal(encoded, [[0.0], [1.0]])


@pytest.mark.parametrize(
    ("units", "activation", "loss", "message"),
    [
        (1, "softmax", "binary_crossentropy", "cannot tell two classes apart"),
        (1, "sigmoid", "categorical_crossentropy", "cannot tell two classes apart"),
        (1, None, "binary_crossentropy", "its outputs are logits"),
        (2, "sigmoid", keras.losses.BinaryCrossentropy(from_logits=True), "in probabilities"),
        (4, "softmax", "mse", "4 output units, y has 2 classes"),
    ],
)
def test_models_that_cannot_learn_the_labels(units, activation, loss, message):
    model = model_of(units, activation, loss)
    with pytest.raises(ValueError, match=message):
        encode_classes(np.array([0, 1]), n_classes=2, model=model, units=units)


@pytest.mark.parametrize(
    ("units", "activation", "from_logits"),
    [(1, "sigmoid", False), (1, None, True), (3, "softmax", False), (3, None, True)],
)
def test_loss_for_an_uncompiled_model(units, activation, from_logits):
    loss = loss_for(model_of(units, activation, "mse"), units)
    losses = keras.losses
    binary, multiclass = losses.BinaryCrossentropy, losses.SparseCategoricalCrossentropy
    assert isinstance(loss, binary if units == 1 else multiclass)
    assert loss.from_logits is from_logits


def test_softmax_layer_counts_as_an_activation():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.Softmax()])
    assert not loss_for(model, 3).from_logits


def test_probabilities_of_logits_and_of_sigmoids():
    logits = model_of(1, None, keras.losses.BinaryCrossentropy(from_logits=True))
    np.testing.assert_allclose(
        probabilities(np.array([[0.0], [1000.0], [-1000.0]]), logits), [[0.5, 0.5], [0, 1], [1, 0]]
    )
    softmax = model_of(2, None, keras.losses.CategoricalCrossentropy(from_logits=True))
    np.testing.assert_allclose(probabilities(np.array([[1000.0, 0.0]]), softmax), [[1, 0]])
    sigmoids = model_of(2, "sigmoid", "binary_crossentropy")
    outputs = np.array([[0.6, 0.2], [0.0, 0.0]])
    np.testing.assert_allclose(probabilities(outputs, sigmoids), [[0.75, 0.25], [0.5, 0.5]])


def test_outputs_that_are_not_one_vector_a_row():
    with pytest.raises(ValueError, match="2 outputs"):
        n_units([np.zeros((1, 3)), np.zeros((1, 3))])
    with pytest.raises(ValueError, match="is a Flatten"):
        n_units(np.zeros((1, 4, 3)))


def test_a_loss_derived_from_one_of_keras_wants_what_that_one_wants():
    class Own(keras.losses.SparseCategoricalCrossentropy):
        pass

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    model.compile("sgd", Own())
    encoded = encode_classes(np.array([0, 2]), n_classes=3, model=model, units=3)
    assert encoded.shape[-1] != 3
