"""A best candidate that a constant beats is found; a useful one is silent, by whatever score."""

import numpy as np
import pytest
from examined import examined, found
from sklearn.datasets import load_diabetes, load_iris
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.tree import ExtraTreeClassifier

from helpers.diagnosis.checks.metric_below_baseline import metric_below_baseline

CODE = "metric/below-baseline"
X, Y = load_iris(return_X_y=True)
RARE = (np.arange(200) % 8 == 0).astype(int)
NOISE = np.random.default_rng(0).standard_normal((200, 4))
CLAIMS = np.where(np.random.default_rng(1).random(200) < 0.2, np.exp(2 + NOISE[:, 0] / 4), 0.0)


class Backwards(Ridge):
    """Predicts the negative."""

    def predict(self, X):
        return -super().predict(X)


@pytest.mark.parametrize(
    ("estimator", "X", "y", "scoring"),
    [
        (DummyClassifier(strategy="constant", constant=0), X, RARE[:150], None),
        (ExtraTreeClassifier(random_state=0), NOISE, RARE, "accuracy"),
        (Backwards(), *load_diabetes(return_X_y=True), None),
        (Ridge(), NOISE, CLAIMS, "neg_mean_absolute_error"),
    ],
    ids=["constant", "noise", "backwards", "means of what is mostly 0"],
)
def test_worse_than_a_constant_is_a_fault(estimator, X, y, scoring):
    examination = examined(GridSearchCV(estimator, {}, cv=3, scoring=scoring), X, y)
    finding = found(metric_below_baseline, examination)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect >= -1e-9


@pytest.mark.parametrize(
    ("estimator", "X", "y", "scoring"),
    [
        (LogisticRegression(max_iter=300), X, Y, None),
        (LogisticRegression(max_iter=300), X, Y, "neg_log_loss"),
        (LogisticRegression(max_iter=300), X, Y == 1, "roc_auc"),
        (LogisticRegression(max_iter=300), X, np.array(["a", "b", "c"])[Y], "f1_macro"),
        (Ridge(), *load_diabetes(return_X_y=True), None),
        (Ridge(), *load_diabetes(return_X_y=True), "neg_mean_squared_error"),
        (Ridge(), *load_diabetes(return_X_y=True), "neg_mean_absolute_error"),
        (LogisticRegression(max_iter=300), X, Y == 2, "balanced_accuracy"),
    ],
)
def test_useful_models_are_silent(estimator, X, y, scoring):
    examination = examined(GridSearchCV(estimator, {}, cv=3, scoring=scoring), X, y)
    assert found(metric_below_baseline, examination) == {}


def test_folds_that_miss_classes_say_nothing_of_the_model():
    search = GridSearchCV(LogisticRegression(max_iter=300), {}, cv=KFold(3))
    assert found(metric_below_baseline, examined(search, X, Y)) == {}


def test_a_scorer_that_takes_no_other_model_but_a_constant_one():
    """What right predictions would score is not known then."""

    def of_known_features(model, X, y):
        if not hasattr(model, "n_features_in_"):
            raise AttributeError("n_features_in_")
        return model.score(X, y)

    search = GridSearchCV(ExtraTreeClassifier(random_state=0), {}, cv=3, scoring=of_known_features)
    assert found(metric_below_baseline, examined(search, NOISE, RARE))[CODE].verdict == "fault"
