"""A searched parameter that reaches nothing is found; one that acts, however late, is silent."""

import warnings

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from trained import Own, Y, built, observed

from helpers.diagnosis.checks.search_parameter_ignored import search_parameter_ignored
from helpers.quiet import keras, tf


class Cut(Own):
    """Two classes, told apart at a threshold."""

    def __init__(self, learning_rate=0.1, threshold=0.5):
        super().__init__(learning_rate=learning_rate)
        self.threshold = threshold

    def predict(self, X):
        return (self.predict_proba(X)[:, 1] > self.threshold).astype(int)


def deaf(rate):
    return built(0.1)


def beside_the_graph(rate, used=False):
    """A layer that is called, and whose output goes nowhere unless it is used."""
    inputs = keras.Input((4,))
    hidden = keras.layers.Dense(8, activation="relu")(inputs)
    dropped = keras.layers.Dropout(rate)(hidden)
    outputs = keras.layers.Dense(3, activation="softmax")(dropped if used else hidden)
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def through_the_layer(rate):
    return beside_the_graph(rate, used=True)


class OwnStep(keras.Sequential):
    """Trains by a step of its own: with the optimizer it was compiled with, or with another."""

    other = None

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        variables = self.trainable_variables
        (self.other or self.optimizer).apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}


def own_step(rate, with_other=False):
    model = OwnStep([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", run_eagerly=True)
    model.other = keras.optimizers.SGD(0.1) if with_other else None
    return model


def step_with_another_optimizer(rate):
    return own_step(rate, with_other=True)


class WithoutPenalties(keras.Sequential):
    """Computes a loss of its own, from which the penalties are missing."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            p = self(x, training=True)
            loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, p))
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return {"loss": loss}


def penalised(rate, kind=WithoutPenalties):
    layer = keras.layers.Dense(3, "softmax", kernel_regularizer=keras.regularizers.L2(rate))
    model = kind([keras.Input((4,)), layer])
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def penalised_by_its_step(rate):
    return penalised(rate, OwnStep)


def without_training(rate, training=None):
    """A step of its own that forgets to say that it trains, so that nothing is dropped."""

    class Step(keras.Sequential):
        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(y=y, y_pred=self(x, training=training))
            variables = self.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            return {"loss": loss}

    layers = [keras.layers.Dropout(rate), keras.layers.Dense(3, activation="softmax")]
    model = Step([keras.Input((4,)), *layers])
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def dropping(rate):
    return without_training(rate, training=True)


def _with_weights(rate, trainable):
    """What the rate decides is what the layer starts from, of which Keras is told nothing."""
    layer = keras.layers.Dense(4, activation="tanh", trainable=trainable)
    model = keras.Sequential([keras.Input((4,)), layer, keras.layers.Dense(3, "softmax")])
    layer.set_weights([rate * np.eye(4), np.zeros(4)])
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def frozen_bank(rate):
    return _with_weights(rate, trainable=False)


def first_weights(rate):
    return _with_weights(rate, trainable=True)


def scheduled(schedule):
    """An estimator whose learning rate is set by a callback."""
    return Own(epochs=3, callbacks=[keras.callbacks.LearningRateScheduler(schedule)])


@pytest.mark.parametrize(
    ("builder", "values"),
    [
        (deaf, [0.1, 0.2]),
        (beside_the_graph, [0.0, 0.5]),  # its layer draws a seed all the same
        (step_with_another_optimizer, [0.1, 0.5]),
        (penalised, [0.0, 0.1]),
        (without_training, [0.2, 0.5]),
    ],
    ids=[
        "builder",
        "layer beside the graph",
        "own step",
        "own step without penalties",
        "own step without training",
    ],
)
def test_a_parameter_that_reaches_nothing_is_found(builder, values):
    search = GridSearchCV(Own(builder), {"learning_rate": values}, cv=2)
    found, _ = observed(search, check=search_parameter_ignored, budget=6)
    assert found["search/parameter-ignored"].evidence["parameters"] == ["learning_rate"]


def test_a_rate_that_a_schedule_sets_is_found_to_be_ignored():
    search = GridSearchCV(
        scheduled(lambda epoch: 0.1 / (1 + epoch)), {"learning_rate": [0.01, 0.5]}, cv=2
    )
    found, _ = observed(search, check=search_parameter_ignored, budget=4)
    assert found["search/parameter-ignored"].evidence["parameters"] == ["learning_rate"]
    assert "schedule" in found["search/parameter-ignored"].fix.text


@pytest.mark.parametrize(("scoring", "is_found"), [("roc_auc", True), ("accuracy", False)])
def test_a_threshold_is_nothing_to_a_score_of_probabilities(scoring, is_found):
    search = GridSearchCV(Cut(), {"threshold": [0.2, 0.6]}, cv=2, scoring=scoring)
    found, _ = observed(search, y=(Y > 0).astype(int), check=search_parameter_ignored, budget=4)
    assert ("search/parameter-ignored" in found) == is_found


class Subclassed(keras.Model):
    """Says nothing of what it is made of."""

    def __init__(self, rate):
        super().__init__()
        self.dropout, self.out = keras.layers.Dropout(rate), keras.layers.Dense(3, "softmax")

    def call(self, inputs, training=False):
        return self.out(self.dropout(inputs, training=training))


def subclassed(rate):
    model = Subclassed(rate)
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


def test_a_parameter_of_random_draws_that_reaches_nothing_is_found():
    search = RandomizedSearchCV(
        Own(deaf), {"learning_rate": [0.1, 0.2], "batch_size": [8, 16]}, n_iter=3, cv=2,
        random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, _ = observed(search, check=search_parameter_ignored, budget=4)
    assert found["search/parameter-ignored"].evidence["parameters"] == ["learning_rate"]


class Shuffling(Own):
    """Shuffles before a share of the rows is set apart."""

    def fit(self, X, y, sample_weight=None):
        order = np.random.permutation(len(X))
        return super().fit(X[order], y[order])


def test_rows_set_apart_by_chance_do_not_hide_a_parameter_that_reaches_nothing():
    search = GridSearchCV(
        Shuffling(deaf, validation_split=0.2, seed=None), {"learning_rate": [0.1, 0.2]}, cv=2
    )
    found, _ = observed(search, check=search_parameter_ignored, budget=4)
    assert found["search/parameter-ignored"].evidence["parameters"] == ["learning_rate"]


def of_the_first_candidate(examination):
    """As of a search of which the budget allowed no other."""
    examination.subject.candidates = examination.subject.candidates[:1]
    examination.trials = examination.of(0)
    return search_parameter_ignored(examination)


def test_candidates_that_the_budget_left_out_are_asked_for_a_parameter_that_reaches_nothing():
    found, _ = observed(Own(deaf), check=of_the_first_candidate, budget=2)
    assert found["search/parameter-ignored"].evidence["values"] == {"learning_rate": ["0.1", "0.2"]}
    assert observed(Own(), check=of_the_first_candidate, budget=2)[0] == {}


class Conditional(Own):
    """Whose rate acts where it trains at all."""

    def fit(self, X, y, sample_weight=None):
        given, self.learning_rate = self.learning_rate, self.settings * self.learning_rate
        super().fit(X, y)
        self.learning_rate = given
        return self


def test_a_parameter_that_acts_on_the_winner_alone_is_silent():
    def keys(*grids):
        search = GridSearchCV(Conditional(epochs=3), list(grids), cv=2)
        found, _ = observed(search, check=search_parameter_ignored, budget=8)
        return [each.evidence["parameters"] for each in found.values()]

    idle = {"settings": [0], "learning_rate": [0.1, 0.5]}
    assert keys(idle) == [["learning_rate"]]
    assert keys(idle, {"settings": [1], "learning_rate": [0.1]}) == []


@pytest.mark.parametrize(
    ("estimator", "grid"),
    [
        (Own(), {"learning_rate": [0.1, 0.2]}),
        (Own(), {"batch_size": [8, 16], "epochs": [1, 2]}),
        (Own(deaf), {"seed": [1, 2]}),
        (Own(through_the_layer), {"learning_rate": [0.0, 0.5]}),
        (Own(subclassed), {"learning_rate": [0.2, 0.5]}),
        (Own(own_step), {"learning_rate": [0.1, 0.5]}),
        (Own(penalised_by_its_step), {"learning_rate": [0.0, 0.1]}),
        (Own(dropping), {"learning_rate": [0.2, 0.5]}),
        (Own(frozen_bank), {"learning_rate": [0.2, 3.0]}),
        (Own(first_weights), {"learning_rate": [0.2, 3.0]}),
        (scheduled(lambda epoch, rate: rate / (1 + epoch)), {"learning_rate": [0.01, 0.5]}),
        (Own(), {"callbacks": [None, [keras.callbacks.EarlyStopping("loss", patience=9)]]}),
    ],
    ids=[
        "rate",
        "batch and epochs",
        "seed",
        "layer",
        "subclassed",
        "own step",
        "own step with penalties",
        "own step that drops",
        "frozen weights",
        "first weights",
        "scheduled",
        "callbacks",
    ],
)
def test_a_parameter_that_acts_is_silent(estimator, grid):
    search = GridSearchCV(estimator, grid, cv=2)
    assert observed(search, check=search_parameter_ignored, budget=4)[0] == {}
