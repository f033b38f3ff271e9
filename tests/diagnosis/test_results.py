"""Scores that are there before anything is fitted."""

from collections import deque
from typing import ClassVar

import keras_tuner
import numpy as np
import optuna
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from trained import X, Y

from helpers import diagnose
from helpers.diagnosis.results import known
from helpers.quiet import keras

FAILED, TIED = "search/failed-fits", "search/all-tied"
optuna.logging.set_verbosity(optuna.logging.ERROR)


class Shy(ClassifierMixin, BaseEstimator):
    """Says one class; counts its fits."""

    fits: ClassVar = deque()  # a number would be put back, as the state that it is

    def __init__(self, says=0):
        self.says = says

    def fit(self, X, y):
        type(self).fits.append(1)
        if self.says is None:
            raise ValueError("nothing to say")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[self.says])


def study_of(objective, direction="minimize"):
    study = optuna.create_study(
        direction=direction, sampler=optuna.samplers.RandomSampler(seed=0)
    )  # fmt: skip
    study.optimize(objective, n_trials=4, catch=ValueError)
    return study


def told(trial):
    depth = trial.suggest_int("depth", 1, 9)
    if trial.number == 1:
        raise optuna.TrialPruned
    if trial.number == 2:
        raise ValueError("too deep")
    return 0.1 * depth


def verdicts(report):
    return {finding.code: finding.verdict for finding in report.findings}


def test_a_study_is_read():
    study = study_of(told)
    results = known(study)
    done = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    assert results.name == "neg_value"
    assert results.candidates == [study.trials[n].params for n in (0, 2, 3)]
    np.testing.assert_array_equal(results.scores, [[-done[0].value], [np.nan], [-done[1].value]])
    assert known(study_of(told, "maximize")).scores[0, 0] > 0


def test_a_study_is_diagnosed_as_far_as_it_goes():
    report = diagnose(study_of(told), X, Y)
    assert verdicts(report) == {FAILED: "fault"}
    assert report.search["kind"] == "Study"
    assert report.search["n_candidates"] == 3
    assert report.cost["fits"] == 0
    assert {each.outcome for each in report.checks} == {"found", "clean", "skipped"}


def test_a_study_of_ties_is_undecided():
    def objective(trial):
        return 0.5 + 0.0 * trial.suggest_float("rate", 0, 1)

    assert verdicts(diagnose(study_of(objective), X, Y)) == {TIED: "undecided"}


def test_a_study_without_trials_has_nothing_to_find():
    report = diagnose(optuna.create_study(), X, Y)
    assert report.findings == []
    assert report.search["n_candidates"] == 0


# KerasTuner's own calls.
@pytest.mark.filterwarnings("ignore:(currentThread|getName)\\(\\):DeprecationWarning")
def test_a_tuner_is_read(tmp_path):
    def build(hp):
        model = keras.Sequential([keras.Input((X.shape[1],)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(hp.Choice("rate", [0.1, 0.01])), "mse")
        return model

    tuner = keras_tuner.RandomSearch(
        build, objective="val_loss", max_trials=2, directory=tmp_path, seed=0
    )  # fmt: skip
    tuner.search(X, Y, epochs=1, validation_split=0.2, verbose=0)
    results = known(tuner)
    assert results.name == "neg_val_loss"
    assert sorted(each["rate"] for each in results.candidates) == [0.01, 0.1]
    best = tuner.oracle.get_best_trials(1)[0]
    assert results.candidates[int(results.scores.argmax())] == best.hyperparameters.values


@pytest.mark.parametrize("budget", [0, 5])
def test_a_fitted_search_is_run_again_only_where_fits_may_be_spent(budget):
    search = GridSearchCV(Shy(), {"says": [0, 1, 0]}, cv=3).fit(X, Y)
    before = len(Shy.fits)
    report = diagnose(search, X, Y, budget=budget)
    assert (len(Shy.fits) > before) == (budget > 0)
    assert report.search["best_score"] == pytest.approx(search.best_score_)
    assert report.search["best_params"] == search.best_params_


def test_failures_of_a_fitted_search_are_read():
    search = GridSearchCV(Shy(), {"says": [0, None]}, cv=3)
    with (
        pytest.warns(UserWarning, match="non-finite"),
        pytest.warns(FitFailedWarning, match="3 fits failed"),
    ):
        search.fit(X, Y)
    report = diagnose(search, X, Y, budget=0)
    assert verdicts(report)[FAILED] == "fault"
    assert "3 of 6 fits" in next(each.title for each in report.findings)


def test_results_of_another_grid_are_not_taken_for_those_of_this_one():
    search = GridSearchCV(Shy(), {"says": [0, 1]}, cv=3).fit(X, Y)
    search.set_params(param_grid={"says": [1, 0]})
    before = len(Shy.fits)
    assert diagnose(search, X, Y, budget=0).search["n_candidates"] == 2
    assert len(Shy.fits) > before


def test_searches_whose_scores_cannot_be_compared_have_no_results():
    halving = HalvingGridSearchCV(Shy(), {"says": [0, 1]}, cv=3, min_resources=12).fit(X, Y)
    several = GridSearchCV(
        Shy(), {"says": [0, 1]}, cv=3, scoring=["accuracy", "f1_macro"], refit=False
    ).fit(X, Y)
    assert known(halving) is known(several) is known(GridSearchCV(Shy(), {})) is None
