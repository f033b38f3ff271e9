"""A fitted estimator travels as its recipe and its numbers, whatever its model is made of."""

import copy
import pickle

import numpy as np
import pytest
from sklearn.datasets import load_iris

from helpers import KerasClassifier
from helpers.quiet import keras
from tests import builders, laws

X, Y = load_iris(return_X_y=True)


def test_fitted_estimators_travel():
    fitted = KerasClassifier(builders.dense, epochs=2, random_state=0).fit(X, Y)
    for copied in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(copied.predict_proba(X), fitted.predict_proba(X))


class Unregistered(keras.layers.Layer):
    """As users write them: neither registered with Keras, nor with a configuration."""

    def __init__(self, units, activation=lambda x: x):
        super().__init__()
        self.units, self.activation = units, activation

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], self.units))

    def call(self, rows):
        return self.activation(rows @ self.kernel)


class OwnLoss(keras.losses.SparseCategoricalCrossentropy):
    """Not registered with Keras either."""


def with_own_layers(meta):
    class Local(Unregistered):
        pass

    dropout = keras.layers.Dropout(0.3)
    return keras.Sequential(
        [keras.Input((4,)), Local(8), dropout, keras.layers.Dense(3, "softmax")]
    )


@pytest.mark.parametrize("travels", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy])
def test_models_with_layers_and_losses_of_a_users_own_travel(travels):
    fitted = KerasClassifier(
        with_own_layers, loss=OwnLoss, metrics=["accuracy"], epochs=3, random_state=0
    ).fit(X, Y)
    there = travels(fitted)
    np.testing.assert_array_equal(there.predict_proba(X), fitted.predict_proba(X))
    for estimator in (there, fitted):
        estimator.partial_fit(X, Y)  # on from the same moments of Adam and seeds of dropout
    laws.assert_equal_weights(there.model_.get_weights(), fitted.model_.get_weights())
    assert there.history_ == fitted.history_


def test_what_travels_is_the_model_that_was_trained():
    fitted = KerasClassifier(builders.dense, model__units=5, epochs=1, random_state=0).fit(X, Y)
    fitted.set_params(model__units=7, optimizer="sgd")
    there = pickle.loads(pickle.dumps(fitted))
    assert there.model_.get_weights()[0].shape == (4, 5)
    np.testing.assert_array_equal(there.predict_proba(X), fitted.predict_proba(X))
    assert there.fit(X, Y).model_.get_weights()[0].shape == (4, 7)


def test_a_builder_that_has_changed_since_is_told_of():
    units = [5]

    def build():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(units[0]),
                                 keras.layers.Dense(3, "softmax")])  # fmt: skip

    fitted = KerasClassifier(build, epochs=1, random_state=0).fit(X, Y)
    units[0] = 6
    with pytest.raises(ValueError, match=r"another model than the one that was trained"):
        copy.deepcopy(fitted)


def test_precision_travels_too():
    before = keras.config.floatx(), keras.config.dtype_policy()
    try:
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("float64")
        fitted = KerasClassifier(builders.dense, epochs=1, random_state=0).fit(X, Y)
        carried = pickle.dumps(fitted)
    finally:
        keras.config.set_floatx(before[0])
        keras.config.set_dtype_policy(before[1])
    there = pickle.loads(carried)
    assert {weight.dtype.name for weight in there.model_.get_weights()} == {"float64"}
    laws.assert_equal_weights(there.model_.get_weights(), fitted.model_.get_weights())
    assert (keras.config.floatx(), keras.config.dtype_policy()) == before
