"""Too little training, or another amount than asked for: what it costs, and look-alikes."""

import contextlib

import keras.wrappers
import numpy as np
import pytest
from examined import examined, found
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, StratifiedKFold
from trained import Own, answering, built, finding_of, made_up, observed, record

from helpers import KerasClassifier
from helpers.diagnosis.checks.budget_diverged import budget_diverged
from helpers.diagnosis.checks.budget_epochs_ignored import budget_epochs_ignored
from helpers.diagnosis.checks.budget_extension import budget_extension
from helpers.diagnosis.checks.budget_halving import budget_halving
from helpers.diagnosis.checks.budget_schedule import budget_schedule
from helpers.diagnosis.checks.budget_stopped_too_early import budget_stopped_too_early
from helpers.diagnosis.checks.budget_stopper_inert import budget_stopper_inert
from helpers.diagnosis.checks.budget_unequal_updates import budget_unequal_updates
from helpers.diagnosis.examination import Budget
from helpers.diagnosis.registry import NotApplicable

NOISE = np.random.default_rng(0).normal(0, 0.004, (4, 3))
IMPROVING, UNSETTLED = "budget/still-improving", "budget/ranking-not-settled"


def curve(*losses, **fields):
    return lambda candidate, fold: record(
        history={"loss": list(losses)}, epochs_run=len(losses), epochs_asked=len(losses), **fields
    )


# Diverged


@pytest.mark.parametrize(
    ("losses", "loss"),
    [((1.0, np.nan), "mse"), ((1.0, np.inf), "mse"), ((1.0, 2.0, 500.0), "mse"),
     ((900.0, 500.0), "sparse_categorical_crossentropy")],
    ids=["NaN", "infinite", "rises", "from the first epoch"],
)  # fmt: skip
def test_losses_that_explode_are_found(losses, loss):
    examination = made_up(np.full((2, 3), 0.5), records=curve(*losses, facts={"loss": loss}))
    finding = finding_of(budget_diverged, examination)["budget/diverged"]
    assert (finding.verdict, finding.severity) == ("fault", "serious")


class Spoils(keras.callbacks.Callback):
    """Leaves weights that are no numbers, as 0/0 in a layer does; a relu then returns zeros."""

    def on_train_end(self, logs=None):
        self.model.set_weights([each * np.nan for each in self.model.get_weights()])


def test_weights_that_are_no_numbers_are_found_behind_a_loss_that_is():
    search = GridSearchCV(Own(callbacks=[Spoils()]), {}, cv=2)
    found, examination = observed(search, check=budget_diverged)
    assert np.isfinite([trial.record.loss_last for trial in examination.trials]).all()
    assert "weights of 2 of 2 fits diverged" in found["budget/diverged"].title


@pytest.mark.parametrize(
    ("losses", "loss"),
    [((1.0, 900.0, 0.9), "mse"), ((5e6, 4e6), "mae"), ((0.0001, 0.05), "mse"), ((), "mse"),
     ((0.4, 2.0), "sparse_categorical_crossentropy"), ((-1.0, -5.0), "custom")],
    ids=["spike", "large units", "small", "none", "overfitted", "negative"],
)  # fmt: skip
def test_losses_that_end_well_are_silent(losses, loss):
    examination = made_up(np.full((2, 3), 0.5), records=curve(*losses, facts={"loss": loss}))
    assert finding_of(budget_diverged, examination) == {}


def test_a_fit_that_failed_has_no_loss_to_explode():
    failed = made_up(np.full((2, 3), np.nan), records=lambda *_: record(facts={}, history={}))
    assert finding_of(budget_diverged, failed) == {}


# Epochs


class OneEpoch(Own):
    def fit(self, X, y, sample_weight=None):
        asked, self.epochs = self.epochs, 1
        super().fit(X, y)
        self.epochs = asked
        return self


def wrapped(X, y):
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])


def one_hot_model(X, y):
    model = wrapped(X, y)
    model.compile("sgd", "categorical_crossentropy", run_eagerly=True)
    return model


@pytest.mark.parametrize(
    ("estimator", "options"),
    [
        (OneEpoch(epochs=3), {}),
        (OneEpoch(epochs=2), {"budget": 4}),
        (keras.wrappers.SKLearnClassifier(one_hot_model, fit_kwargs={"epochs": 3}), {}),
    ],
    ids=["own", "with effect", "keras.wrappers"],
)
def test_epochs_that_did_not_run_are_found(estimator, options):
    search = GridSearchCV(estimator, {}, cv=2)
    finding = observed(search, check=budget_epochs_ignored, **options)[0]["budget/epochs-ignored"]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.evidence["epochs_given_to_keras"] == 1
    assert (finding.interval is not None) == bool(options)


class OfBatches(Own):
    """Gives Keras a generator, which can be gone through once, or what starts again."""

    def __init__(self, again=False, epochs=8):
        super().__init__(epochs=epochs)
        self.again = again

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.model_ = built()
        self.model_.fit(_Again(X, y) if self.again else _once(X, y), epochs=self.epochs, verbose=0)
        return self


def _once(X, y):
    for first in range(0, len(X), 5):
        yield X[first : first + 5], y[first : first + 5]


class _Again(keras.utils.PyDataset):
    def __init__(self, X, y):
        super().__init__()
        self.batches = list(_once(X, y))

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, position):
        return self.batches[position]


@pytest.mark.parametrize("again", [False, True])
def test_data_that_run_out_after_an_epoch_are_found(again):
    search = GridSearchCV(OfBatches(again), {}, cv=2)
    found, _ = observed(search, check=budget_epochs_ignored)
    if again:
        assert found == {}
        return
    finding = found["budget/epochs-ignored"]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.evidence["updates_in_first_epoch"] == 6
    assert finding.evidence["updates"] < 24


class TwoPhases(Own):
    """Goes on after the first phase, with what it believes to be more epochs."""

    more = 2

    def fit(self, X, y):
        super().fit(X, y)
        self.model_.fit(X, y, verbose=0, initial_epoch=self.epochs, epochs=self.more)
        return self


class OneAfterTheOther(TwoPhases):
    more = 4


@pytest.mark.parametrize("budget", [0, 2])
def test_a_second_phase_that_trains_nothing_is_found(budget):
    search = GridSearchCV(TwoPhases(epochs=2), {}, cv=2)
    found, _ = observed(search, check=budget_epochs_ignored, budget=budget)
    finding = found["budget/epochs-ignored"]
    assert (finding.verdict, finding.evidence["initial_epoch"]) == ("fault", 2)
    assert (finding.interval is not None) == (budget > 0)


def test_a_second_phase_that_trains_is_silent():
    search = GridSearchCV(OneAfterTheOther(epochs=2), {}, cv=2)
    assert observed(search, check=budget_epochs_ignored)[0] == {}


def stopping(**settings):
    return keras.callbacks.EarlyStopping(monitor="loss", **settings)


@pytest.mark.parametrize(
    "estimator",
    [
        Own(epochs=2),
        Own(epochs=9, callbacks=[stopping(patience=0, min_delta=9)]),
        KerasClassifier(
            lambda meta: wrapped(None, None), epochs=2, run_eagerly=True, random_state=0
        ),
    ],
    ids=["own", "stopped", "ours"],
)
def test_epochs_that_ran_or_were_stopped_are_silent(estimator):
    search = GridSearchCV(estimator, {}, cv=2)
    assert observed(search, check=budget_epochs_ignored)[0] == {}


def test_epochs_of_something_else_than_keras_are_silent():
    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, cv=2)
    assert observed(search, check=budget_epochs_ignored)[0] == {}


# Training longer


def longer(gains, scores=(0.8, 0.7)):
    """Candidates that score so and gain so much when trained for longer."""
    table = np.array(scores)[:, None] + NOISE[: len(scores)]

    def score(candidate, fold, seed=None, epochs_factor=1, **_):
        noise = 0.0 if seed is None else 0.004 * np.sin(7 * seed + fold + candidate)
        return table[candidate, fold] + (epochs_factor > 1) * gains[candidate] + noise

    return answering(made_up(table, records=curve(1.0, 0.8, 0.7, 0.6)), score)


def test_a_gain_by_training_longer_is_a_fault():
    found = finding_of(budget_extension, longer((0.1, 0.1)))
    assert set(found) == {IMPROVING}
    assert (found[IMPROVING].verdict, found[IMPROVING].severity) == ("fault", "serious")
    assert found[IMPROVING].effect == pytest.approx(0.1)


def test_another_winner_is_a_fault():
    found = finding_of(budget_extension, longer((0.0, 0.3)))
    assert set(found) == {UNSETTLED}
    assert found[UNSETTLED].verdict == "fault"
    assert found[UNSETTLED].evidence["winner_trained_longer"] == {"learning_rate": 0.2}


@pytest.mark.parametrize("gains", [(0.0, 0.0), (0.0, 0.05), (-0.1, 0.0), (0.005, 0.005)])
def test_no_gain_is_no_fault(gains):
    assert finding_of(budget_extension, longer(gains)) == {}


def test_flat_and_stopped_losses_are_not_trained_longer():
    table = np.array([0.8, 0.7])[:, None] + NOISE[:2]
    flat = made_up(table, records=curve(1.0, 0.2, 0.1, 0.1, 0.1, 0.1))
    stopped = made_up(
        table, records=lambda *_: record(stop_training=True, epochs_asked=99, epochs_run=3)
    )
    for examination in (flat, stopped):
        assert finding_of(budget_extension, examination) == {}  # a fit would raise


def test_a_rising_loss_needs_a_budget():
    examination = made_up(np.array([[0.8, 0.7, 0.8]]), records=curve(1.0, 0.8, 0.7, 0.6))
    with pytest.raises(NotApplicable, match="beyond the budget"):
        finding_of(budget_extension, examination)


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
        return built(rate, metrics=["accuracy"])

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


# Schedules


def decaying(n_steps):
    """Builds with a rate that is nothing after so many steps."""
    return lambda rate: built(
        optimizer=keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(rate, n_steps))
    )


def decayed(n_steps):
    search = GridSearchCV(
        Own(decaying(n_steps), epochs=20, batch_size=8), {"learning_rate": [0.02]},
        cv=StratifiedKFold(5, shuffle=True, random_state=0),
    )  # fmt: skip
    return observed(search, check=budget_schedule, budget=15, delta=0.02)


def test_a_schedule_whose_steps_were_taken_for_epochs_is_a_fault():
    found, examination = decayed(20)
    finding = found["budget/still-improving"]
    assert finding.verdict == "fault"
    assert finding.evidence["updates"] == 120
    assert [trial.record.facts["schedule_ends"] for trial in examination.trials] == [
        finding.evidence["schedule_ends_after"]
    ] * 5


def test_a_schedule_over_the_whole_training_is_not_looked_at():
    with pytest.raises(NotApplicable, match="no schedule has ended before half"):
        decayed(120)


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
    fit_params = {"callbacks": [stopping()]}
    found, _ = observed(Drops(), check=budget_stopper_inert, fit_params=fit_params)
    assert found["budget/stopper-inert"].title == "EarlyStopping was given and reached no fit"


@pytest.mark.parametrize(
    "estimator",
    [
        Own(callbacks=[stopping(patience=50)], epochs=2),
        Own(callbacks=[keras.callbacks.EarlyStopping(patience=9)], validation_split=0.2),
        Own(callbacks=[keras.callbacks.TerminateOnNaN()]),
        Own(callbacks=[Logs(), keras.callbacks.EarlyStopping("val_f1", mode="max")]),
        Own(callbacks=[Logs(), StopsAt("val_f1")]),
        Own(callbacks=[StopsAt("val_loss", otherwise="loss")]),
        Own(callbacks=[Prints()]),
        Own(callbacks=[keras.callbacks.EarlyStopping("loss", start_from_epoch=3)], epochs=2),
        KerasClassifier(
            lambda meta: wrapped(None, None), epochs=1, run_eagerly=True, random_state=0,
            callbacks=keras.callbacks.EarlyStopping, callbacks__monitor="loss",
        ),
    ],
    ids=["patient", "validation rows", "no monitor", "behind its metric", "own", "otherwise",
         "printed", "waiting", "a class"],
)  # fmt: skip
def test_a_stopper_that_can_act_is_silent(estimator):
    search = GridSearchCV(estimator, {}, cv=2)
    assert observed(search, check=budget_stopper_inert)[0] == {}


# Updates


def by_batch_size(gain, scores=(0.8, 0.6), epochs=(10, 10)):
    """The second candidate makes a fifth of the updates, and gains so much by as many."""
    table = np.array(scores)[:, None] + NOISE[:2]

    def records(candidate, fold):
        asked = epochs[candidate]
        return record(steps=(10, 2)[candidate], epochs_asked=asked, epochs_run=asked)

    def score(candidate, fold, epochs_factor=1, **_):
        return table[candidate, fold] + (epochs_factor > 1) * gain

    return answering(made_up(table, records=records), score)


def test_a_gap_that_equal_updates_close_is_a_fault():
    finding = finding_of(budget_unequal_updates, by_batch_size(0.2))["budget/unequal-updates"]
    assert (finding.verdict, finding.severity) == ("fault", "warning")
    assert finding.evidence["updates"] == {
        "{'learning_rate': 0.1}": 100.0, "{'learning_rate': 0.2}": 20.0,
    }  # fmt: skip


def by_accumulation(gain, n_batches=4):
    """The second and third candidate add up the gradients of four and of many batches."""
    table = np.array((0.8, 0.6, 0.2))[:, None] + NOISE[:3]

    def records(candidate, fold):
        facts = {"steps_per_update": (1, n_batches, 8 * n_batches)[candidate]}
        return record(steps=100, epochs_asked=10, epochs_run=10, facts=facts)

    def score(candidate, fold, epochs_factor=1, **_):
        return table[candidate, fold] + (epochs_factor > 1) * gain

    return answering(made_up(table, records=records), score)


def test_updates_of_several_batches_are_counted_and_the_affordable_one_is_tried():
    examination = by_accumulation(0.2)
    examination.budget = Budget(seconds=15)
    finding = finding_of(budget_unequal_updates, examination)["budget/unequal-updates"]
    assert finding.verdict == "fault"
    assert list(finding.evidence["updates"].values()) == [1000.0, 250.0, 31.25]
    assert "made 250 updates" in finding.title


@pytest.mark.parametrize(
    ("gain", "options", "verdicts"),
    [(0.0, {}, {"not the cause"}), (0.2, {"scores": (0.8, 0.8)}, set()),
     (0.2, {"epochs": (2, 10)}, set())],
    ids=["no gain", "no gap", "equal updates"],
)  # fmt: skip
def test_updates_that_explain_nothing_are_no_fault(gain, options, verdicts):
    found = finding_of(budget_unequal_updates, by_batch_size(gain, **options))
    assert {finding.verdict for finding in found.values()} == verdicts


# Halving


class Curve(ClassifierMixin, BaseEstimator):
    """Right in a share of the rows that a candidate's learning curve tells."""

    def __init__(self, blooms="soon", epochs=1):
        self.blooms, self.epochs = blooms, epochs

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        right = {"soon": 0.7, "late": min(0.9, 0.5 + self.epochs / 16)}[self.blooms]
        truth = (X[:, 0] > 0).astype(int)
        wrong = X[:, 1] > right
        return np.where(wrong, 1 - truth, truth)


HALVED = np.column_stack([np.resize([-1.0, 1.0], 400), np.random.default_rng(0).uniform(size=400)])


def halving(blooms, budget):
    search = HalvingGridSearchCV(
        Curve(), {"blooms": blooms}, resource="epochs", min_resources=2, max_resources=8,
        factor=4, cv=StratifiedKFold(5), scoring="accuracy",
    )  # fmt: skip
    examination = examined(search, HALVED, (HALVED[:, 0] > 0).astype(int), budget=budget)
    return examination, found(budget_halving, examination)


@pytest.mark.parametrize(("budget", "n_fits"), [(20, 20), (12, 12), (8, 8)])
def test_a_first_rung_that_drops_the_winner_is_found_on_the_folds_that_are_paid(budget, n_fits):
    examination, told = halving(["soon", "soon", "soon", "late"], budget)
    finding = told["budget/ranking-not-settled"]
    assert finding.verdict == "fault"
    assert finding.interval[0] > 0.05
    assert examination.budget.spent_fits == n_fits


def test_a_first_rung_that_keeps_the_winner_is_silent():
    assert halving(["soon", "soon"], 20)[1] == {}


def test_a_first_rung_takes_two_folds():
    assert halving(["soon", "soon", "soon", "late"], 7)[1] == {}
