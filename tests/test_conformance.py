"""scikit-learn's own checks of an estimator, one test each, and its tools around one of ours.

The checks are run at both of Keras' precisions. Whether weights are equivalent to repeated rows is
asked to seven digits, more than float32 has, so that this check is run at float64 each time.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next import work
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    HalvingGridSearchCV,
    TunedThresholdClassifierCV,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils import estimator_html_repr
from sklearn.utils.estimator_checks import estimator_checks_generator

from helpers import KerasClassifier, KerasRegressor
from helpers.quiet import keras
from tests import builders

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)
# All rows in one batch: in several, a repeated row would not meet the same neighbours.
CHECKED = {"optimizer__learning_rate": 0.05, "optimizer": "adam", "batch_size": 256}
ESTIMATORS = [
    KerasClassifier(builders.any_classifier, epochs=30, random_state=0, **CHECKED),
    KerasRegressor(builders.any_regressor, epochs=100, random_state=0, **CHECKED),
]
FAST = {"optimizer": "sgd", "optimizer__learning_rate": 0.5, "epochs": 10, "random_state": 0}


def name_of(check):
    return getattr(check, "func", check).__name__


def names_of(estimator):
    return {name_of(check) for _, check in estimator_checks_generator(estimator)}


@contextmanager
def precision(name):
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx(name)
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def checks():
    """All checks, named without the addresses of builders: every process is to name them alike."""
    for each in ESTIMATORS:
        for estimator, check in estimator_checks_generator(each):
            name = f"{type(each).__name__}-{name_of(check)}"
            yield pytest.param(estimator, check, id=name)


@pytest.mark.parametrize("floatx", ["float32", "float64"])
@pytest.mark.parametrize(("estimator", "check"), list(checks()))
def test_check(estimator, check, floatx):
    with precision("float64" if "sample_weight_equivalence" in repr(check) else floatx):
        check(estimator)


@pytest.mark.parametrize(
    ("ours", "theirs"), list(zip(ESTIMATORS, [MLPClassifier(), MLPRegressor()], strict=True))
)
def test_no_check_is_left_out(ours, theirs):
    """All that scikit-learn asks of its own networks is asked of ours."""
    assert names_of(ours) >= names_of(theirs)


def classifier(**changes):
    return KerasClassifier(builders.dense, **(FAST | changes))


AROUND = {
    "calibrated": lambda: CalibratedClassifierCV(classifier(), cv=2),
    "voting": lambda: VotingClassifier(
        [("net", classifier()), ("line", LogisticRegression())], voting="soft"
    ),
    "bagging": lambda: BaggingClassifier(classifier(), n_estimators=2, random_state=0),
    "one vs rest": lambda: OneVsRestClassifier(classifier()),
    "halving": lambda: HalvingGridSearchCV(
        classifier(), {"optimizer__learning_rate": [0.5, 1e-4]}, resource="epochs",
        min_resources=2, max_resources=8, factor=2, cv=2,
    ),
    "list of grids": lambda: GridSearchCV(
        make_pipeline(StandardScaler(), classifier()),
        [
            {"kerasclassifier__model__units": [8]},
            {"kerasclassifier__optimizer__learning_rate": [0.5, 1e-4]},
        ],
        scoring="accuracy", refit=lambda results: int(results["mean_test_score"].argmax()), cv=2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
def test_tools_that_take_a_classifier(around):
    assert around().fit(X, Y).score(X, Y) > 0.6


def test_two_searches_at_once_are_right():
    grid = {"optimizer__learning_rate": [0.5, 1e-4], "model__rate": [0.0, 0.5]}
    searches = [
        GridSearchCV(classifier(random_state=seed), grid, cv=2, refit=False) for seed in (0, 1)
    ]
    alone = [clone(search).fit(X, Y).cv_results_["mean_test_score"] for search in searches]
    with ThreadPoolExecutor(2) as threads:
        fitted = list(threads.map(lambda search: search.fit(X, Y), searches))
    for search, scores in zip(fitted, alone, strict=True):
        np.testing.assert_array_equal(search.cv_results_["mean_test_score"], scores)


def test_several_metrics():
    search = GridSearchCV(
        classifier(), {"model__units": [4, 8]}, scoring=["accuracy", "neg_log_loss"],
        refit="accuracy", cv=2,
    ).fit(X, Y)  # fmt: skip
    assert {"mean_test_accuracy", "mean_test_neg_log_loss"} <= set(search.cv_results_)


def test_threshold_is_tuned():
    tuned = TunedThresholdClassifierCV(classifier(), scoring="balanced_accuracy", cv=2)
    assert tuned.fit(X, Y == 2).score(X, Y == 2) > 0.6


def test_curves_and_importances():
    results = cross_validate(
        classifier(), X, Y, cv=2, return_estimator=True, return_train_score=True
    )
    assert all(each.n_epochs_ == 10 for each in results["estimator"])
    _, training, test = learning_curve(classifier(), X, Y, cv=2, train_sizes=[30, 60], shuffle=True)
    assert training.shape == test.shape == (2, 2)
    importance = permutation_importance(classifier().fit(X, Y), X, Y, random_state=0)
    assert importance.importances_mean.shape == (4,)


def test_columns_of_a_table():
    table = pd.DataFrame(X, columns=list("abcd")).assign(kind=np.where(Y == 0, "x", "y"))
    columns = make_column_transformer(
        (OneHotEncoder(sparse_output=False), ["kind"]), remainder="passthrough"
    ).set_output(transform="pandas")
    whole = make_pipeline(columns, classifier()).fit(table, Y)
    assert whole.score(table, Y) > 0.6
    assert list(whole[-1].feature_names_in_) == list(whole[0].get_feature_names_out())
    assert "KerasClassifier" in estimator_html_repr(whole)


def test_routing_of_weights_and_groups():
    with sklearn.config_context(enable_metadata_routing=True):
        net = classifier(validation_split=0.3).set_fit_request(sample_weight=True, groups=True)
        net.set_score_request(sample_weight=True)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        search = GridSearchCV(
            make_pipeline(scaler, net), {"kerasclassifier__epochs": [2]}, cv=GroupKFold(2)
        )
        search.fit(X, Y, sample_weight=np.ones(len(X)), groups=np.arange(len(X)) // 5)
    assert np.isfinite(search.best_score_)
    assert "val_loss" in search.best_estimator_[-1].history_


def test_validation_rows_go_through_the_pipeline():
    """Rows far off are brought back by the scaler, so that their loss is small."""
    with sklearn.config_context(enable_metadata_routing=True):
        net = classifier().set_fit_request(X_val=True, y_val=True)
        whole = Pipeline([("scale", StandardScaler()), ("net", net)], transform_input=["X_val"])
        whole.fit(1e3 + 50 * X, Y, X_val=1e3 + 50 * X, y_val=Y)
    history = whole[-1].history_
    assert history["val_loss"][-1] < 1
    alone = classifier().fit(X, Y, X_val=1e3 + 50 * X, y_val=Y)
    assert not alone.history_["val_loss"][-1] < 10


def test_several_labels_a_row():
    rows, labels = make_multilabel_classification(n_classes=3, n_labels=2, random_state=0)
    net = KerasClassifier(
        builders.any_classifier, optimizer__learning_rate=0.05, optimizer="adam", epochs=60,
        random_state=0,
    ).fit(StandardScaler().fit_transform(rows), labels)  # fmt: skip
    rows = StandardScaler().fit_transform(rows)
    assert net.predict(rows).shape == net.predict_proba(rows).shape == labels.shape
    assert (net.predict(rows) == labels).mean() > 0.8
    with pytest.warns(UserWarning, match="exclude one another"):
        KerasClassifier(builders.dense, epochs=1).fit(rows, labels)
    with pytest.raises(ValueError, match=r"categoricalcrossentropy lets one label in"):
        KerasClassifier(builders.dense, loss="categorical_crossentropy", epochs=1).fit(rows, labels)
