"""Steps fitted on all rows and frozen are found, and matter where labels chose; others do not."""

import numpy as np
import pytest
from examined import examined, found
from sklearn.compose import make_column_transformer
from sklearn.cross_decomposition import PLSRegression
from sklearn.datasets import load_breast_cancer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from helpers.diagnosis.checks.leak_frozen_steps import leak_frozen_steps
from helpers.diagnosis.registry import NotApplicable

CODE = "leak/fitted-on-all-rows"
RNG = np.random.default_rng(0)
WIDE, Y = RNG.standard_normal((240, 800)), np.arange(240) % 2
CANCER = load_breast_cancer(return_X_y=True)


def examination_of(step, X, y, budget=10):
    estimator = make_pipeline(step, StandardScaler(), LogisticRegression(max_iter=200))
    search = GridSearchCV(
        estimator, {"logisticregression__C": [0.01, 1.0]},
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    )  # fmt: skip
    return examined(search, X, y, budget=budget)


def findings(step, X, y):
    return found(leak_frozen_steps, examination_of(step, X, y))


def frozen(step, X=WIDE, y=Y):
    return FrozenEstimator(step.fit(X, y))


@pytest.mark.parametrize(
    "step",
    [
        frozen(SelectKBest(k=20)),
        FunctionTransformer(SelectKBest(k=20).fit(WIDE, Y).transform),
        frozen(make_union(PCA(3, random_state=0), SelectKBest(k=20))),
        make_column_transformer(
            (frozen(SelectKBest(k=20), WIDE[:, :600]), slice(0, 600)), remainder="drop"
        ),
        frozen(PLSRegression(4)),
        FunctionTransformer(LinearDiscriminantAnalysis().fit(WIDE, Y).predict_proba),
        make_column_transformer((frozen(SelectKBest(k=20)), slice(0, 800))).set_output(
            transform="pandas"
        ),
    ],
    ids=["frozen", "method", "union", "columns", "pls", "predictor", "pandas"],
)
def test_columns_chosen_by_all_labels_are_a_fault(step):
    finding = findings(step, WIDE, Y)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect > 0.1


def test_a_frozen_scaler_is_seen_and_not_the_cause():
    finding = findings(frozen(StandardScaler(), *CANCER), *CANCER)[CODE]
    assert finding.verdict == "not the cause"


@pytest.mark.parametrize(
    "step",
    [
        SelectKBest(k=20),
        FunctionTransformer(np.tanh),
        frozen(SelectKBest(k=20), RNG.standard_normal(WIDE.shape)),
        frozen(PCA(5, random_state=0), WIDE[:120], Y[:120]),
    ],
    ids=["not fitted", "function", "fitted elsewhere", "fitted on some"],
)
def test_steps_that_did_not_see_all_rows_are_silent(step):
    assert findings(step, WIDE, Y) == {}


class Particular(StandardScaler):
    """Takes the rows of a fold, and no more."""

    def fit(self, X, y=None):
        if len(X) > 200:
            raise ValueError("too many rows")
        return super().fit(X, y)


def test_steps_that_cannot_be_fitted_on_all_rows_are_not_checked():
    step = make_pipeline(frozen(SelectKBest(k=20)), Particular())
    with pytest.raises(NotApplicable, match=r"on all rows \(too many rows"):
        leak_frozen_steps(examination_of(step, WIDE, Y))


def test_without_a_budget_it_is_not_checked():
    with pytest.raises(NotApplicable, match="beyond the budget"):
        leak_frozen_steps(examination_of(frozen(SelectKBest(k=20)), WIDE, Y, budget=0))
