"""A stopper by the loss that costs accuracy is found; one that does not is silent."""

from types import SimpleNamespace

import numpy as np
from examined import examined, found
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV

from helpers.diagnosis.checks.metric_loss_mismatch import metric_loss_mismatch

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
