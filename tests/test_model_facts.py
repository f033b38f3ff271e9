"""What is read off a model: equal for equal models, whatever they are called."""

from typing import ClassVar

import numpy as np
import pytest
from trained import X, Y, built

from helpers.model_facts import callback_facts, is_plain, model_facts
from helpers.quiet import keras


def model_of(*layers, optimizer="sgd", loss="mse"):
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(optimizer, loss)
    return model


def told(**changes):
    settings = {"units": 3, "rate": 0.1, "activation": "tanh", "seed": None} | changes
    kernel = keras.initializers.GlorotUniform(settings["seed"])
    return model_facts(
        model_of(
            keras.layers.Dense(settings["units"], settings["activation"],
                               kernel_initializer=kernel),
            keras.layers.Dense(1),
            optimizer=keras.optimizers.SGD(settings["rate"]),
        )
    )  # fmt: skip


def test_equal_models_have_equal_facts():
    one, two = told(), told()
    keras.layers.Dense(1)  # names are counted on
    assert one == two == told(seed=3)


@pytest.mark.parametrize(
    ("change", "what"),
    [({"units": 4}, "architecture"), ({"activation": "relu"}, "architecture"),
     ({"rate": 0.2}, "optimizer")],
)  # fmt: skip
def test_other_models_have_other_facts(change, what):
    one, two = told(), told(**change)
    assert one[what] != two[what]
    same = {"architecture", "optimizer", "loss", "optimizer_class"} - {what}
    assert all(one[each] == two[each] for each in same)


def test_a_number_in_a_name_that_is_no_counter_is_told():
    assert told(activation="relu") != told(activation="relu6")


def test_functional_models_are_told_without_the_numbers_in_their_names():
    def functional():
        inputs = keras.Input((4,))
        hidden = keras.layers.Dense(3, name=None)(inputs)
        model = keras.Model(inputs, keras.layers.Dense(1)(hidden))
        model.compile("sgd", "mse")
        return model_facts(model)

    assert functional() == functional()


def decayed(l2, **settings):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, **settings)])
    model.layers[0].kernel_regularizer = keras.regularizers.L2(l2)
    model.compile("sgd", "mse")
    return model_facts(model)


def test_penalties_that_come_too_late_are_told_from_those_that_act():
    assert decayed(0.1) == decayed(0.2)
    one, two = (decayed(0.1, kernel_regularizer=keras.regularizers.L2(l2)) for l2 in (0.1, 0.2))
    assert one["architecture"] != two["architecture"]


def test_penalties_on_what_is_frozen_are_none():
    one, two = (
        decayed(0.1, kernel_regularizer=keras.regularizers.L2(l2), trainable=False)
        for l2 in (0.1, 0.2)
    )
    assert one["architecture"] == two["architecture"]


@pytest.mark.parametrize(
    ("rate", "low", "high"),
    [
        (0.1, None, None),
        (keras.optimizers.schedules.CosineDecay(0.1, 30), 25, 35),
        (keras.optimizers.schedules.CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=300),
         280, 350),
        (keras.optimizers.schedules.InverseTimeDecay(0.1, 100, 0.5), 10_000, 30_000),
        (keras.optimizers.schedules.PiecewiseConstantDecay([50], [0.1, 0.01]), None, None),
    ],
    ids=["none", "cosine", "warm-up", "inverse", "steps"],
)  # fmt: skip
def test_when_a_schedule_ends(rate, low, high):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    ends = model_facts(model)["schedule_ends"]
    assert ends is None if low is None else low <= ends <= high


class Counted(keras.optimizers.schedules.LearningRateSchedule):
    """A user's own, that is another after each question."""

    n_asked = 0

    def __call__(self, step):
        self.n_asked += 1
        return 0.1 / self.n_asked


def test_a_schedule_of_the_users_is_not_asked():
    schedule = Counted()
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(schedule), "mse")
    before = schedule.n_asked
    assert model_facts(model)["schedule_ends"] is None
    assert schedule.n_asked == before


class Subclassed(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.one = keras.layers.Dense(units)

    def call(self, inputs):
        return self.one(inputs)


def test_subclassed_models_are_told_by_their_weights():
    def facts(units):
        model = Subclassed(units)
        model.compile("sgd", "mse")
        model(X[:1])
        return model_facts(model)

    assert facts(2) == facts(2)
    assert facts(2)["architecture"] != facts(3)["architecture"]


def test_a_model_that_is_not_compiled_has_facts():
    facts = model_facts(keras.Sequential([keras.Input((4,)), keras.layers.Flatten()]))
    assert (facts["outputs"], facts["from_logits"]) == (None, False)


@pytest.mark.parametrize(
    ("loss", "name", "from_logits"),
    [
        ("mse", "mse", False),
        (keras.losses.BinaryCrossentropy(), "binary_crossentropy", False),
        (keras.losses.BinaryCrossentropy(from_logits=True), "binary_crossentropy", True),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True),
         "sparse_categorical_crossentropy", True),
    ],
)  # fmt: skip
def test_the_loss_is_told_by_name(loss, name, from_logits):
    facts = model_facts(model_of(keras.layers.Dense(1), loss=loss))
    assert (facts["loss"], facts["from_logits"]) == (name, from_logits)


def test_the_last_layer_normalisations_and_what_they_hold():
    adapted = keras.layers.Normalization()
    adapted.adapt(X)
    facts = model_facts(
        model_of(
            adapted,
            keras.layers.BatchNormalization(momentum=0.5),
            keras.layers.Dense(3, activation="softmax"),
            keras.layers.Dropout(0.1),
        )
    )
    assert facts["outputs"] == (3, "softmax")
    assert facts["batch_norm"] == [0.5]
    ((mean, variance),) = facts["adapted"]
    np.testing.assert_allclose(mean.ravel(), X.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(variance.ravel(), X.var(axis=0), atol=1e-4)


class Keeps(keras.callbacks.Callback):
    on_the_class: ClassVar = [1]

    def __init__(self):
        super().__init__()
        self.seen, self.thing = {"a": np.arange(2)}, object()


def test_state_of_a_callback_is_what_may_change():
    callback = Keeps()
    before = callback_facts(callback)
    assert before["name"] == "Keeps"
    assert set(before["state"]) >= {"seen", "Keeps.on_the_class"}
    assert "thing" not in before["state"]
    assert "params" not in before["state"]
    callback.seen["a"] = np.arange(1, 3)
    after = callback_facts(callback)
    changed = {name for name in after["state"] if after["state"][name] != before["state"][name]}
    assert changed == {"seen"}


def test_settings_of_a_stopper_are_told():
    settings = callback_facts(keras.callbacks.EarlyStopping("val_auc", patience=3))["settings"]
    assert (settings["monitor"], settings["patience"]) == ("val_auc", 3)


@pytest.mark.parametrize(
    ("value", "plain"),
    [(1, True), (np.float32(1), True), ({"a": [1, "b", None]}, True), (np.arange(2), True),
     (object(), False), ([object()], False), (built, False), (built(), False)],
)  # fmt: skip
def test_what_is_plain(value, plain):
    assert is_plain(value) is plain


def test_reading_changes_nothing():
    model = built()
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    model_facts(model)
    for one, two in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
