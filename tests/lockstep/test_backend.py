"""``parallel_config(backend="lockstep")``: scikit-learn's own searches, with the same results."""

import logging
import threading
import warnings

import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    RepeatedStratifiedKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import KerasClassifier, KerasRegressor
from helpers.lockstep import LockstepBackend, backend
from helpers.quiet import keras

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] + 0.5 * RNG.normal(size=60) > 0).astype(int) + (X[:, 1] > 0.8)
LOSS = "neg_log_loss"
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def build(meta, units=4, rate=0.0):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(rate),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def classifier(builder=build, **parameters):
    given = {"epochs": 3, "batch_size": 16, "random_state": 0, "optimizer__learning_rate": 0.05}
    return KerasClassifier(builder, **(given | parameters))


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = [t for t in threading.enumerate() if "_run" in t.name]
    yield
    assert [t for t in threading.enumerate() if "_run" in t.name] == before


@pytest.fixture
def messages(caplog):
    caplog.set_level(logging.INFO, logger="helpers.lockstep")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "helpers.lockstep"]


def both(call):
    """The same call with each backend."""
    results = []
    for name in ("sequential", "lockstep"):
        with joblib.parallel_config(backend=name):
            results.append(call())
    return results


def lockstep(call, **parameters):
    with joblib.parallel_config(backend="lockstep", **parameters):
        return call()


def same_results(expected, found, close=CLOSE):
    """All scores of two tables, whose times differ."""
    assert sorted(expected) == sorted(found)
    for name, values in expected.items():
        if "time" in name:
            continue
        if np.asarray(values).dtype == object:
            assert list(values) == list(found[name]), name
        else:
            np.testing.assert_allclose(found[name], values, err_msg=name, **close)


GRID = {"optimizer__learning_rate": [0.01, 0.1]}


def search(estimator=None, grid=GRID, **more):
    return GridSearchCV(estimator or classifier(), grid, **({"cv": 2, "scoring": LOSS} | more))


# Searches


def test_grid_of_lists_several_scores_and_a_refit_of_ones_own(stacks):
    grid = [{"optimizer__learning_rate": [0.01, 0.1]}, {"model__units": [2]}]
    last = lambda results: int(np.argmax(results["mean_test_loss"]))  # noqa: E731
    more = {"scoring": {"loss": LOSS, "acc": "accuracy"}, "refit": last}
    a, b = both(lambda: search(grid=grid, return_train_score=True, **more).fit(X, Y))
    same_results(a.cv_results_, b.cv_results_, {"rtol": 1e-3, "atol": 1e-3})
    assert a.best_params_ == b.best_params_
    np.testing.assert_allclose(a.predict_proba(X), b.predict_proba(X), atol=1e-4)
    assert sorted(stacks) == [1, 2, 4]  # the refit, two units, two rates x two folds


def test_search_parameters_that_reach_the_fit(stacks):
    weights = RNG.uniform(0.1, 3, size=60)

    def run():
        weighted = classifier(class_weight={0: 1.0, 1: 2.0, 2: 5.0})
        return search(weighted, refit=False).fit(X, Y, sample_weight=weights).cv_results_

    plain = lockstep(lambda: search(refit=False).fit(X, Y).cv_results_)
    a, b = both(run)
    same_results(a, b)
    assert not np.allclose(a["mean_test_score"], plain["mean_test_score"], rtol=1e-2)
    assert stacks == [4, 4]


def test_sample_weight_by_metadata_routing():
    weights = RNG.uniform(0.1, 3, size=60)

    def run():
        with config_context(enable_metadata_routing=True):
            routed = classifier().set_fit_request(sample_weight=True)
            scorer = make_scorer(accuracy_score).set_score_request(sample_weight=True)
            scaler = StandardScaler().set_fit_request(sample_weight=False)
            grid = {"kerasclassifier__optimizer__learning_rate": [0.01]}
            more = {"scoring": scorer, "refit": False}
            return (
                search(make_pipeline(scaler, routed), grid, **more)
                .fit(X, Y, sample_weight=weights)
                .cv_results_
            )

    same_results(*both(run))


def test_random_search(stacks):
    space = {"optimizer__learning_rate": np.geomspace(1e-3, 1e-1, 10)}
    more = {"n_iter": 2, "random_state": 0, "cv": 2, "scoring": LOSS, "refit": False}
    run = lambda: RandomizedSearchCV(classifier(), space, **more).fit(X, Y).cv_results_  # noqa: E731
    same_results(*both(run))
    assert stacks == [4]


def test_halving_over_epochs(stacks):
    def run():
        halving = HalvingGridSearchCV(
            classifier(), {"optimizer__learning_rate": [0.003, 0.3]}, resource="epochs",
            factor=2, min_resources=1, max_resources=2, cv=2, scoring=LOSS, refit=False,
            random_state=0,
        )  # fmt: skip
        return halving.fit(X, Y).cv_results_

    same_results(*both(run))
    assert stacks == [4, 2]


def test_different_epochs_in_one_stack(stacks):
    grid = {"epochs": [1, 4]}
    same_results(*both(lambda: search(grid=grid, refit=False).fit(X, Y).cv_results_))
    assert stacks == [4]


def test_epochs_auto(stacks):
    def run():
        automatic = classifier(epochs="auto", max_epochs=6)
        more = {"cv": 2, "scoring": LOSS, "return_estimator": True}
        found = cross_validate(automatic, X, Y, **more)
        return found["test_score"], [each.n_epochs_ for each in found["estimator"]]

    a, b = both(run)
    np.testing.assert_allclose(a[0], b[0], **CLOSE)
    assert a[1] == b[1]
    assert stacks[0] == 2


# Other callers of joblib


def test_cross_validate_keeps_estimators():
    scores = {"cv": 3, "scoring": [LOSS, "accuracy"], "return_estimator": True}
    a, b = both(lambda: cross_validate(classifier(), X, Y, **scores))
    for one, other in zip(a.pop("estimator"), b.pop("estimator"), strict=True):
        for name, values in one.history_.items():
            np.testing.assert_allclose(other.history_[name], values, **CLOSE)
    same_results(a, b)


def test_cross_val_predict():
    run = lambda: cross_val_predict(classifier(), X, Y, cv=3, method="predict_proba")  # noqa: E731
    a, b = both(run)
    np.testing.assert_allclose(a, b, **CLOSE)


def test_learning_and_validation_curve():
    def curves():
        sizes = {"train_sizes": [0.5, 1.0], "cv": 2, "scoring": LOSS}
        learnt = learning_curve(classifier(), X, Y, **sizes)[1:]
        return learnt, validation_curve(
            classifier(), X, Y, cv=2, scoring=LOSS, param_name="optimizer__learning_rate",
            param_range=[0.1],
        )  # fmt: skip

    for one, other in zip(*both(curves), strict=True):
        np.testing.assert_allclose(one, other, **CLOSE)


def test_permutation_test(stacks):
    more = {"cv": 2, "n_permutations": 1, "random_state": 0, "scoring": LOSS}
    a, b = both(lambda: permutation_test_score(classifier(), X, Y, **more))
    np.testing.assert_allclose(a[1], b[1], **CLOSE)
    assert a[2] == b[2]


def test_repeated_folds_in_one_stack(stacks):
    folds = RepeatedStratifiedKFold(n_splits=2, n_repeats=2, random_state=0)
    run = lambda: cross_val_score(classifier(), X, Y, cv=folds, scoring=LOSS)  # noqa: E731
    a, b = both(run)
    np.testing.assert_allclose(a, b, **CLOSE)
    assert stacks == [4]


def test_bagging_and_one_versus_rest(stacks):
    def run():
        bagging = BaggingClassifier(classifier(), n_estimators=2, random_state=0).fit(X, Y)
        ovr = OneVsRestClassifier(classifier()).fit(X, Y)
        return bagging.predict_proba(X), ovr.predict_proba(X)

    for one, other in zip(*both(run), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)
    assert stacks == [2, 3]


def test_nested_searches_are_stacked_over_outer_folds(stacks):
    grid = {"optimizer__learning_rate": [0.01, 0.1]}
    run = lambda: cross_val_score(search(grid=grid), X, Y, cv=2, scoring=LOSS)  # noqa: E731
    a, b = both(run)
    np.testing.assert_allclose(a, b, **CLOSE)
    assert stacks == [8, 2]  # of all outer folds: candidates x inner folds, then the refits


def test_pipelines():
    pipeline = make_pipeline(StandardScaler(), classifier())
    grid = {f"kerasclassifier__{name}": values for name, values in GRID.items()}
    a, b = both(lambda: search(pipeline, grid).fit(X, Y))
    same_results(a.cv_results_, b.cv_results_)
    assert a.best_params_ == b.best_params_


def test_regressor():
    def linear():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])

    regressor = KerasRegressor(linear, optimizer="sgd", epochs=3, batch_size=16, random_state=0)
    grid = {"optimizer__momentum": [0.0, 0.5]}

    def run():
        linear = search(regressor, grid, scoring="r2", refit=False)
        return linear.fit(X, X @ [1, 2, 3, 4]).cv_results_

    same_results(*both(run))


@pytest.mark.parametrize("other", [LogisticRegression(), RandomForestClassifier(5, n_jobs=2)])
def test_other_estimators_just_run(other, stacks):
    other.set_params(random_state=0)
    a, b = both(lambda: cross_val_score(other, X, Y, cv=3))
    assert a.tolist() == b.tolist()
    assert stacks == []


def test_a_fit_outside_any_search():
    a, b = both(lambda: classifier().fit(X, Y).predict_proba(X))
    np.testing.assert_allclose(a, b, **CLOSE)


def test_more_tasks_than_are_begun_at_once(monkeypatch, stacks):
    monkeypatch.setattr(backend, "N_JOBS", 2)
    folds = StratifiedKFold(6)
    a, b = both(lambda: cross_val_score(classifier(), X, Y, cv=folds, scoring=LOSS))
    np.testing.assert_allclose(a, b, **CLOSE)
    assert stacks == [4, 2]


# What a task sees of its caller


class Reporting(ClassifierMixin, BaseEstimator):
    """Tells in which policy it was fitted."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.policy_ = keras.config.dtype_policy().name
        return self

    def predict(self, X):
        return np.zeros(len(X), int)


def test_settings_of_keras_are_those_of_the_caller():
    more = {"cv": 2, "return_estimator": True}

    def nested(estimator, name):
        before = keras.config.dtype_policy()
        keras.config.set_dtype_policy(name)
        try:
            fitted = cross_validate(estimator, X, Y, **more)["estimator"]
            return [each.policy_ for each in fitted]
        finally:
            keras.config.set_dtype_policy(before)

    def all_of():
        calls = [joblib.delayed(nested)(Reporting(), n) for n in ("mixed_bfloat16", "float64")]
        return nested(Reporting(), "float16"), joblib.Parallel()(calls)

    expected, found = both(all_of)
    assert expected == found == (["float16"] * 2, [["mixed_bfloat16"] * 2, ["float64"] * 2])


def test_lockstep_said_twice_is_one(stacks):
    def outer(seed):
        with joblib.parallel_config(backend="lockstep"):
            return cross_val_score(classifier(random_state=seed), X, Y, cv=2, scoring=LOSS)

    def run():
        return joblib.Parallel()(joblib.delayed(outer)(seed) for seed in range(2))

    np.testing.assert_allclose(lockstep(run), [outer(seed) for seed in range(2)], **CLOSE)
    assert stacks == [4, 2, 2]


class Searching(keras.callbacks.Callback):
    """A callback that searches, too."""

    def on_epoch_end(self, epoch, logs=None):
        inner = cross_val_score(classifier(epochs=1), X, Y, cv=2, scoring=LOSS)
        logs["inner"] = float(inner.mean())


def searching_builder(meta):
    cross_val_score(classifier(epochs=1), X, Y, cv=2, scoring=LOSS)
    return build(meta)


@pytest.mark.parametrize(
    "parameters",
    [
        {"builder": searching_builder},
        {"callbacks": Searching},
        {"callbacks": Searching, "run_eagerly": True},
    ],
    ids=["builder", "callback", "callback of a model trained alone"],
)
def test_a_search_inside_a_fit(parameters):
    estimator = classifier(**{"epochs": 1} | parameters)
    a, b = both(lambda: cross_val_score(estimator, X, Y, cv=2, scoring=LOSS))
    np.testing.assert_allclose(a, b, **CLOSE)


def test_two_searches_in_two_threads():
    estimator, results = classifier(), {}
    expected = cross_val_score(estimator, X, Y, cv=2, scoring=LOSS)

    def run(name):
        results[name] = lockstep(lambda: cross_val_score(estimator, X, Y, cv=2, scoring=LOSS))

    threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(results["a"], expected, **CLOSE)
    np.testing.assert_allclose(results["b"], expected, **CLOSE)


def test_one_backend_in_two_threads_is_refused():
    shared, refused = LockstepBackend(), []

    def elsewhere():
        with joblib.parallel_config(backend=shared):
            try:
                joblib.Parallel()([joblib.delayed(abs)(-1)])
            except RuntimeError as error:
                refused.append(str(error))

    def task():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        return "ended"

    with joblib.parallel_config(backend=shared):
        for _ in range(2):
            assert joblib.Parallel()([joblib.delayed(task)()] * 2) == ["ended"] * 2
    elsewhere()
    assert len(refused) == 4
    assert refused[0] == (
        "this lockstep backend is at work in another thread: "
        'parallel_config(backend="lockstep") in each thread is accepted'
    )


# Errors


def failing_builder(meta, units=4):
    if units == 3:
        raise ValueError("three units are not accepted")
    return build(meta, units=units)


class Failing(keras.callbacks.Callback):
    """Raises in one epoch of models with a high learning rate."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1 and float(self.model.optimizer.learning_rate) > 0.5:
            raise RuntimeError("a callback fails")


FAULTS = {
    "builder": (classifier(failing_builder), {"model__units": [4, 3]}),
    "callback": (classifier(callbacks=Failing), {"optimizer__learning_rate": [0.05, 1.0]}),
    "diverges": (classifier(optimizer="sgd"), {"optimizer__learning_rate": [0.05, 1e30]}),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_candidate_that_fails_touches_nobody(fault):
    estimator, grid = FAULTS[fault]

    def run():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            table = search(estimator, grid, refit=False, error_score=-9.0).fit(X, Y).cv_results_
        return table, [str(each.message) for each in caught if "fits failed" in str(each.message)]

    (a, said), (b, said_in_lockstep) = both(run)
    same_results(a, b)
    assert b["mean_test_score"][1] == -9.0
    assert len(said) == len(said_in_lockstep) == 1
    assert said[0].splitlines()[1] == said_in_lockstep[0].splitlines()[1]


@pytest.mark.parametrize("fault", FAULTS)
def test_error_score_raise(fault, stacks):
    estimator, grid = FAULTS[fault]

    def run():
        with pytest.raises(Exception) as caught:
            search(estimator, grid, refit=False, error_score="raise").fit(X, Y)
        return type(caught.value), str(caught.value)

    a, b = both(run)
    assert a[0] == b[0]
    assert a[1] == b[1]


def test_the_same_backend_goes_on_after_an_error():
    shared = LockstepBackend()
    estimator, grid = FAULTS["builder"]
    with joblib.parallel_config(backend=shared):
        with pytest.raises(ValueError, match="three units"):
            search(estimator, grid, error_score="raise").fit(X, Y)
        scores = cross_val_score(classifier(), X, Y, cv=2, scoring=LOSS)
    np.testing.assert_allclose(scores, cross_val_score(classifier(), X, Y, cv=2, scoring=LOSS))


class Interrupting(keras.callbacks.Callback):
    """Presses Ctrl-C in the second epoch."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("parameters", [{}, {"run_eagerly": True}], ids=["stack", "alone"])
def test_ctrl_c_while_training(parameters):
    shared = LockstepBackend()
    with joblib.parallel_config(backend=shared):
        with pytest.raises(KeyboardInterrupt):
            search(classifier(callbacks=Interrupting, **parameters)).fit(X, Y)
        assert not shared._coordinator.scheduler._begun
        scores = cross_val_score(classifier(), X, Y, cv=2, scoring=LOSS)
    np.testing.assert_allclose(scores, cross_val_score(classifier(), X, Y, cv=2, scoring=LOSS))
