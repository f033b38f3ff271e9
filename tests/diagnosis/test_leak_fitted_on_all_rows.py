"""The marks of scalers fitted on all rows are seen, rarely matter; other data have none."""

from types import SimpleNamespace

import numpy as np
import pytest
from examined import examined, found
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris, load_wine
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from helpers.diagnosis.checks.leak_fitted_on_all_rows import (
    _is_of_discriminants,
    leak_fitted_on_all_rows,
)

CODE = "leak/fitted-on-all-rows"
X, Y = load_wine(return_X_y=True)
CV = StratifiedKFold(3, shuffle=True, random_state=0)


def examination_of(X, y, estimator=None, cv=CV, **options):
    search = GridSearchCV(estimator or LogisticRegression(max_iter=50), {}, cv=cv)
    return examined(search, X, y, observe=False, **options)


@pytest.mark.parametrize(
    "rows",
    [
        StandardScaler().fit_transform(X),
        StandardScaler().fit_transform(X).astype("float32"),
        (X - X.mean(axis=0)) / X.std(axis=0, ddof=1),
        np.c_[StandardScaler().fit_transform(X), Y == 0, Y == 1],
        MinMaxScaler().fit_transform(X),
        PCA(4).fit_transform(X),
        PCA(4, whiten=True).fit_transform(X),
    ],
    ids=["scaler", "float32", "sample SD", "with dummies", "range", "PCA", "whitened"],
)
def test_marks_are_seen_and_rarely_matter(rows):
    finding = found(leak_fitted_on_all_rows, examination_of(rows, Y))[CODE]
    assert finding.verdict != "fault"
    assert abs(finding.effect) < 0.02


@pytest.mark.parametrize(
    "rows",
    [
        X,
        np.round(X),
        load_digits().data[: len(X)] / 16,
        np.random.default_rng(0).integers(0, 256, (len(X), 20)) / 255,
        np.random.default_rng(0).standard_normal((len(X), 5)),
        np.random.default_rng(0).random((len(X), 5)).round(2),
    ],
    ids=["raw", "integers", "digits", "pixels", "normal", "shares"],
)
def test_other_rows_are_silent(rows):
    assert found(leak_fitted_on_all_rows, examination_of(rows, Y)) == {}


@pytest.mark.parametrize("solver", ["svd", "eigen"])
@pytest.mark.parametrize("then", [np.asarray, StandardScaler().fit_transform])
def test_discriminants_of_all_labels_are_a_fault(solver, then):
    rows = then(LinearDiscriminantAnalysis(solver=solver).fit(X, Y).transform(X))
    finding = found(leak_fitted_on_all_rows, examination_of(rows, Y))[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    others = np.random.default_rng(0).permutation(Y)  # no discriminants of these
    other = found(leak_fitted_on_all_rows, examination_of(rows, others)).get(CODE)
    assert other is None or other.verdict != "fault"


def test_columns_that_are_uncorrelated_by_chance_are_no_discriminants():
    """Null: two independent columns, 300 rows, in the precision of networks."""
    rng, labels = np.random.default_rng(0), np.arange(300) % 2
    rows = (rng.uniform(-2, 2, (300, 2)).astype("float32") for _ in range(500))
    assert not any(_is_of_discriminants(each, labels, each.dtype) for each in rows)


@pytest.mark.parametrize("load", [load_iris, load_breast_cancer])
def test_data_sets_are_silent(load):
    assert found(leak_fitted_on_all_rows, examination_of(*load(return_X_y=True))) == {}


def test_only_the_scaled_diabetes_data_have_the_mark():
    """scikit-learn ships them centred and scaled by the norm of all rows."""
    raw = load_diabetes(return_X_y=True, scaled=False)
    assert found(leak_fitted_on_all_rows, examination_of(*raw, Ridge(), cv=3)) == {}


@pytest.mark.parametrize("on_all", [True, False])
def test_adapted_normalization(on_all):
    examination = examination_of(X, Y)
    for fold, (train, _) in enumerate(CV.split(X, Y)):
        rows = X if on_all else X[train]
        record = SimpleNamespace(facts={"adapted": [(rows.mean(axis=0), rows.var(axis=0))]})
        examination.trials.append(
            SimpleNamespace(fold=fold, records=[record], candidate=0, score=1.0)
        )
    examination._delta = 0.01
    findings = found(leak_fitted_on_all_rows, examination)
    assert (CODE in findings) == on_all
    if on_all:
        assert findings[CODE].verdict == "not the cause"
        assert findings[CODE].evidence["fits_adapted_on_all_rows"] == 3


def test_rows_whitened_away_are_a_fault():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 2
    wide = rng.standard_normal((90, 200)) + 0.5 * y[:, None]
    rows = PCA(0.999, whiten=True).fit_transform(wide).astype("float32")
    assert found(leak_fitted_on_all_rows, examination_of(rows, y))[CODE].verdict == "fault"
    assert found(leak_fitted_on_all_rows, examination_of(wide, y)) == {}
