"""Last rows of another kind, by which a stopper goes, are found where they cost score."""

import keras
import numpy as np
import pytest
from examined import examined, found
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, StratifiedKFold, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.diagnosis.checks.search_validation_shifted import _shifted, search_validation_shifted
from helpers.diagnosis.registry import NotApplicable

CODE = "search/validation-unrepresentative"


class Net(ClassifierMixin, BaseEstimator):
    def __init__(self, epochs=12, patience=2, share=0.25):
        self.epochs, self.patience, self.share = epochs, patience, share

    def fit(self, X, y):
        keras.utils.set_random_seed(0)
        self.classes_ = np.unique(y)
        self.model_ = keras.Sequential(
            [keras.Input((X.shape[1],)), keras.layers.Dense(1, activation="sigmoid")]
        )
        self.model_.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", run_eagerly=True)
        stopper = keras.callbacks.EarlyStopping(
            "val_loss", patience=self.patience, restore_best_weights=True
        )
        self.model_.fit(
            X, y, validation_split=self.share, epochs=self.epochs, batch_size=32, verbose=0,
            callbacks=[stopper] if self.patience else [],
        )  # fmt: skip
        return self

    def predict(self, X):
        return (self.model_.predict(X, verbose=0).ravel() > 0.5).astype(int)


def plants(turned=True, offset=3.0, seed=0):
    """Three plants alike and a last one, in which the sensors' signs may be turned."""
    rng, is_last = np.random.default_rng(seed), np.arange(240) >= 180
    X = rng.normal(size=(240, 4))
    signs = np.where(is_last & turned, -1, 1)
    y = (signs * X[:, 0] + 0.1 * rng.normal(size=240) > 0).astype(int)
    X[is_last, 3] += offset
    return X, y


def examination_of(net, X, y, budget=9):
    search = GridSearchCV(
        make_pipeline(StandardScaler(), net), {},
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    )  # fmt: skip
    return examined(search, X, y, budget=budget)


def test_a_last_plant_that_ends_training_at_once_is_a_fault():
    examination = examination_of(Net(), *plants())
    finding = found(search_validation_shifted, examination)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect > 0.05
    assert max(finding.evidence["epochs"]) < min(finding.evidence["epochs_in_random_order"])


def test_a_last_plant_that_looks_like_the_others_is_told_by_its_labels():
    alike = {"offset": 0.0}
    assert len(_shifted(examination_of(Net(epochs=3), *plants(**alike)))) == 3
    assert _shifted(examination_of(Net(epochs=3), *plants(turned=False, **alike))) == []


def test_a_last_plant_that_is_only_shifted_is_no_fault():
    examination = examination_of(Net(), *plants(turned=False, offset=1.2), budget=3)
    assert examination.trials[0].record.validation_split == 0.25
    assert found(search_validation_shifted, examination) == {}


@pytest.mark.parametrize("seed", range(3))
def test_rows_in_no_order_are_silent_without_a_fit(seed):
    X, y = plants(seed=seed)
    order = np.random.default_rng(seed).permutation(len(y))
    examination = examination_of(Net(epochs=4), X[order], y[order])
    assert search_validation_shifted(examination) == []
    assert examination.budget.spent_fits == 0


@pytest.mark.parametrize("net", [Net(patience=None), Net(share=0.0, patience=None)])
def test_where_nothing_decides_by_them_it_is_not_checked(net):
    with pytest.raises(NotApplicable, match="no stopper goes by the last rows"):
        search_validation_shifted(examination_of(net, *plants()))


def test_the_latest_rows_of_a_series_are_meant_to_validate():
    search = GridSearchCV(Net(epochs=3), {}, cv=TimeSeriesSplit(2, max_train_size=120))
    with pytest.raises(NotApplicable, match="no stopper goes by the last rows"):
        search_validation_shifted(examined(search, *plants()))


def test_without_a_budget_it_is_not_checked():
    with pytest.raises(NotApplicable, match="beyond the budget"):
        search_validation_shifted(examination_of(Net(), *plants(), budget=0))
