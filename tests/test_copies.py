"""Objects of classes that Keras does not know are copied and carried as well as its own."""

import pickle
import threading

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV

from helpers import KerasClassifier
from helpers.copies import copy_of, put_together, taken_apart
from helpers.fingerprint import fingerprint
from helpers.quiet import keras
from tests import builders

X, Y = load_iris(return_X_y=True)


class Halving(keras.optimizers.schedules.LearningRateSchedule):
    """Neither registered with Keras nor with a configuration, as users write them."""

    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start / (1 + keras.ops.cast(step, "float32"))


class Described(Halving):
    def get_config(self):
        return {"start": self.start}


class OwnLoss(keras.losses.SparseCategoricalCrossentropy):
    pass


class OwnMetric(keras.metrics.SparseCategoricalAccuracy):
    pass


class OwnOptimizer(keras.optimizers.SGD):
    pass


def a_tenth():
    return 0.1


OBJECTS = {
    "schedule": {"optimizer": keras.optimizers.SGD(Halving(0.1), momentum=0.9)},
    "schedule with a configuration": {"optimizer": keras.optimizers.Adam(Described(0.1))},
    "routed schedule": {"optimizer": "sgd", "optimizer__learning_rate": Halving(0.1)},
    "schedule and momentum": {
        "optimizer": keras.optimizers.SGD(Halving(0.1)), "optimizer__momentum": 0.5,
    },
    "function": {"optimizer": keras.optimizers.SGD(a_tenth)},
    "loss": {"loss": OwnLoss()},
    "metric": {"metrics": [OwnMetric(name="own")]},
    "optimizer": {"optimizer": OwnOptimizer(0.1)},
}  # fmt: skip


@pytest.mark.parametrize("objects", OBJECTS.values(), ids=OBJECTS)
def test_searched_cloned_and_pickled_the_fit_is_the_same(objects):
    estimator = KerasClassifier(builders.dense, epochs=1, random_state=0, **objects)
    fitted = clone(estimator).fit(X, Y)
    for copied in (clone(clone(estimator)), pickle.loads(pickle.dumps(estimator))):
        again = copied.fit(X, Y)
        np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))
    there = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(there.predict_proba(X), fitted.predict_proba(X))
    np.testing.assert_array_equal(
        there.partial_fit(X, Y).predict_proba(X), fitted.partial_fit(X, Y).predict_proba(X)
    )
    search = GridSearchCV(estimator, {"batch_size": [16, 64]}, cv=2, error_score="raise")
    assert search.fit(X, Y).best_params_["batch_size"] in (16, 64)


def test_a_builder_may_compile_with_a_schedule_of_a_users_own():
    def build():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
        model.compile(keras.optimizers.SGD(Halving(0.5)), "sparse_categorical_crossentropy")
        return model

    fitted = KerasClassifier(build, epochs=2, random_state=0).fit(X, Y)
    n_updates = int(fitted.model_.optimizer.iterations)
    assert float(fitted.model_.optimizer.learning_rate) == pytest.approx(0.5 / (1 + n_updates))


@pytest.mark.parametrize("make", [Halving, Described])
def test_a_schedule_is_copied_with_its_optimizer(make):
    optimizer = keras.optimizers.SGD(make(0.25), momentum=0.5)
    copied = copy_of(optimizer)
    assert copied._learning_rate is not optimizer._learning_rate
    assert copied._learning_rate.start == 0.25
    assert copied.momentum == 0.5
    assert optimizer._learning_rate.start == 0.25


def test_a_stock_schedule_survives_the_copy():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    copied = copy_of(keras.optimizers.SGD(schedule))
    assert copied.get_config()["learning_rate"]["config"]["decay_rate"] == 0.5


def test_an_object_that_cannot_be_copied_is_named():
    schedule = Halving(0.1)
    schedule.lock = threading.Lock()
    with pytest.raises(TypeError, match=r"^SGD object: it can be copied neither"):
        copy_of(keras.optimizers.SGD(schedule))


class Forgetful(keras.metrics.Metric):
    """Its configuration leaves a parameter out."""

    def __init__(self, beta=1.0, **more):
        super().__init__(**more)
        self.beta = beta

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Counts nothing."""

    def result(self):
        return self.beta


def test_a_parameter_that_would_be_lost_is_named():
    estimator = KerasClassifier(builders.dense, epochs=1, metrics=[Forgetful(beta=2.0)])
    carried = pickle.dumps(estimator)
    for travels in (copy_of, lambda _: clone(estimator), lambda _: pickle.loads(carried)):
        with pytest.raises(TypeError, match=r"^Forgetful object: .* beta=1.0, not 2.0"):
            travels(estimator.metrics[0])


def test_clones_share_no_object():
    huber, metric = keras.losses.Huber(delta=2.5), OwnMetric()
    estimator = KerasClassifier(builders.dense, loss=huber, metrics={"a": [metric]})
    twin = clone(estimator)
    assert twin.loss is not huber
    assert twin.metrics["a"][0] is not metric
    assert vars(twin.loss)["_fn_kwargs"] == {"delta": 2.5}
    assert estimator.loss is huber
    assert estimator.metrics["a"][0] is metric


def test_a_clone_keeps_what_scikit_learn_was_told():
    with config_context(enable_metadata_routing=True):
        estimator = KerasClassifier(builders.dense).set_fit_request(sample_weight=True)
        assert clone(estimator).get_metadata_routing().fit.requests["sample_weight"] is True


def test_what_is_no_keras_object_stays_as_it_is():
    values = {"a": [1, ("b", None)], "c": np.arange(3), "d": keras.optimizers.SGD}
    apart = taken_apart(values)
    assert apart["c"] is values["c"]
    assert put_together(apart) | {"c": 0} == values | {"c": 0}


def decaying(variables=None):
    """Adam whose decay is so strong that it shows in two epochs; what is excluded it leaves."""
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=0.5)
    names = ["bias"] if variables is None else None
    optimizer.exclude_from_weight_decay(var_list=variables, var_names=names)
    return optimizer


def compiled_with_names(meta):
    model = builders.dense(meta)
    model.compile(decaying(), "sparse_categorical_crossentropy")
    return model


def compiled_with_variables(meta):
    model = builders.dense(meta)
    biases = [each for each in model.trainable_variables if each.name == "bias"]
    model.compile(decaying(biases), "sparse_categorical_crossentropy")
    return model


def decayed(model):
    return {
        each.name: model.optimizer._use_weight_decay(each) for each in model.trainable_variables
    }


@pytest.mark.parametrize(
    "classifier",
    [
        KerasClassifier(builders.dense, optimizer=decaying(), epochs=1, random_state=0),
        KerasClassifier(
            builders.dense,
            optimizer=decaying(),
            optimizer__weight_decay=0.4,
            epochs=1,
            random_state=0,
        ),
        KerasClassifier(compiled_with_names, epochs=1, random_state=0),
        KerasClassifier(compiled_with_variables, epochs=1, random_state=0),
    ],
    ids=["object", "routed", "compiled", "compiled, by variables"],
)
def test_what_an_optimizer_does_not_decay_is_kept(classifier):
    """No configuration has it: an optimizer made from one would decay everything."""
    model = clone(classifier).fit(X, Y)
    for each in (model, pickle.loads(pickle.dumps(model))):
        assert decayed(each.model_) == {"kernel": True, "bias": False}


def test_variables_of_another_model_are_refused():
    other = decaying([keras.Variable([0.0])])
    with pytest.raises(ValueError, match=r"var_list=...\) of AdamW names variables that the model"):
        KerasClassifier(builders.dense, optimizer=other, epochs=1).fit(X, Y)


def test_a_fit_is_another_one_with_another_exclusion():
    optimizer = decaying()
    everything = keras.optimizers.AdamW.from_config(optimizer.get_config())
    assert fingerprint(copy_of(optimizer)) == fingerprint(optimizer) != fingerprint(everything)
