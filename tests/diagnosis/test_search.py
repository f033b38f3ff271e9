"""Searches that choose among nothing, at the edge, or by other fits than they refit."""

import warnings

import keras.wrappers
import numpy as np
import pandas as pd
import pytest
from examined import examined
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from trained import Own, X, Y, answering, built, finding_of, made_up, observed, record

from helpers.diagnosis.checks.search_all_tied import search_all_tied
from helpers.diagnosis.checks.search_edge_of_grid import search_edge_of_grid
from helpers.diagnosis.checks.search_failed_fits import search_failed_fits
from helpers.diagnosis.checks.search_folds_miss_classes import search_folds_miss_classes
from helpers.diagnosis.checks.search_refit_unlike_folds import search_refit_unlike_folds
from helpers.diagnosis.checks.search_validation_unrepresentative import (
    search_validation_unrepresentative,
)
from helpers.diagnosis.registry import NotApplicable
from helpers.diagnosis.trials import Trial
from helpers.model_facts import model_facts

EDGE = "search/edge-of-grid"


class Unasked(Own):
    """Cannot do what nobody asks it for."""

    def predict_proba(self, X):
        raise NotImplementedError

    def predict(self, X):
        return self.classes_[Own.predict_proba(self, X).argmax(axis=1)]


def quietly(check, examination):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return finding_of(check, examination)


# Ties


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ([[0.3, 0.4, 0.3]] * 2, "fault"),
        ([[np.nan] * 3] * 2, "fault"),
        ([[1.0, 1.0, 1.0]] * 2, "not the cause"),
    ],
)
def test_ties_are_found(scores, verdict):
    finding = quietly(search_all_tied, made_up(scores))["search/all-tied"]
    assert finding.verdict == verdict


def tied(predict, scores=(0.8, 0.9, 0.8), ends=("a", "b")):
    """Two candidates with one score, that predict so and end with such weights."""
    examination = made_up(
        [scores] * 2, records=lambda candidate, _: record(end={"w": ends[candidate]})
    )
    for trial in examination.trials:
        trial.predictions = predict(trial, Y[examination.subject.splits[trial.fold][1]])
    return finding_of(search_all_tied, examination)["search/all-tied"].verdict


def test_models_that_have_learned_the_same_tie_and_it_is_no_fault():
    assert tied(lambda trial, y: y) == "not the cause"
    assert tied(lambda trial, y: (y + (trial.candidate == 1)) % 3) == "not the cause"


@pytest.mark.parametrize(
    ("shares", "verdict"), [((0.6, 0.6), "fault"), ((0.6, 0.7), "not the cause"),
                            ((1.0, 1.0), "not the cause")],
)  # fmt: skip
def test_fractions_that_all_models_have_in_common_are_those_of_one(shares, verdict):
    examination = made_up(
        [(0.8, 0.9, 0.8)] * 2, records=lambda candidate, _: record(end={"w": "ab"[candidate]})
    )
    for trial in examination.trials:
        labels = Y[examination.subject.splits[trial.fold][1]]
        share = shares[trial.candidate]
        trial.predictions = labels
        trial.probabilities = share * np.eye(3)[labels] + (1 - share) / 3
    assert finding_of(search_all_tied, examination)["search/all-tied"].verdict == verdict


def test_a_full_score_of_wrong_predictions_tells_nobody_apart():
    full = {"scores": (1.0, 1.0, 1.0)}
    assert tied(lambda trial, y: y, **full) == "not the cause"
    assert tied(lambda trial, y: (y + (np.arange(len(y)) % 2) * trial.candidate) % 3, **full) == (
        "fault"
    )


@pytest.mark.parametrize(
    ("predict", "options"),
    [
        (lambda trial, y: y, {"ends": ("a", "a")}),
        (lambda trial, y: np.zeros_like(y), {}),
        (lambda trial, y: (y + trial.candidate) % 3, {"scores": (0.0, 0.0, 0.0)}),
        (lambda trial, y: None, {}),
    ],
    ids=["equal weights", "constant predictions", "constant score", "no predictions"],
)
def test_models_that_cannot_differ_or_be_told_apart_are_at_fault(predict, options):
    assert tied(predict, **options) == "fault"


@pytest.mark.parametrize(
    "scores",
    [[[0.3, 0.4, 0.5], [0.5, 0.4, 0.3]], [[0.3, 0.4, 0.5], [np.nan] * 3],
     [[0.3] * 3, [0.3] * 3, [0.4] * 3]],
    ids=["equal means", "one failed", "two of three"],
)  # fmt: skip
def test_what_is_no_tie_is_silent(scores):
    assert quietly(search_all_tied, made_up(scores)) == {}


# Failed fits


def test_what_the_search_does_not_ask_for_may_fail():
    found, examination = observed(Unasked(), check=search_failed_fits)
    assert found == {}
    assert all(trial.error is None for trial in examination.trials)


def test_failed_fits_are_found_and_grouped():
    examination = made_up([[0.5, 0.5, 0.5], [np.nan] * 3])
    for trial in examination.trials[3:]:
        trial.error = "ValueError: no"
    finding = finding_of(search_failed_fits, examination)["search/failed-fits"]
    assert (finding.severity, finding.evidence["errors"]) == ("warning", ["ValueError: no"])
    assert finding.title == "3 of 6 fits failed or have no score: ValueError: no"
    for trial in examination.trials:
        trial.scores = {"score": np.nan}
    assert finding_of(search_failed_fits, examination)["search/failed-fits"].severity == "serious"


def test_a_search_without_failures_is_silent():
    assert finding_of(search_failed_fits, made_up([[-5.0, 0.0, 0.1]])) == {}


# Classes in folds


@pytest.mark.parametrize(
    ("y", "cv"),
    [
        (np.sort(Y), KFold(3)),
        (np.sort(Y), KFold(10)),
        (np.array(["a", "b", "c"])[np.sort(Y)], KFold(3)),
        (np.eye(3)[np.sort(Y)], KFold(3)),
        (pd.DataFrame({"y": np.sort(Y)}), KFold(3)),
    ],
    ids=["thirds", "tenths", "strings", "one-hot", "frame"],
)
def test_folds_without_a_class_are_found(y, cv):
    found = finding_of(search_folds_miss_classes, made_up([[0.5] * 3], y=y, cv=cv))
    assert found["search/folds-miss-classes"].verdict == "fault"


RARE = np.where(np.arange(60) == 7, 3, Y)


@pytest.mark.parametrize(
    ("y", "cv"),
    [
        (Y, 3),
        (Y, KFold(3)),
        (RARE, KFold(3)),
        (np.random.default_rng(0).permutation(60).repeat(1), KFold(3)),
    ],
    ids=["stratified", "mixed", "a class rarer than folds", "every row its own"],
)
def test_folds_with_every_class_they_can_have_are_silent(y, cv):
    assert finding_of(search_folds_miss_classes, made_up([[0.5] * 3], y=y, cv=cv)) == {}


@pytest.mark.parametrize("is_sorted", [True, False])
def test_of_several_labels_a_row_each_is_looked_at(is_sorted):
    rng = np.random.default_rng(0)
    seasons = rng.integers(0, 4, 60)
    y = np.column_stack([Y, np.sort(seasons) if is_sorted else seasons])
    examination = examined(GridSearchCV(Own(), {}, cv=2), X, y, observe=False)
    assert (
        list(quietly(search_folds_miss_classes, examination))
        == ["search/folds-miss-classes"] * is_sorted
    )


def test_targets_that_are_no_classes_have_none_to_miss():
    examination = made_up([[0.5] * 3], y=np.linspace(0, 1, 60), cv=KFold(3))
    examination.subject.__dict__["is_classification"] = False
    assert examination.subject.labels is None  # the engine skips the check


# The edge of the grid


def grid_of(name, values, means, beyond):
    """Scores of each value, and of whatever is tried beyond."""
    noise = np.random.default_rng(0).normal(0, 0.003, (len(values), 3))
    table = np.array(means)[:, None] + noise
    tried = []

    def score(candidate, fold, params=None, seed=None, **_):
        noise = 0.0 if seed is None else 0.003 * np.sin(9 * seed + fold)
        if params is None:
            return table[candidate, fold] + noise
        tried.append(params[name])
        return table[candidate, fold] + beyond + noise

    examination = made_up(table, [{name: value} for value in values])
    return answering(examination, score), tried


@pytest.mark.parametrize(
    ("name", "values", "means", "next_value"),
    [
        ("learning_rate", [0.001, 0.01], [0.5, 0.7], 0.1),
        ("learning_rate", [0.01, 0.1], [0.7, 0.5], 0.001),
        ("batch_size", [16, 32, 64], [0.7, 0.6, 0.5], 8),
        ("epochs", [2, 4, 6], [0.5, 0.6, 0.7], 10),
    ],
    ids=["top", "bottom", "halves", "linear"],
)
def test_a_score_that_still_rises_at_the_edge_is_a_fault(name, values, means, next_value):
    examination, tried = grid_of(name, values, means, 0.1)
    finding = finding_of(search_edge_of_grid, examination)[EDGE]
    assert (finding.verdict, sorted(set(tried))) == ("fault", [pytest.approx(next_value)])
    assert finding.effect == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("name", "values", "means", "beyond"),
    [
        ("learning_rate", [0.001, 0.01], [0.5, 0.7], 0.0),
        ("learning_rate", [0.001, 0.01], [0.5, 0.7], -0.2),
        ("learning_rate", [0.001, 0.01, 0.1], [0.5, 0.7, 0.5], 0.2),
        ("learning_rate", [0.001, 0.01], [0.7, 0.7], 0.2),
        ("epochs", [1, 2], [0.7, 0.5], 0.2),
        ("validation_split", [0.0, 0.2], [0.7, 0.5], 0.2),
        ("seed", [1, 2], [0.5, 0.7], 0.2),
    ],
    ids=["flat", "falls", "inside", "no slope", "no epoch", "natural bound", "seed"],
)
def test_an_edge_that_is_none_is_silent(name, values, means, beyond):
    examination, _ = grid_of(name, values, means, beyond)
    assert finding_of(search_edge_of_grid, examination) == {}


# The refit


def refitted(*, refit, folds=None):
    examination = made_up([[0.7, 0.7, 0.8]], records=lambda *_: record(**folds or {}))
    told = {"train_rows": np.arange(60, dtype=np.uint64)} | (folds or {}) | refit
    examination.refit = Trial(0, None, {}, {}, [record(**told)])
    return examination


STOPPER = [{"name": "EarlyStopping", "settings": {"patience": 1}}]


@pytest.mark.parametrize(
    "refit",
    [
        {"epochs_asked": 30, "epochs_run": 30},
        {"epochs_run": 30, "epochs_asked": 3},
        {"callback_facts": STOPPER},
        {"train_rows": np.arange(30, dtype=np.uint64)},
        {"facts": {"architecture": "other", "optimizer": "o"}},
        {"batch_size": 5},
    ],
    ids=["epochs", "epochs run", "callbacks", "rows", "architecture", "batch size"],
)
def test_a_refit_that_trains_otherwise_is_found(refit):
    found = finding_of(search_refit_unlike_folds, refitted(refit=refit))
    assert found["search/refit-unlike-folds"].verdict == "fault"


@pytest.mark.parametrize(
    ("refit", "folds"),
    [
        ({}, {}),
        ({"epochs_run": 5}, {"epochs_asked": 99, "callback_facts": STOPPER}),
        ({"train_rows": None, "steps": None}, {"train_rows": None, "steps": None}),
        ({"train_rows": np.arange(48, dtype=np.uint64)},
         {"train_rows": np.arange(32, dtype=np.uint64)}),
        ({"epochs_asked": 2, "epochs_run": 2, "steps": 3}, {}),
    ],
    ids=["equal", "stopped elsewhere", "tf.data", "a split of its own", "updates"],
)  # fmt: skip
def test_a_refit_that_trains_alike_is_silent(refit, folds):
    assert finding_of(search_refit_unlike_folds, refitted(refit=refit, folds=folds)) == {}


def of(optimizer):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    model.compile(optimizer, "mse")
    return model_facts(model)


def decaying(steps, rate=0.1):
    return keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(rate, steps))


@pytest.mark.parametrize(
    ("refit", "differs"),
    [
        (decaying(60), False),
        (decaying(64), False),
        (decaying(60, rate=0.2), True),
        (decaying(200), True),
        (keras.optimizers.SGD(0.15), True),
    ],
)
def test_a_schedule_that_is_as_long_as_the_training_is_alike(refit, differs):
    """Its number of steps follows from the number of rows, of which the refit has more."""
    rows = {"train_rows": np.arange(60, dtype=np.uint64), "facts": of(refit)}
    folds = {"train_rows": np.arange(40, dtype=np.uint64), "facts": of(decaying(40))}
    assert bool(finding_of(search_refit_unlike_folds, refitted(refit=rows, folds=folds))) == differs


def test_a_refit_that_failed_or_never_was_is_no_other_training():
    examination = refitted(refit={"epochs_run": 0, "facts": {}})
    examination.refit.error = "ValueError: no"
    for refit in (examination.refit, None):
        examination.refit = refit
        with pytest.raises(NotApplicable, match="does not refit"):
            finding_of(search_refit_unlike_folds, examination)


# Validation rows


def by(monitor):
    return [keras.callbacks.EarlyStopping(monitor=monitor, patience=9)]


def test_validation_rows_of_other_classes_are_found():
    order = np.argsort(Y, kind="stable")
    for monitor, verdict in (("val_loss", "fault"), ("loss", "not the cause")):
        estimator = Own(validation_split=0.25, callbacks=by(monitor))
        search = GridSearchCV(estimator, {}, cv=KFold(2, shuffle=True, random_state=0))
        found, _ = observed(search, X[order], Y[order], check=search_validation_unrepresentative)
        assert found["search/validation-unrepresentative"].verdict == verdict


def test_validation_rows_like_the_others_are_silent():
    estimator = Own(validation_split=0.25, callbacks=by("val_loss"))
    search = GridSearchCV(estimator, {}, cv=KFold(2))
    assert observed(search, check=search_validation_unrepresentative)[0] == {}


class Resampled(Own):
    """Leaves out rows of the larger classes, which also sorts them, or validates before that."""

    def __init__(self, callbacks=None, validates_first=False):
        super().__init__(callbacks=callbacks)
        self.validates_first = validates_first

    def fit(self, X, y):
        self.classes_, numbers = np.unique(y, return_inverse=True)
        held = np.arange(len(y)) % 4 == 0
        rest = np.flatnonzero(~held) if self.validates_first else np.arange(len(y))
        fewest = np.bincount(numbers[rest]).min()
        rows = np.concatenate([rest[numbers[rest] == each][:fewest] for each in range(3)])
        validation = {"validation_split": 0.25}
        if self.validates_first:
            validation = {"validation_data": (X[held], numbers[held])}
        self.model_ = built()
        self.model_.fit(X[rows], numbers[rows], verbose=0, callbacks=self.callbacks, **validation)
        return self


UNEVEN = np.r_[np.flatnonzero(Y == 0), np.flatnonzero(Y == 1)[:9], np.flatnonzero(Y == 2)[:7]]


@pytest.mark.parametrize(("validates_first", "n_findings"), [(False, 1), (True, 0)])
def test_of_resampled_rows_the_validation_rows_are_to_be_like_the_fold(validates_first, n_findings):
    estimator = Resampled(by("val_loss"), validates_first)
    order = np.random.default_rng(0).permutation(np.tile(UNEVEN, 4))
    rows = X[order] + np.random.default_rng(1).normal(size=(len(order), 4)).astype(np.float32)
    search = GridSearchCV(estimator, {}, cv=KFold(2))
    found, _ = observed(search, rows, Y[order], check=search_validation_unrepresentative)
    assert len(found) == n_findings


def test_without_validation_rows_nothing_is_compared():
    with pytest.raises(NotApplicable, match="no fit held out rows"):
        observed(GridSearchCV(LogisticRegression(), {}, cv=2),
                 check=search_validation_unrepresentative)  # fmt: skip
