"""What a search compares, as scikit-learn will."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import HalvingGridSearchCV, HalvingRandomSearchCV

from helpers.diagnosis.subject import read

X, Y = np.zeros((24, 2)), np.arange(24) % 2


class Constant(ClassifierMixin, BaseEstimator):
    def __init__(self, epochs=1, rate=0.1):
        self.epochs = epochs
        self.rate = rate

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


RATES = {"rate": [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]}


@pytest.mark.parametrize(
    "search",
    [
        HalvingGridSearchCV(Constant(), RATES, min_resources=2, max_resources=160, factor=3),
        HalvingGridSearchCV(Constant(), RATES, min_resources=2, max_resources=8, factor=2),
        HalvingGridSearchCV(Constant(), RATES, max_resources=50),
        HalvingGridSearchCV(Constant(), RATES, min_resources="smallest", max_resources=50),
        HalvingGridSearchCV(Constant(), RATES, min_resources=20, max_resources=20),
        HalvingGridSearchCV(
            Constant(), RATES, min_resources=3, max_resources=8, aggressive_elimination=True
        ),
        HalvingRandomSearchCV(Constant(), RATES, n_candidates=4, max_resources=27),
        HalvingRandomSearchCV(Constant(), {"rate": np.linspace(0, 1, 60)}, max_resources=27),
    ],
    ids=[
        "ends early", "ends at the limit", "exhaust", "smallest", "one rung", "aggressive",
        "draws", "draws all",
    ],
)  # fmt: skip
def test_rungs_of_a_halving_search_are_scikit_learns(search):
    search.set_params(resource="epochs", cv=2, random_state=0)
    subject = read(search, X, Y)
    search.fit(X, Y)
    assert subject.first_rung == {"epochs": search.n_resources_[0]}
    assert {each["epochs"] for each in subject.candidates} == {search.n_resources_[-1]}
    assert subject.epochs_allowed == search.max_resources // search.n_resources_[-1]


def test_a_search_that_halves_rows_has_no_rungs_of_a_parameter():
    subject = read(HalvingGridSearchCV(Constant(), RATES, cv=2), X, Y)
    assert (subject.first_rung, subject.epochs_allowed) == ({}, 1)
