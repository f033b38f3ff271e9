"""What the search's own scorer gives to predictions that are all right."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

from helpers.diagnosis.registry import NotApplicable

__all__ = ["perfect_scores", "score_of"]


def perfect_scores(subject):
    """Scores of the truth, taken for a prediction, in the search's own folds.

    No model predicts better, so a score that is right about the direction is at its highest here.

    Parameters
    ----------
    subject : Subject

    Returns
    -------
    ndarray of float, shape (n_splits,)

    Raises
    ------
    NotApplicable
        The scorer takes no model but the user's.
    """
    truth = np.asarray(subject.y if subject.labels is None else subject.labels)
    model = (_PerfectClassifier if subject.is_classification else _PerfectRegressor)(truth)
    rows = np.arange(subject.n_rows)[:, None]
    scores = [score_of(subject, model, rows[test], truth[test]) for _, test in subject.splits]
    return np.array(scores)


def score_of(subject, model, X, y):
    """The score that decides, or `NotApplicable` where the scorer wants another model."""
    try:
        return subject.score_of(model, X, y)
    except Exception as error:  # what a user's scorer raises is the user's to choose
        raise NotApplicable(f"the scorer takes no other model ({error})") from error


class _Perfect(BaseEstimator):
    """Knows the targets; is asked by the numbers of rows."""

    def __init__(self, truth):
        self.truth = truth

    def __sklearn_is_fitted__(self):
        return True

    def fit(self, X, y):
        return self

    def predict(self, X):
        return self.truth[X[:, 0]]


class _PerfectClassifier(ClassifierMixin, _Perfect):
    @property
    def classes_(self):
        return np.unique(self.truth)

    def predict_proba(self, X):
        return (self.predict(X)[:, None] == self.classes_).astype(float)

    def decision_function(self, X):
        certain = 2 * self.predict_proba(X) - 1
        return certain[:, 1] if len(self.classes_) == 2 else certain


class _PerfectRegressor(RegressorMixin, _Perfect):
    pass
