"""Too little training, or another amount than asked for: what it costs, and look-alikes."""

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


@pytest.mark.parametrize(
    "estimator",
    [
        Own(epochs=2),
        Own(epochs=9, callbacks=[keras.callbacks.EarlyStopping("loss", min_delta=9)]),
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


@pytest.mark.parametrize(
    ("scores", "n_epochs", "codes"),
    [((0.4, 0.3), 6, {UNSETTLED}), ((0.4, 0.3), 40, set()), ((0.99, 0.3), 6, set())],
    ids=["worse than trees", "after many epochs", "as good as trees"],
)
def test_flat_losses_are_trained_longer_where_trees_beat_few_epochs(scores, n_epochs, codes):
    table = np.array(scores)[:, None] + NOISE[:2]
    flat = made_up(table, records=curve(1.0, *[0.1] * (n_epochs - 1)))

    def score(candidate, fold, epochs_factor=1, **_):  # the second leaves its plateau
        return table[candidate, fold] + (epochs_factor > 1) * (0.0, 0.4)[candidate]

    assert set(finding_of(budget_extension, answering(flat, score))) == codes


def test_a_rising_loss_needs_a_budget():
    examination = made_up(np.array([[0.8, 0.7, 0.8]]), records=curve(1.0, 0.8, 0.7, 0.6))
    with pytest.raises(NotApplicable, match="beyond the budget"):
        finding_of(budget_extension, examination)


# Schedules


def decaying(n_steps):
    """Builds with a rate that is nothing after so many steps."""
    return lambda rate: built(
        optimizer=keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(rate, n_steps)),
        run_eagerly=False,
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
