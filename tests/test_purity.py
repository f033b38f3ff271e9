"""Purity as a property: drawn networks, optimizers, callbacks, seeds and histories of other fits.

A fit is a pure function of builder, hyper-parameters, rows and seed. Few examples are drawn for a
pull request; ``make nightly`` draws 200 of each.
"""

import random
import threading
from functools import partial

import joblib
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from helpers import KerasClassifier
from helpers.quiet import keras
from tests import laws, saboteurs
from tests.histories import HISTORIES

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


def convolution():
    return keras.Sequential(
        [
            keras.layers.Reshape((2, 2, 1)),
            keras.layers.Conv2D(4, 2, activation="relu"),
            keras.layers.Flatten(),
        ]
    )


LAYERS = {
    "dense": lambda: keras.layers.Dense(4, activation="relu"),
    "dropout": lambda: keras.layers.Dropout(0.3),
    "batch_norm": partial(keras.layers.BatchNormalization, momentum=0.1),
    "layer_norm": keras.layers.LayerNormalization,
    "convolution": convolution,
    "noise": Noise,
    "gaussian": lambda: keras.layers.GaussianNoise(0.1),
}


def build(names=()):
    hidden = [LAYERS[name]() for name in names]
    return keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(2, "softmax")])


def falling_rate():
    return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5))


def has_schedule(estimator):
    rate = getattr(estimator.optimizer, "_learning_rate", None)
    return isinstance(rate, keras.optimizers.schedules.LearningRateSchedule)


def sets_the_rate(estimator):
    """Which Keras refuses where a schedule does."""
    return "ReduceLROnPlateau" in repr(estimator.callbacks)


# Objects are drawn as functions that make them, so that no example is handed the one of another.
def made(makers):
    return st.sampled_from(makers).map(lambda make: make() if callable(make) else make)


OPTIMIZERS = [
    "sgd", "adam", "rmsprop", lambda: keras.optimizers.Adam(0.01), falling_rate,
    lambda: keras.optimizers.SGD(0.1, momentum=0.9),
]  # fmt: skip
LOSSES = [
    None,
    "sparse_categorical_crossentropy",
    lambda: keras.losses.SparseCategoricalCrossentropy(),
]
METRICS = [None, lambda: ["accuracy"], lambda: [keras.metrics.SparseCategoricalAccuracy()]]
CALLBACKS = [
    None, lambda: [saboteurs.StatefulCallback()], lambda: {"count": saboteurs.StatefulCallback()},
    lambda: keras.callbacks.EarlyStopping("loss", patience=0, min_delta=0.1),
    lambda: [keras.callbacks.ReduceLROnPlateau("loss", patience=0)],
]  # fmt: skip
SEEDS = st.one_of(
    st.integers(0, 2**32 - 1),
    st.integers(0, 99).map(np.random.RandomState),
    st.integers(0, 99).map(np.random.default_rng),
)
ESTIMATORS = st.builds(
    KerasClassifier,
    model=st.just(build),
    names=st.lists(st.sampled_from(sorted(LAYERS)), max_size=2).map(tuple),
    optimizer=made(OPTIMIZERS),
    loss=made(LOSSES),
    metrics=made(METRICS),
    callbacks=made(CALLBACKS),
    epochs=st.sampled_from([1, 2, 3, "auto"]),
    max_epochs=st.just(2),
    batch_size=st.sampled_from([7, 32, 100]),
    validation_split=st.sampled_from([0.0, 0.25]),
    shuffle=st.booleans(),
    class_weight=st.sampled_from([None, "balanced"]),
    random_state=SEEDS,
).filter(lambda estimator: not (has_schedule(estimator) and sets_the_rate(estimator)))


def few(n_examples):
    """So many examples for a pull request; at night as many as the profile says.

    A smaller example of a failure would take hundreds of fits more.
    """
    at_night = settings().max_examples > settings.get_profile("ci").max_examples
    phases = [Phase.explicit, Phase.reuse, Phase.generate]
    return settings(max_examples=settings().max_examples if at_night else n_examples, phases=phases)


@few(7)
@given(estimator=ESTIMATORS, history=st.lists(st.sampled_from(HISTORIES), min_size=1, max_size=3))
def test_fit_does_not_depend_on_what_was_before(estimator, history):
    first = laws.weights_after_fit(estimator, X, Y)
    for happens in history:
        happens(X, Y)
    laws.assert_equal_weights(first, laws.weights_after_fit(estimator, X, Y))


@pytest.mark.parametrize("happens", HISTORIES, ids=lambda function: function.__name__)
def test_each_history_leaves_the_next_fit_alone(happens):
    estimator = KerasClassifier(
        build, names=("noise", "dropout"), optimizer="adam", epochs=1, random_state=0
    )
    first = laws.weights_after_fit(estimator, X, Y)
    happens(X, Y)
    laws.assert_equal_weights(first, laws.weights_after_fit(estimator, X, Y))


@few(2)
@given(estimators=st.lists(ESTIMATORS, min_size=2, max_size=3), order=st.randoms())
def test_fits_do_not_depend_on_their_order_thread_or_process(estimators, order):
    here = [laws.weights_after_fit(each, X, Y) for each in estimators]
    places = list(range(len(estimators)))
    order.shuffle(places)
    in_turn = {i: laws.weights_after_fit(estimators[i], X, Y) for i in places}
    in_threads = side_by_side([estimators[i] for i in places])
    in_processes = joblib.Parallel(n_jobs=2)(
        joblib.delayed(laws.weights_after_fit)(estimators[i], X, Y) for i in places
    )
    for place, i in enumerate(places):
        laws.assert_equal_weights(here[i], in_turn[i])
        laws.assert_equal_weights(here[i], in_threads[place])
        laws.assert_equal_weights(here[i], in_processes[place])


@few(5)
@given(estimator=ESTIMATORS)
def test_fit_changes_no_parameter_and_no_global_state(estimator):
    laws.fit_leaves_parameters(estimator, X, Y)
    laws.fit_leaves_global_state(estimator, X, Y)


@few(4)
@given(estimator=ESTIMATORS, seed=st.integers(0, 2**31))
def test_fit_neither_uses_nor_changes_global_random_state(estimator, seed):
    keras.utils.set_random_seed(seed)
    expected = laws.global_draws()
    first = laws.weights_after_fit(estimator, X, Y)
    keras.utils.set_random_seed(seed)
    laws.assert_equal_weights(first, laws.weights_after_fit(estimator, X, Y))
    assert laws.global_draws() == expected


@few(4)
@given(estimator=ESTIMATORS)
def test_clone_has_the_parameters_and_nothing_of_the_fit(estimator):
    laws.clone_shares_nothing(estimator, X, Y)


@few(2)
@given(estimator=ESTIMATORS, rates=st.permutations([0.001, 0.01, 0.1]))
def test_order_of_candidates_is_the_order_of_results(estimator, rates):
    estimator = clone(estimator).set_params(optimizer="sgd", epochs=1)
    listed, permuted = results(estimator, [0.001, 0.01, 0.1]), results(estimator, rates)
    assert [each["params"]["optimizer__learning_rate"] for each in permuted] == rates
    by_rate = {each["params"]["optimizer__learning_rate"]: each for each in permuted}
    for each in listed:
        assert each == by_rate[each["params"]["optimizer__learning_rate"]]


def results(estimator, rates):
    """Rows of ``cv_results_`` without the seconds, which nobody can make equal."""
    halves = np.arange(0, 60, 2), np.arange(1, 60, 2)  # one fold: the order is of candidates
    search = GridSearchCV(estimator, {"optimizer__learning_rate": rates}, cv=[halves], refit=False)
    columns = search.fit(X, Y).cv_results_
    timed = {name for name in columns if name.endswith("_time")}
    return [
        {name: column[i] for name, column in columns.items() if name not in timed}
        for i in range(len(rates))
    ]


def side_by_side(estimators):
    fitted = {}

    def fit(place):
        fitted[place] = laws.weights_after_fit(estimators[place], X, Y)

    threads = [threading.Thread(target=fit, args=[place]) for place in range(len(estimators))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return fitted


REFUSED = {
    "instance": ({"model": build()}, TypeError, "Pass a builder"),
    "callback that holds a lock": (
        {"callbacks": saboteurs.Uncopyable()}, TypeError, "Uncopyable object: .* copied neither",
    ),
    "metric that forgets": (
        {"metrics": [saboteurs.ForgetfulMetric(5.0)]}, TypeError,
        r"ForgetfulMetric object: .* weight=1.0, not 5.0",
    ),
    "optimizer that forgets": (
        {"optimizer": saboteurs.ForgetfulOptimizer(5.0)}, TypeError,
        r"ForgetfulOptimizer object: .* weight=1.0, not 5.0",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "error", "message"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_isolated_is_refused_by_name(changes, error, message):
    with pytest.raises(error, match=message):
        KerasClassifier(**{"model": build, "epochs": 1} | changes).fit(X, Y)


def test_loss_that_its_configuration_does_not_tell_is_copied_member_by_member():
    given = saboteurs.ForgetfulLoss(5.0)
    fitted = KerasClassifier(build, loss=given, epochs=1, random_state=0).fit(X, Y)
    assert fitted.model_.loss is not given
    assert fitted.model_.loss.weight == 5.0
    huber = KerasClassifier(build, loss=keras.losses.Huber(delta=0.01), epochs=1, random_state=0)
    plain = clone(huber).set_params(loss=keras.losses.Huber())
    assert huber.fit(X, Y).history_ != plain.fit(X, Y).history_


def test_builder_of_the_same_model_is_refused_at_the_second_fit():
    model = build()
    estimator = KerasClassifier(lambda: model, epochs=1).fit(X, Y)
    with pytest.raises(ValueError, match="an earlier fit has trained"):
        clone(estimator).fit(X, Y)


def test_class_level_state_is_warned_of_by_name():
    class Halving(keras.callbacks.Callback):
        rate = 0.1

        def on_epoch_begin(self, epoch, logs=None):
            Halving.rate /= 2

    with pytest.warns(UserWarning, match=r"Halving\.rate"):
        KerasClassifier(build, callbacks=Halving, epochs=1).fit(X, Y)


FAILS = {
    "bad rows": (X * np.nan, Y, {}),
    "bad targets": (X, Y * np.nan, {}),
    "unequal lengths": (X, Y[:5], {}),
    "bad parameter": (X, Y, {"epochs": 0}),
    "in the middle": (X, Y, {"callbacks": saboteurs.Failing()}),
    "diverges": (X, Y + 3, {"optimizer__learning_rate": float("nan")}),
}


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize(("rows", "y", "changes"), FAILS.values(), ids=FAILS)
def test_fit_that_fails_loses_nothing_of_the_one_before(rows, y, changes, warm_start):
    estimator = KerasClassifier(build, optimizer="sgd", epochs=2, random_state=0).fit(X, Y)
    weights, predicted = estimator.model_.get_weights(), estimator.predict_proba(X)
    optimizer = laws.described(estimator.model_.optimizer)
    estimator.set_params(warm_start=warm_start, **changes)
    before = dict(vars(estimator))
    with pytest.raises((ValueError, RuntimeError, ArithmeticError)):
        estimator.fit(rows, y)
    assert list(vars(estimator)) == list(before)
    assert all(value is before[name] for name, value in vars(estimator).items())
    laws.assert_equal_weights(weights, estimator.model_.get_weights())
    assert laws.described(estimator.model_.optimizer) == optimizer
    np.testing.assert_array_equal(predicted, estimator.predict_proba(X))


def test_a_new_fit_keeps_nothing_of_the_one_before():
    searched = KerasClassifier(build, max_epochs=2, random_state=0).fit(X, Y)
    again = searched.set_params(epochs=1).fit(X, Y)
    assert not hasattr(again, "epoch_search_history_")
    with pytest.raises(ValueError, match="one class"):
        KerasClassifier(build, epochs=1).fit(X, Y * 0)


def test_python_random_is_left_alone():
    """As are the others above; this one has no Keras function that reads it."""
    random.seed(5)
    expected = random.random()
    random.seed(5)
    KerasClassifier(build, epochs=1).fit(X, Y)
    assert random.random() == expected
