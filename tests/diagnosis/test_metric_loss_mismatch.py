"""A stopper by the loss that costs accuracy, and a score without its sign; others are silent."""

from types import SimpleNamespace

import numpy as np
import pytest
from examined import examined, found
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, QuantileRegressor, Ridge
from sklearn.metrics import (
    brier_score_loss,
    hamming_loss,
    log_loss,
    make_scorer,
    mean_absolute_error,
    mean_squared_error,
)
from sklearn.model_selection import GridSearchCV

from helpers.diagnosis.checks.metric_below_baseline import metric_below_baseline
from helpers.diagnosis.checks.metric_loss_mismatch import (
    metric_loss_mismatch,
    metric_panel_of_numbers,
    metric_sign,
)
from helpers.diagnosis.registry import NotApplicable

CODE = "metric/loss-mismatch"
EPOCHS = np.arange(20)


def examination_of(accuracy, monitor="val_loss", noise=0.02, seed=0, restore=True):
    """Five fits whose loss is lowest at epoch 5, with such a curve of accuracy."""
    rng = np.random.default_rng(seed)
    search = GridSearchCV(LogisticRegression(), {}, cv=5, scoring="accuracy")
    examination = examined(search, *load_iris(return_X_y=True), observe=False, delta=0.01)
    for fold in range(5):
        record = SimpleNamespace(
            history={
                "val_loss": list(1 + 0.01 * (EPOCHS - 5) ** 2),
                "val_accuracy": list(accuracy + rng.normal(0, noise, 20)),
            },
            callback_facts=[
                {
                    "name": "EarlyStopping",
                    "settings": {"monitor": monitor, "restore_best_weights": restore},
                }
            ],
            stop_training=True,
        )
        examination.trials.append(
            SimpleNamespace(candidate=0, fold=fold, record=record, score=0.9, seconds=0.1)
        )
    return examination


def test_accuracy_that_rises_beyond_the_lowest_loss_is_a_fault():
    finding = found(metric_loss_mismatch, examination_of(0.5 + 0.02 * EPOCHS))[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "warning")
    assert 0.2 < finding.effect < 0.32


def test_one_criterion_is_silent():
    rising = examination_of(0.5 + 0.02 * EPOCHS, monitor="val_accuracy")
    assert found(metric_loss_mismatch, rising) == {}


def test_false_alarms_on_flat_curves():
    """Null: accuracy is flat and noisy (.03); below 1 in 20 of 60 searches."""
    flat = np.full(20, 0.8)
    alarms = [
        found(metric_loss_mismatch, examination_of(flat, noise=0.03, seed=seed))
        for seed in range(60)
    ]
    assert sum(map(bool, alarms)) <= 2


ALPHAS, STRENGTHS = {"alpha": [0.1, 1.0, 100.0]}, {"C": [1.0, 0.01, 0.0001]}
IRIS, DIABETES = load_iris(return_X_y=True), load_diabetes(return_X_y=True)
TWO = IRIS[0], np.array(["no", "yes"])[(IRIS[1] == 2).astype(int)]


def searched(scoring, X, y):
    """A search by that score; the best model comes first in its grid."""
    is_regression = y.dtype.kind == "f"
    estimator = Ridge() if is_regression else LogisticRegression(max_iter=500)
    grid = ALPHAS if is_regression else STRENGTHS
    search = GridSearchCV(
        estimator, grid, cv=3, scoring=scoring,
        refit=next(iter(scoring)) if isinstance(scoring, dict) else "chosen",
    )  # fmt: skip
    return examined(search, X, y)


UNSIGNED = {
    "squared error": (make_scorer(mean_squared_error), DIABETES),
    "absolute error of several": (
        {"error": make_scorer(mean_absolute_error), "r2": "r2"}, DIABETES,
    ),
    "wrong labels": (make_scorer(hamming_loss), IRIS),
    "log loss": (make_scorer(log_loss, response_method="predict_proba"), IRIS),
    "Brier": (make_scorer(brier_score_loss, response_method="predict_proba", pos_label="yes"), TWO),
    "by hand": (lambda model, X, y: -model.score(X, y), IRIS),
    "several, by hand": (
        lambda model, X, y: {"right": model.score(X, y), "chosen": -model.score(X, y)}, IRIS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNSIGNED)
def test_a_score_that_falls_as_predictions_get_better_is_a_fault(name):
    scoring, (X, y) = UNSIGNED[name]
    examination = searched(scoring, X, y)
    finding = found(metric_sign, examination)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect == pytest.approx(np.ptp(examination.means))
    # That a constant has more by such a score says nothing.
    assert found(metric_below_baseline, examination) == {}


SIGNED = {
    "none": (None, IRIS),
    "none, numbers": (None, DIABETES),
    "error, negative": (make_scorer(mean_squared_error, greater_is_better=False), DIABETES),
    "log loss": ("neg_log_loss", IRIS),
    "roc_auc": ("roc_auc", TWO),
    "of several classes": ("roc_auc_ovr", IRIS),
    "several": ({"r2": "r2", "error": make_scorer(mean_squared_error)}, DIABETES),
}


@pytest.mark.parametrize("name", SIGNED)
def test_scores_that_rise_with_better_predictions_are_silent(name):
    scoring, (X, y) = SIGNED[name]
    assert found(metric_sign, searched(scoring, X, y)) == {}


def test_a_scorer_that_wants_the_users_own_model_says_so():
    examination = searched(lambda model, X, y: float(model.coef_.mean()), *DIABETES)
    with pytest.raises(NotApplicable, match="takes no other model"):
        metric_sign(examination)


# --- a winner by a score that leaves what training fits out of account -------------------------


class Towards(RegressorMixin, BaseEstimator):
    """Predicts a share of what a linear model does: the whole of it, or nothing."""

    def __init__(self, share=1.0, loss="squared"):
        self.share = share
        self.loss = loss

    def fit(self, X, y):
        of = {"squared": Ridge(), "absolute": QuantileRegressor(alpha=0, solver="highs")}
        self.model_ = of[self.loss].fit(X, y)
        return self

    def predict(self, X):
        return self.share * self.model_.predict(X)


def amounts(seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((300, 4))
    return X, np.exp(0.6 * X[:, 0] + 0.9 * rng.standard_normal(300))


def winners(grid, scoring, data):
    return found(
        metric_panel_of_numbers,
        examined(GridSearchCV(Towards(), grid, cv=4, scoring=scoring), *data),
    )


def test_a_winner_by_percentages_that_predicts_nothing_is_a_fault():
    percentages = "neg_mean_absolute_percentage_error"
    finding = winners({"share": [0.0, 1.0]}, percentages, amounts())[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "warning")
    assert finding.evidence["r2_lost"][0] > 0.05


@pytest.mark.parametrize(("loss", "n_findings"), [("mse", 1), ("mae", 0)])
def test_a_winner_without_r2_whose_loss_is_squared_errors_is_a_fault(loss, n_findings):
    grid = {"share": [0.01, 1.0]}  # which ranks as well
    X = np.random.default_rng(0).standard_normal((300, 4))
    y = 20 + X @ [8.0, 4.0, 1.0, 0.0]
    y[::5] = 0.01
    search = GridSearchCV(Towards(), grid, cv=4, scoring="neg_mean_absolute_percentage_error")
    examination = examined(search, X, y)
    for trial in examination.trials:
        trial.records = [SimpleNamespace(facts={"loss": loss}, epochs_run=1)]
    findings = found(metric_panel_of_numbers, examination)
    assert len(findings) == n_findings
    assert all("squared errors were minimised" in each.title for each in findings.values())


@pytest.mark.parametrize(
    ("grid", "scoring"),
    [
        ({"loss": ["squared", "absolute"]}, "neg_mean_absolute_error"),
        ({"share": [0.8, 1.0]}, "neg_mean_absolute_error"),
        ({"share": [0.0, 1.0]}, "r2"),
    ],
    ids=["median against mean", "shrunk", "by R2"],
)
def test_a_winner_that_ranks_as_well_is_silent(grid, scoring):
    for seed in range(5):
        assert winners(grid, scoring, amounts(seed)) == {}
