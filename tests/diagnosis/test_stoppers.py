"""Stoppers that end too early, or that cannot act: what it costs, and look-alikes."""

import contextlib

import keras.wrappers
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from trained import Own, answering, built, finding_of, made_up, observed, record

from helpers import KerasClassifier
from helpers.diagnosis.checks.budget_stopped_too_early import budget_stopped_too_early
from helpers.diagnosis.checks.budget_stopper_inert import budget_stopper_inert
from helpers.diagnosis.registry import NotApplicable

NOISE = np.random.default_rng(0).normal(0, 0.004, (4, 3))


# Stopped too early


def stopped(gain, **fields):
    told = [{"name": "EarlyStopping", "settings": {"patience": 1, "monitor": "val_loss"}}]
    table = np.array([0.8, 0.7])[:, None] + NOISE[:2]

    def score(candidate, fold, patience_factor=1, **_):
        return table[candidate, fold] + (patience_factor > 1) * gain

    fields = {"stop_training": True, "epochs_asked": 99, "callback_facts": told} | fields
    return answering(made_up(table, records=lambda *_: record(**fields)), score)


def test_a_stopper_without_patience_is_a_fault():
    finding = finding_of(budget_stopped_too_early, stopped(0.1))["budget/stopped-too-early"]
    assert finding.verdict == "fault"
    assert finding.effect == pytest.approx(0.1)


@pytest.mark.parametrize(
    ("losses", "baseline", "verdict"),
    [([0.9, 0.5, 0.4], 0.1, "fault"), ([0.9, 0.5, 0.4], 0.45, None), ([0.4, 0.5, 0.6], 0.1, None),
     ([0.9, 0.5, 0.4], None, None)],
    ids=["never reached", "reached", "at its worst", "none"],
)  # fmt: skip
def test_a_baseline_that_ends_fits_at_their_best_is_proved(losses, baseline, verdict):
    settings = {"patience": 3, "monitor": "val_loss", "mode": "auto", "baseline": baseline}
    told = [{"name": "EarlyStopping", "settings": settings}]
    fields = {"stop_training": True, "epochs_asked": 99, "history": {"val_loss": losses}}
    table = np.array([[0.8, 0.3, 0.8], [0.3, 0.8, 0.3]])
    gains = (0.9, -0.5, -0.1)  # their interval reaches from a loss to a gain

    def score(candidate, fold, patience_factor=1, **_):
        return table[candidate, fold] + (patience_factor > 1) * gains[fold]

    observed = made_up(table, records=lambda *_: record(callback_facts=told, **fields))
    examination = answering(observed, score)
    try:
        found = finding_of(budget_stopped_too_early, examination)
    except NotApplicable:
        found = {}
    assert [each.verdict for each in found.values()] == ([verdict] if verdict else [])


@pytest.mark.parametrize(
    ("scoring", "restores", "is_changed"),
    [
        ("average_precision", True, True),
        ("average_precision", False, False),
        ("accuracy", True, False),
    ],
)
def test_a_stopper_that_goes_back_by_accuracy_watches_the_loss(scoring, restores, is_changed):
    settings = {"patience": 1, "monitor": "val_accuracy", "restore_best_weights": restores}
    told = [{"name": "EarlyStopping", "settings": settings}]
    examination = stopped(0.1, callback_facts=told)
    examination.subject.search.set_params(scoring=scoring)
    finding = finding_of(budget_stopped_too_early, examination)["budget/stopped-too-early"]
    assert ("by the loss" in finding.title) == is_changed


@pytest.mark.parametrize("gain", [0.0, -0.1])
def test_a_stopper_that_was_right_is_silent(gain):
    assert finding_of(budget_stopped_too_early, stopped(gain)) == {}


@pytest.mark.parametrize("fields", [{"stop_training": False}, {"callback_facts": []}])
def test_without_a_stopper_there_is_nothing_to_check(fields):
    with pytest.raises(NotApplicable, match="no stopper ended the winner's fits"):
        finding_of(budget_stopped_too_early, stopped(0.3, **fields))


class Enough(keras.callbacks.Callback):
    """Ends training by a rule that has nothing to do with what is still to be learnt."""

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 0


@pytest.mark.parametrize(
    "stopper",
    [Enough(), keras.callbacks.EarlyStopping("accuracy", baseline=0.999, patience=1, mode="max")],
    ids=["of one's own", "baseline"],
)
def test_a_stopper_that_ends_by_a_level_is_a_fault(stopper):
    def measured(rate):
        return built(rate, metrics=["accuracy"], run_eagerly=False)

    search = GridSearchCV(
        Own(measured, epochs=40, batch_size=8, callbacks=[stopper]), {"learning_rate": [0.003]},
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
    )  # fmt: skip
    found, examination = observed(search, check=budget_stopped_too_early, budget=15, delta=0.02)
    assert {trial.record.epochs_run for trial in examination.trials} <= {1, 2}
    finding = found["budget/stopped-too-early"]
    assert max(finding.evidence["epochs_with_patience"]) == 40
    assert finding.verdict == "fault"


def test_longer_fits_keep_to_the_budget():
    epochs = []

    def patient(candidate, fold, most_epochs=None, **_):
        epochs.append(most_epochs)
        return 0.9

    told = [{"name": "EarlyStopping", "settings": {"patience": 1, "monitor": "val_loss"}}]
    fields = {"stop_training": True, "epochs_asked": 99, "callback_facts": told, "seconds": 0.1}
    table = np.array([0.8, 0.7])[:, None] + NOISE[:2]
    examination = answering(made_up(table, records=lambda *_: record(**fields)), patient, None)
    examination.budget.seconds = 10.0
    with contextlib.suppress(NotApplicable):
        budget_stopped_too_early(examination)
    assert 20 < max(epochs) < 4000  # 3 of 10 seconds are for a fit of 1 epoch in 0.1 s
    examination.budget.seconds = 0.1
    with pytest.raises(NotApplicable, match="beyond the budget"):
        budget_stopped_too_early(examination)


# Inert stoppers

INERT = "budget/stopper-inert"


@pytest.mark.parametrize(
    "estimator",
    [
        Own(callbacks=[keras.callbacks.EarlyStopping(monitor="val_acc", mode="max")]),
        Own(callbacks=[keras.callbacks.EarlyStopping(monitor="val_acc")]),
        Own(callbacks=[keras.callbacks.ReduceLROnPlateau(monitor="val_loss")]),
    ],
    ids=["mode", "auto", "plateau"],
)
def test_a_stopper_that_cannot_act_is_found(estimator):
    found, _ = observed(estimator, check=budget_stopper_inert)
    assert "which is not in the logs" in found["budget/stopper-inert"].title


class StopsAt(keras.callbacks.Callback):
    """Ends training at a level of a metric, if it is there."""

    def __init__(self, name, level=0.99, otherwise=None):
        super().__init__()
        self.name, self.level, self.otherwise = name, level, otherwise

    def on_epoch_end(self, epoch, logs=None):
        current = logs.get(self.name, logs.get(self.otherwise) if self.otherwise else None)
        if current is not None and current > self.level:
            self.model.stop_training = True


class Prints(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.shown = f"{epoch}: {logs.get('lr')}"


def test_a_stopper_of_ones_own_that_asks_for_what_is_not_there_is_found():
    callback = StopsAt("val_acc")
    found, _ = observed(Own(callbacks=[callback]), check=budget_stopper_inert)
    assert "StopsAt monitors 'val_acc', which is not in the logs" in found[INERT].title
    assert "on_epoch_end" not in vars(callback)


class Logs(keras.callbacks.Callback):
    """Writes a metric of its own into the logs, as users do."""

    def on_epoch_end(self, epoch, logs=None):
        logs["val_f1"] = 1 / (1 + epoch)


@pytest.mark.parametrize(
    "stopper",
    [
        keras.callbacks.EarlyStopping("val_f1", mode="max"),
        keras.callbacks.ReduceLROnPlateau("val_f1", mode="max"),
    ],
    ids=["stopper", "plateau"],
)
def test_a_stopper_whose_turn_comes_before_its_metric_is_found(stopper):
    found, _ = observed(Own(callbacks=[stopper, Logs()]), check=budget_stopper_inert)
    assert "'val_f1', which is in the logs only after its turn" in found[INERT].title


class Drops(Own):
    def fit(self, X, y, **dropped):
        return super().fit(X, y)


def test_a_stopper_that_reaches_no_fit_is_found():
    fit_params = {"callbacks": [keras.callbacks.EarlyStopping("loss")]}
    found, _ = observed(Drops(), check=budget_stopper_inert, fit_params=fit_params)
    assert found["budget/stopper-inert"].title == "EarlyStopping was given and reached no fit"


@pytest.mark.parametrize(
    "estimator",
    [
        Own(callbacks=[keras.callbacks.EarlyStopping("loss", patience=50)], epochs=2),
        Own(callbacks=[keras.callbacks.EarlyStopping(patience=9)], validation_split=0.2),
        Own(callbacks=[keras.callbacks.TerminateOnNaN()]),
        Own(callbacks=[Logs(), keras.callbacks.EarlyStopping("val_f1", mode="max")]),
        Own(callbacks=[Logs(), StopsAt("val_f1")]),
        Own(callbacks=[StopsAt("val_loss", otherwise="loss")]),
        Own(callbacks=[Prints()]),
        Own(callbacks=[keras.callbacks.EarlyStopping("loss", start_from_epoch=3)], epochs=2),
        KerasClassifier(
            lambda meta: built(), epochs=1, random_state=0,
            callbacks=keras.callbacks.EarlyStopping, callbacks__monitor="loss",
        ),
    ],
    ids=["patient", "validation rows", "no monitor", "behind its metric", "own", "otherwise",
         "printed", "waiting", "a class"],
)  # fmt: skip
def test_a_stopper_that_can_act_is_silent(estimator):
    search = GridSearchCV(estimator, {}, cv=2)
    assert observed(search, check=budget_stopper_inert)[0] == {}
