"""`diagnose` leaves everything as it was, keeps its budget, and never fails for a check's sake."""

import copy
import random
import time
from collections import deque
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder
from tensorflow.python.framework.config import is_op_determinism_enabled
from trained import Own, X, Y, built

from helpers import KerasRegressor
from helpers.diagnosis import diagnose, engine
from helpers.diagnosis.registry import CHECKS
from helpers.quiet import keras
from helpers.recorder import FitRecorder

RATES = {"learning_rate": [0.1, 0.2]}


def search_of(estimator=None, grid=None, **options):
    return GridSearchCV(Own() if estimator is None else estimator, grid or RATES, cv=2, **options)


def codes(report):
    return [finding.code for finding in report.findings]


def outcome(report, name):
    return next(check for check in report.checks if check.name == name)


def only(monkeypatch, *names):
    """Leave only these checks in the registry."""
    engine._checks()
    for name in set(CHECKS) - set(names):
        monkeypatch.delitem(CHECKS, name)


def as_is(function):
    """A check in the place of another."""
    return replace(CHECKS["search_all_tied"], function=function)


# What was there before is there afterwards


class Writes(Own):
    """Changes what it was given: the dict, the list in it, the callbacks."""

    def __sklearn_clone__(self):
        return type(self)(**self.get_params(deep=False))

    def fit(self, X, y, sample_weight=None):
        self.settings["fits"] = self.settings.get("fits", 0) + 1
        self.settings["seen"].append(len(X))
        return super().fit(X, y)


class Counts(keras.callbacks.Callback):
    ever = 0

    def __init__(self):
        super().__init__()
        self.mine = []

    def on_epoch_end(self, epoch, logs=None):
        Counts.ever += 1
        self.mine = [*self.mine, epoch]


def test_objects_of_the_user_are_as_they_were():
    model = built(optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    model.fit(X, Y, verbose=0)
    weights, slots = model.get_weights(), [each.numpy() for each in model.optimizer.variables]
    settings, counts = {"seen": [], "array": np.arange(2)}, Counts()
    estimator = Writes(lambda rate: model, callbacks=[counts], settings=settings)
    search = search_of(estimator)
    before = dict(vars(search))
    rows, labels = X.copy(), Y.copy()
    report = diagnose(search, rows, labels, budget=2)
    assert "state/shared-weights" in codes(report)
    for old, new in zip(weights, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    for old, new in zip(slots, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(old, new.numpy())
    assert settings["seen"] == []
    assert set(settings) == {"seen", "array"}
    assert (counts.mine, Counts.ever) == ([], 0)
    assert vars(search) == before
    assert estimator.settings is settings
    np.testing.assert_array_equal(rows, X)
    np.testing.assert_array_equal(labels, Y)


def test_slots_that_the_first_fit_made_are_empty_again():
    model = built(optimizer=keras.optimizers.SGD(0.1, momentum=0.9))
    diagnose(search_of(Own(lambda rate: model)), X, Y, budget=0)
    assert int(model.optimizer.iterations) == 0
    assert all(not each.numpy().any() for each in model.optimizer.momentums)


class Loud(Own):
    """Draws from and seeds whatever is global, and asks for deterministic operations."""

    def fit(self, X, y, sample_weight=None):
        random.random()
        np.random.rand()
        keras.utils.set_random_seed(5)
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
        return super().fit(X, y)


def test_global_state_is_as_it_was():
    keras.utils.set_random_seed(3)
    states = random.getstate(), np.random.get_state()[1].tolist()
    expected = keras.random.normal((2,)), [keras.layers.Dense(1).name for _ in range(2)][1]
    keras.utils.set_random_seed(3)
    prefix, _, number = expected[1].rpartition("_")
    policy = keras.config.dtype_policy()
    diagnose(search_of(Loud()), X, Y, budget=1)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states
    assert not is_op_determinism_enabled()
    assert keras.config.dtype_policy() is policy
    np.testing.assert_array_equal(keras.random.normal((2,)), expected[0])
    assert keras.layers.Dense(1).name == f"{prefix}_{int(number) + 1}"


def test_generators_of_the_user_are_not_advanced():
    drawn, shuffled = np.random.RandomState(0), np.random.RandomState(1)
    search = RandomizedSearchCV(
        Own(), {"learning_rate": [0.1, 0.2, 0.3]}, n_iter=2, random_state=drawn,
        cv=KFold(3, shuffle=True, random_state=shuffled),
    )  # fmt: skip
    diagnose(search, X, Y, budget=0)
    for generator, seed in ((drawn, 0), (shuffled, 1)):
        assert generator.randint(10**6) == np.random.RandomState(seed).randint(10**6)


def test_fit_is_keras_own_afterwards():
    owner = next(each for each in keras.Model.__mro__ if "fit" in vars(each))
    before = vars(owner)["fit"]
    diagnose(search_of(), X, Y, budget=1)
    assert vars(owner)["fit"] is before


# What is refused, before any fit


class Bare:
    def fit(self, X, y):
        raise AssertionError("fitted")


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"search": 3}, TypeError,
         "search=3: accepted is a search or an estimator with fit, for instance "
         "GridSearchCV(KerasClassifier(build), grid)."),
        ({"search": GridSearchCV}, TypeError,
         "search=GridSearchCV: is a class; pass an object of it."),
        ({"search": Bare()}, TypeError,
         "Bare has no get_params, so that it cannot be cloned for each fold: accepted is an "
         "estimator that inherits from sklearn.base.BaseEstimator."),
        ({"prepare": 3}, TypeError, "prepare=3: accepted is a function of (X, y), or None."),
        ({"prepare": lambda X, y: X}, TypeError,
         "prepare returned ndarray; accepted is (X, y) or (X, y, groups)."),
        ({"fit_params": [1]}, TypeError, "fit_params=[1]: accepted is a dict, or None."),
        ({"y": Y[:-1]}, ValueError, "X has 60 rows, y has 59."),
        ({"delta": 0}, ValueError, "delta=0: accepted is a finite number > 0, or None."),
        ({"delta": float("nan")}, ValueError,
         "delta=nan: accepted is a finite number > 0, or None."),
        ({"budget": "1m"}, ValueError,
         "budget='1m': accepted are a number of fits (>= 0), seconds as '90s', or None."),
        ({"budget": -1}, ValueError,
         "budget=-1: accepted are a number of fits (>= 0), seconds as '90s', or None."),
        ({"random_state": -1}, ValueError,
         "random_state=-1: accepted is an integer >= 0 and below 2**32."),
        ({"random_state": None}, ValueError,
         "random_state=None: accepted is an integer >= 0 and below 2**32."),
    ],
)  # fmt: skip
def test_errors_come_before_any_fit(change, error, message):
    with FitRecorder() as recorder, pytest.raises(error) as raised:
        diagnose(**{"search": search_of(), "X": X, "y": Y} | change)
    assert str(raised.value) == message
    assert not recorder.fits


def test_an_iterator_as_cv_is_refused_and_not_consumed():
    folds = (pair for pair in KFold(3).split(X))
    search = GridSearchCV(Own(), RATES, cv=folds)
    with pytest.raises(ValueError, match=r"is an iterator.*pass a splitter, or list\(cv\)"):
        diagnose(search, X, Y)
    assert len(list(folds)) == 3


# What crashes becomes an outcome


def test_a_crash_inside_a_check_is_its_outcome(monkeypatch):
    def crashes(examination):
        """Crashes."""
        raise KeyError("gone")

    only(monkeypatch, "search_all_tied", "search_failed_fits")
    monkeypatch.setitem(CHECKS, "search_all_tied", as_is(crashes))
    report = diagnose(search_of(), X, Y, budget=0)
    crashed = outcome(report, "search_all_tied")
    assert crashed.outcome == "crashed"
    assert crashed.reason.startswith("KeyError: 'gone' (crashes,")
    assert outcome(report, "search_failed_fits").outcome == "clean"


def test_a_crash_while_faults_are_told_apart_loses_no_finding(monkeypatch):
    def crashes(examination, findings):
        raise KeyError("gone")

    only(monkeypatch, "search_failed_fits")
    monkeypatch.setattr(engine, "attributed", crashes)
    report = diagnose(search_of(), X, Y, budget=0)
    assert report.attribution == []
    assert outcome(report, "attribution").reason.startswith("KeyError: 'gone' (crashes,")
    assert "attribution: crashed" in str(report)


def test_a_crash_inside_prepare_is_the_outcome_of_its_check():
    def prepare(X, y):
        raise RuntimeError("no such column")

    with FitRecorder() as recorder:
        report = diagnose(search_of(), X, Y, prepare=prepare)
    assert not report.findings
    assert not recorder.fits
    crashed = outcome(report, "leak_preparation")
    assert crashed.outcome == "crashed"
    assert crashed.reason.startswith("RuntimeError: no such column (prepare, line")
    others = [check for check in report.checks if check.name != "leak_preparation"]
    assert {check.outcome for check in others} == {"skipped"}
    assert "prepare" in others[0].reason
    assert str(report)


def test_a_prepare_that_crashes_on_changed_data_is_the_outcome_of_its_check():
    def prepare(rows, labels):
        if not np.array_equal(rows, X):
            raise RuntimeError("not my rows")
        return rows, labels

    report = diagnose(search_of(), X, Y, prepare=prepare, budget=0)
    assert outcome(report, "leak_preparation").outcome in ("crashed", "skipped", "clean")
    assert outcome(report, "search_failed_fits").outcome == "clean"


# The budget


@pytest.mark.parametrize("budget", [0, 3])
def test_fits_stay_within_the_budget(budget):
    with FitRecorder() as recorder:
        report = diagnose(search_of(Own(epochs=2)), X, Y, budget=budget)
    assert report.search["fits"] == 5
    assert report.cost["fits"] == sum(check.fits for check in report.checks)
    assert len(recorder.fits) - 5 <= report.cost["fits"] <= budget


def test_seconds_are_kept_roughly():
    report = diagnose(search_of(Own(epochs=2)), X, Y, budget="2s")
    assert report.cost["seconds"] < 10


# The same again


class Slow(Own):
    def fit(self, X, y):
        time.sleep(0.5)
        return super().fit(X, y)


def test_who_wins_is_not_asked_of_a_part_of_the_candidates():
    rates = [1e-9, 1e-8, 1e-7, 0.1, 1e-6, 1e-5]  # some that learn nothing are tried first
    report = diagnose(GridSearchCV(Slow(), {"learning_rate": rates}, cv=2), X, Y, budget="2s")
    assert report.search["n_candidates"] < len(rates)
    for name in ("metric_below_baseline", "search_edge_of_grid", "noise_winner_within_noise"):
        assert "needs all candidates" in outcome(report, name).reason


def test_same_arguments_same_findings():
    def told():
        report = diagnose(search_of(Own(seed=None)), X, Y, budget=2)
        return [(each.code, each.effect, each.interval, each.title) for each in report.findings]

    assert told() == told()


# Searches and data of all kinds: healthy ones of two candidates and a few fits


def healthy(report, n_candidates=2):
    assert report.search["n_candidates"] == n_candidates
    assert not [check for check in report.checks if check.outcome == "crashed"], report.checks
    failed = {"search/failed-fits", "search/folds-miss-classes", "wrapper/labels-misaligned"}
    assert not failed & set(codes(report))
    assert str(report)
    assert report.to_dict()
    return report


def test_a_bare_estimator():
    report = healthy(diagnose(Own(), X, Y, budget=0), 1)
    assert (report.search["kind"], report.search["n_splits"]) == ("Own", 5)


def test_a_fitted_search():
    search = search_of().fit(X, Y)
    best = copy.deepcopy(search.best_estimator_.model_.get_weights())
    healthy(diagnose(search, X, Y, budget=0))
    for old, new in zip(best, search.best_estimator_.model_.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_strings_in_a_pipeline():
    table = pd.DataFrame({"name": np.array(["ann", "bob", "cy"])[Y], "number": X[:, 0]})
    labels = pd.Series(np.array(["x", "y", "z"])[Y], index=range(100, 160))
    encode = ColumnTransformer([("name", OneHotEncoder(sparse_output=False), ["name"])],
                               remainder="passthrough")  # fmt: skip
    pipeline = Pipeline([("encode", encode), ("nothing", "passthrough"), ("own", Own())])
    search = search_of(pipeline, {"own__learning_rate": [0.1, 0.2]})
    report = healthy(diagnose(search, table, labels, budget=0))
    assert report.search["estimator"] == "Pipeline"


def line(meta):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(meta["n_outputs_"])])


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_a_regressor(n_outputs):
    y = X[:, :n_outputs].squeeze()
    estimator = KerasRegressor(
        line, epochs=2, run_eagerly=True, random_state=0, optimizer__learning_rate=0.1
    )
    search = search_of(estimator, {"optimizer__learning_rate": [0.1, 0.2]})
    assert healthy(diagnose(search, X, y, budget=0)).score_name == "R2"


@pytest.mark.parametrize(
    "labels",
    [np.array(["a", "b", "c"])[Y], pd.DataFrame({"y": Y}), Y > 0, Y.tolist(), Y.astype(float)],
    ids=["strings", "frame", "flags", "list", "floats"],
)
def test_labels_of_all_kinds(labels):
    class Flat(Own):
        def fit(self, X, y, sample_weight=None):
            return super().fit(X, np.ravel(y))

    healthy(diagnose(search_of(Flat(), {"learning_rate": [0.2]}), X, labels, budget=0), 1)


def test_one_hot_targets():
    class OneHot(Own):
        def fit(self, X, y, sample_weight=None):
            return super().fit(X, y.argmax(axis=1))

        def predict(self, X):
            return np.eye(3)[self.predict_proba(X).argmax(axis=1)]

    diagnosed = diagnose(search_of(OneHot()), X, np.eye(3)[Y], budget=0)
    assert not [check for check in diagnosed.checks if check.outcome == "crashed"]


class OfData(Own):
    """Trains on a `tf.data.Dataset`, whose rows nobody can tell."""

    def fit(self, X, y, sample_weight=None):
        import tensorflow as tf

        self.classes_, numbers = np.unique(y, return_inverse=True)
        self.model_ = self.build(self.learning_rate)
        self.model_.fit(tf.data.Dataset.from_tensor_slices((X, numbers)).batch(32), verbose=0)
        return self


class OfLabels(BaseEstimator):
    """Several labels a row; says neither what it is nor how to seed it."""

    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def fit(self, X, y):
        self.model_ = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "sigmoid")])
        self.model_.compile("sgd", "binary_crossentropy", run_eagerly=True)
        self.model_.fit(X, np.asarray(y), verbose=0)
        return self

    def predict(self, X):
        return (np.asarray(self.model_(X)) > 0.5).astype(int)

    def score(self, X, y):
        return float(np.mean(self.predict(X) == np.asarray(y)))


LABELS = (X[:, :2] > 0).astype(int)


@pytest.mark.parametrize(
    ("estimator", "y"),
    [(OfData(), Y), (OfLabels(), LABELS), (OfLabels(), pd.DataFrame(LABELS, columns=["a", "b"]))],
    ids=["tf.data", "multilabel", "multilabel frame"],
)
def test_rows_and_targets_that_tell_less(estimator, y):
    healthy(diagnose(search_of(estimator), X, y, budget=2))


def test_no_targets():
    class Copies(Own):
        def fit(self, X, y=None):
            return super().fit(X, np.arange(len(X)) % 3)

        def score(self, X, y=None):
            return float(self.model_.evaluate(X, np.zeros(len(X)), verbose=0))

    report = diagnose(search_of(Copies()), X, None, budget=0)
    assert "search/failed-fits" not in codes(report)
    assert not [check for check in report.checks if check.outcome == "crashed"], report.checks


def test_sample_weights_are_cut_to_the_folds():
    seen = deque()  # a list of the estimator's code would be put back, as its other state

    class Weighed(Own):
        def fit(self, X, y, sample_weight=None):
            seen.append((len(X), sample_weight.tolist()))
            return super().fit(X, y, sample_weight)

    weights = np.arange(60.0)
    folds = list(KFold(3).split(X))
    search = GridSearchCV(Weighed(), {"learning_rate": [0.1]}, cv=folds)
    healthy(diagnose(search, X, Y, fit_params={"sample_weight": weights}, budget=0), 1)
    seen = list(seen)
    assert seen[:3] == [(40, weights[train].tolist()) for train, _ in folds]
    assert seen[3] == (60, weights.tolist())


def test_groups_reach_the_splitter():
    groups = np.repeat(np.arange(6), 10)
    search = GridSearchCV(Own(), RATES, cv=GroupKFold(3))
    healthy(diagnose(search, X, Y, groups=groups, budget=0))


@pytest.mark.parametrize(
    ("search", "n_candidates"),
    [
        (RandomizedSearchCV(Own(), {"learning_rate": [0.1, 0.2, 0.3]}, n_iter=2, cv=2), 2),
        (HalvingGridSearchCV(Own(), RATES, cv=2), 2),
        (search_of(refit=False), 2),
        (search_of(scoring={"f": "f1_macro", "a": "accuracy"}, refit="a"), 2),
        (search_of(scoring=lambda model, X, y: model.score(X, y)), 2),
    ],
    ids=["randomized", "halving", "no refit", "several scores", "callable"],
)
def test_searches_of_all_kinds(search, n_candidates):
    report = healthy(diagnose(search, X, Y, budget=0), n_candidates)
    assert report.search["fits"] == 2 * n_candidates + bool(search.refit)


def test_the_score_that_decides_is_the_one_of_refit():
    def several(model, X, y):
        return {"worse": -1.0, "right": model.score(X, y)}

    report = diagnose(search_of(scoring=several, refit="right"), X, Y, budget=0)
    assert report.search["best_score"] > 0
    assert report.score_name == "score"


def test_a_callable_refit_chooses():
    search = search_of(refit=lambda results: int(np.argmin(results["mean_test_score"])),
                       grid={"learning_rate": [1e-6, 0.3]}, estimator=Own(epochs=4))  # fmt: skip
    report = diagnose(search, X, Y, budget=0)
    assert report.search["best_params"] == {"learning_rate": 1e-6}


def test_a_failing_candidate_is_found_and_ends_nothing():
    class Fails(Own):
        def fit(self, X, y, sample_weight=None):
            if self.learning_rate > 0.15:
                raise RuntimeError("too fast")
            return super().fit(X, y)

    report = diagnose(search_of(Fails()), X, Y, budget=0)
    assert "search/failed-fits" in codes(report)
    assert report.search["best_params"] == {"learning_rate": 0.1}
    assert not [check for check in report.checks if check.outcome == "crashed"]


def test_every_candidate_fails():
    class Fails(Own):
        def fit(self, X, y, sample_weight=None):
            model = self.build(0.1)
            model.fit(X[:, :2], y, verbose=0)

    report = diagnose(search_of(Fails()), X, Y, budget=2)
    assert "search/failed-fits" in codes(report)
    assert report.search["best_score"] is None
    assert not [check for check in report.checks if check.outcome == "crashed"], report.checks
    assert report.to_json()


def test_no_keras_at_all():
    report = diagnose(search_of(LogisticRegression(), {"C": [0.1, 1.0]}), X, Y, budget=2)
    assert not [check for check in report.checks if check.outcome == "crashed"], report.checks


def traced(rate):
    model = built(rate)
    model.run_eagerly = False
    return model


def test_what_cannot_be_shown_is_no_fault_of_a_healthy_search():
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 300)
    rows = (rng.normal(size=(300, 4)) + 3 * np.eye(4)[labels]).astype(np.float32)
    estimator = Own(traced, epochs=6, batch_size=100)
    report = diagnose(search_of(estimator, {"learning_rate": [0.2, 0.3]}), rows, labels, budget=4)
    assert not [each for each in report.findings if each.verdict == "fault"], str(report)


def test_fits_are_not_kept_in_a_cache_of_the_user(tmp_path):
    """Some are trained for longer on purpose; and a fit that goes on from a shorter one of the
    same search, as the cache lets it, would look like a leak."""
    estimator = KerasRegressor(line, epochs=2, random_state=0, memory=tmp_path)
    search = GridSearchCV(estimator, {"epochs": [2, 4]}, cv=2)
    report = diagnose(search, X, X[:, 0], budget=8)
    assert search.estimator.memory == tmp_path
    assert list(tmp_path.iterdir()) == []
    assert not [code for code in codes(report) if code.startswith("state/")]
    assert "budget/epochs-ignored" not in codes(report)
