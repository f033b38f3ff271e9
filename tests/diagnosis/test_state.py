"""What one fit leaves to the next: found where it is planted, not where it only looks so."""

import itertools
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from saboteurs import builder_on_one_layer
from sklearn.model_selection import GridSearchCV, KFold
from trained import Own, X, Y, built, finding_of, made_up, observed, record

from helpers import KerasClassifier
from helpers.diagnosis.checks.state_mutated_parameter import state_mutated_parameter
from helpers.diagnosis.checks.state_order_dependent import state_order_dependent
from helpers.diagnosis.checks.state_shared_callback import state_shared_callback
from helpers.diagnosis.checks.state_shared_optimizer import state_shared_optimizer
from helpers.diagnosis.checks.state_shared_weights import state_shared_weights
from helpers.diagnosis.checks.state_stale_results import state_stale_results, state_stale_trials
from helpers.diagnosis.outside import Outside
from helpers.diagnosis.registry import NotApplicable
from helpers.quiet import keras

WEIGHTS, OPTIMIZER, CALLBACK = (f"state/shared-{each}" for each in ("weights", "optimizer",
                                                                    "callback"))  # fmt: skip


def compiled(model, optimizer=None):
    model.compile(optimizer or "sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    return model


# Weights


def one_model():
    model = built()
    return lambda rate: model


def one_layer():
    build = builder_on_one_layer()
    return lambda rate: compiled(build())


def trained_and_saved(tmp_path):
    model = built()
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    return lambda rate: keras.saving.load_model(tmp_path / "model.keras")


@pytest.mark.parametrize("plant", [one_model, one_layer])
def test_shared_weights_are_found(plant):
    found, _ = observed(Own(plant()), check=state_shared_weights)
    assert (found[WEIGHTS].verdict, found[WEIGHTS].severity) == ("fault", "serious")


def test_weights_trained_before_the_search_are_found(tmp_path):
    found, _ = observed(Own(trained_and_saved(tmp_path)), check=state_shared_weights)
    assert found[WEIGHTS].evidence == {"updates_at_start": 2, "fits": 4}


def frozen_base():
    base = keras.layers.Dense(4, activation="relu", trainable=False)
    return lambda rate: compiled(
        keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(3, activation="softmax")])
    )


class InTwoSteps(Own):
    """Goes on with its own model."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y)
        self.model_.fit(X, y, verbose=0)
        return self


@pytest.mark.parametrize(
    "estimator",
    [Own(), Own(frozen_base()), InTwoSteps(), Own(seed=None)],
    ids=["one seed", "frozen base", "two steps", "no seed"],
)
def test_equal_or_own_weights_are_none_of_another_fit(estimator):
    for check in (state_shared_weights, state_shared_optimizer):
        assert observed(estimator, check=check)[0] == {}


# Optimizers


class FromABase(Own):
    """Goes on from a base that the first fit has trained, on rows so far from its own."""

    base = None

    def __init__(self, away=0.0):
        super().__init__()
        self.away = away

    def fit(self, X, y, sample_weight=None):
        if type(self).base is None:
            type(self).base = self.trained(X + self.away, y).get_weights()[:2]
        self.classes_, self.model_ = np.unique(y), self.trained(X, y)
        return self

    def trained(self, X, y):
        model = compiled(keras.Sequential([keras.Input((X.shape[1],)), *self.layers()]))
        if self.base is not None:
            model.layers[0].set_weights(self.base)
        model.fit(X, y, verbose=0)
        return model

    def layers(self):
        return keras.layers.Dense(4, "relu"), keras.layers.Dense(3, "softmax")


@pytest.mark.parametrize(("away", "codes"), [(100.0, set()), (0.0, {WEIGHTS})])
def test_a_base_trained_on_other_data_within_the_first_fit_is_none_of_it(monkeypatch, away, codes):
    monkeypatch.setattr(FromABase, "base", None)
    search = GridSearchCV(FromABase(), {"away": [away]}, cv=2)
    found, examination = observed(search, check=state_shared_weights)
    assert set(found) == codes
    assert len(examination.recorder.fits) == 4  # the base, two folds, the refit


def one_optimizer():
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    return lambda rate: built(optimizer=optimizer)


def test_an_optimizer_that_another_fit_used_is_found():
    found, _ = observed(Own(one_optimizer()), check=state_shared_optimizer)
    assert found[OPTIMIZER].verdict == "fault"
    found, _examination = observed(Own(one_model()), check=state_shared_optimizer)
    assert found[OPTIMIZER].evidence["fits"] == list(range(1, 5))
    assert "fits started with the optimizer of another fit" in found[OPTIMIZER].title


def test_optimizers_in_the_grid_are_copied_and_silent():
    grid = {"optimizer": [keras.optimizers.SGD(0.1), keras.optimizers.Adam(0.1)]}

    def build(meta):
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])

    estimator = KerasClassifier(build, epochs=1, run_eagerly=True, random_state=0)
    search = GridSearchCV(estimator, grid, cv=2)
    assert observed(search, check=state_shared_optimizer)[0] == {}


# Callbacks


class OnTheClass(keras.callbacks.Callback):
    """Trains slower with each fit."""

    n_fits = 0

    def on_train_begin(self, logs=None):
        self.model.optimizer.learning_rate = 0.5 / 5**OnTheClass.n_fits

    def on_train_end(self, logs=None):
        OnTheClass.n_fits += 1


class Diary(keras.callbacks.Callback):
    """Only writes down."""

    def __init__(self):
        super().__init__()
        self.n_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.n_epochs += 1


def test_a_callback_that_carries_on_is_a_fault():
    found, _ = observed(Own(callbacks=[OnTheClass()]), budget=2, check=state_shared_callback)
    assert (found[CALLBACK].verdict, found[CALLBACK].severity) == ("fault", "serious")
    assert "OnTheClass.n_fits" in found[CALLBACK].title
    assert OnTheClass.n_fits == 0


class Handing(Own):
    """Hands its callbacks to all of its clones."""

    def __sklearn_clone__(self):
        return type(self)(**self.get_params(deep=False))


def test_a_callback_that_only_counts_is_not_the_cause():
    found, _ = observed(Handing(callbacks=[Diary()]), budget=2, check=state_shared_callback)
    assert (found[CALLBACK].verdict, found[CALLBACK].severity) == ("not the cause", "info")


class KeepsTheBest(keras.callbacks.Callback):
    """Gives back the best weights it has seen, in whatever fit."""

    def __init__(self):
        super().__init__()
        self.best, self.weights = np.inf, None

    def on_epoch_end(self, epoch, logs=None):
        if logs["loss"] < self.best:
            self.best, self.weights = logs["loss"], self.model.get_weights()

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)


def test_a_fit_that_ends_with_the_best_weights_of_another_is_a_fault():
    """Whatever fresh fits came between: the best of all fits alone is as it would have been."""
    estimator = Handing(callbacks=[KeepsTheBest()], epochs=3)
    found, _ = observed(estimator, budget=2, check=state_shared_callback)
    assert found[CALLBACK].verdict == "fault"


def test_a_fit_that_takes_up_a_backup_is_a_fault(tmp_path):
    def backup():
        return [keras.callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)]

    found, _ = observed(Own(callbacks=backup(), epochs=2), check=state_shared_callback)
    assert found[CALLBACK].verdict == "fault"
    assert len(found[CALLBACK].evidence["fits_taken_up"]) == 4


@pytest.mark.parametrize(
    "callback",
    [
        keras.callbacks.EarlyStopping(monitor="loss", patience=0),
        keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=0, min_delta=9),
        keras.callbacks.TerminateOnNaN(),
    ],
    ids=lambda each: type(each).__name__,
)
def test_callbacks_of_keras_start_over(callback):
    estimator = Handing(callbacks=[callback], epochs=3)
    assert observed(estimator, check=state_shared_callback)[0] == {}


# Parameters


class Writes(Own):
    def fit(self, X, y, sample_weight=None):
        self.settings["epochs"] = 5
        return super().fit(X, y)


class Notes(Own):
    def fit(self, X, y, sample_weight=None):
        self.history_ = {"epochs": 5}
        self.settings["epochs"]
        return super().fit(X, y)


def test_a_changed_parameter_is_found():
    found, _ = observed(Writes(settings={"epochs": 1}), check=state_mutated_parameter)
    finding = found["state/mutated-parameter"]
    assert finding.evidence["changed"] == ["settings: {'epochs': 1} became {'epochs': 5}"]


def test_attributes_that_a_fit_sets_are_none():
    assert observed(Notes(settings={"epochs": 1}), check=state_mutated_parameter)[0] == {}


# Order


def watching(name):
    def build(rate):
        return built(metrics=[keras.metrics.SparseCategoricalAccuracy(**name)])

    monitor = name.get("name", "sparse_categorical_accuracy")
    stopper = keras.callbacks.EarlyStopping(monitor=monitor, mode="max")
    return Own(build, callbacks=[stopper])


class Numbered(keras.metrics.SparseCategoricalAccuracy):
    """Named by Keras, like AUC: another name in each model."""

    def __init__(self):
        super().__init__(name=keras.src.utils.naming.auto_name("hits"))


def test_a_metric_renamed_from_fit_to_fit_is_found():
    keras.backend.clear_session()
    stopper = keras.callbacks.EarlyStopping(monitor="hits", mode="max")
    estimator = Own(lambda rate: built(metrics=[Numbered()]), callbacks=[stopper])
    found, _ = observed(estimator, check=state_order_dependent)
    assert "another name in later fits" in found["state/order-dependent"].title


def halving(rates):
    """A builder that takes the next rate each time, from where nobody can look."""
    return lambda rate: built(next(rates))


def test_a_setting_that_differs_from_fit_to_fit_is_found():
    rates = (0.4 / 2**n for n in itertools.count())
    found, _ = observed(Own(halving(rates)), budget=4, check=state_order_dependent)
    assert "had another optimizer" in found["state/order-dependent"].title


class Decays:
    """A builder whose rate is the class' own, and decays."""

    rate = 0.4

    def __call__(self, rate):
        Decays.rate /= 2
        return built(Decays.rate)


RATES = [0.4]


def from_a_module(rate):
    RATES.append(RATES[-1] / 2)
    return built(RATES[-1])


class Schedule:
    """One for all fits, kept where nobody resets it."""

    def __init__(self):
        self.rate = 0.4


def from_an_object(rate, schedule=Schedule()):  # noqa: B008 - it is what is to be found
    schedule.rate /= 2
    return built(schedule.rate)


def from_a_closure():
    latest = 0.4

    def build(rate):
        nonlocal latest
        latest /= 2
        return built(latest)

    return build


class Eager(keras.losses.Loss):
    """Weighs all batches less, the more it has seen."""

    def __init__(self):
        super().__init__()
        self.seen = keras.Variable(1.0, trainable=False)

    def call(self, y_true, y_pred):
        self.seen.assign_add(1.0)
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred) / self.seen


def from_a_loss():
    loss = Eager()
    return lambda rate: built(rate, loss=loss)


@pytest.mark.parametrize(
    ("build", "name"),
    [
        (Decays(), "Decays.rate"),
        (from_a_module, "test_state.RATES"),
        (from_an_object, "Schedule.rate"),
        (from_a_closure(), "build.latest"),
        (from_a_loss(), "Eager.seen"),
    ],
    ids=["class", "module", "object", "closure", "variable of a loss"],
)
def test_what_fits_leave_outside_of_them_is_named_and_put_back(build, name):
    outside = Outside([build])
    found, _ = observed(Own(build), budget=3, check=state_order_dependent)
    assert name in found["state/order-dependent"].title
    assert outside.changed() == []


class Warmed(Own):
    """Starts from what the last fit has learnt, a little shaken."""

    bank: ClassVar = []

    def __init__(self, learning_rate=0.1, share=0.8):
        super().__init__(learning_rate=learning_rate)
        self.share = share

    def fit(self, X, y):
        keras.utils.set_random_seed(0)
        self.classes_ = np.unique(y)
        self.model_ = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(60, "relu"), keras.layers.Dense(3, "softmax")]
        )
        compiled(self.model_)
        rng = np.random.default_rng(0)
        for own, kept in zip(self.model_.weights, self.bank, strict=False):
            own.assign(self.share * kept + (1 - self.share) * rng.normal(size=kept.shape) / 9)
        self.model_.fit(X, y, verbose=0)
        self.bank[:] = self.model_.get_weights()
        return self


@pytest.mark.parametrize(("share", "code"), [(0.8, WEIGHTS), (0.0, "state/order-dependent")])
def test_weights_that_are_no_longer_equal_but_alike_are_shared(share, code):
    Warmed.bank.clear()
    search = GridSearchCV(Warmed(share=share), {"learning_rate": [0.1, 0.2]}, cv=2)
    found, _ = observed(search, budget=3, check=state_order_dependent)
    assert list(found) == [code]


LEAST = {}


class GivesUp(Own):
    """Trains on if it keeps up with the best fit so far: the first always does."""

    def fit(self, X, y, sample_weight=None):
        super().fit(X, y)
        loss = self.model_.history.history["loss"][-1]
        if loss <= 1.05 * LEAST.get("loss", np.inf):
            LEAST["loss"] = min(loss, LEAST.get("loss", np.inf))
            self.model_.fit(X, y, epochs=1, verbose=0)
        return self


def test_what_only_later_fits_notice_is_found_in_the_last():
    LEAST.clear()
    search = GridSearchCV(GivesUp(epochs=2), {"learning_rate": [0.1, 0.001]}, cv=2)
    found, _ = observed(search, budget=6, check=state_order_dependent)
    assert "LEAST" in found["state/order-dependent"].title


class Eases(keras.callbacks.Callback):
    """New in each fit, but for the list that its constructor was given by default."""

    def __init__(self, marks=[]):  # noqa: B006 - it is what is to be found
        super().__init__()
        self.marks = marks

    def on_epoch_end(self, epoch, logs=None):
        self.marks.append(logs["loss"])
        self.model.optimizer.learning_rate = 0.1 / len(self.marks)


class Easing(Own):
    def fit(self, X, y, sample_weight=None):
        self.callbacks, before = [Eases()], self.callbacks
        super().fit(X, y)
        self.callbacks = before
        return self


def test_what_callbacks_share_beside_their_objects_is_theirs():
    found, _ = observed(Easing(epochs=2), budget=3, check=state_order_dependent)
    assert found["state/shared-callback"].verdict == "fault"
    assert "Eases.__init__.marks" in found["state/shared-callback"].title


class Counted(Own):
    """Counts its fits, and looks at the number no more."""

    n_fits = 0

    def fit(self, X, y):
        Counted.n_fits += 1
        return super().fit(X, y)


def test_what_fits_leave_and_no_fit_looks_at_is_silent():
    assert observed(Counted(), budget=10, check=state_order_dependent)[0] == {}


def test_fits_that_fail_for_tensorflows_determinism_are_found():
    examination = made_up(np.ones((2, 3)))
    examination.trials[4].error = "RuntimeError: Random ops require a seed to be set"
    found = finding_of(state_order_dependent, examination)
    assert found["state/order-dependent"].evidence["fits_failed"] == 1


@pytest.mark.parametrize("estimator", [Own(), watching({"name": "hit"}), Own(seed=None)],
                         ids=["seeded", "named metric", "no seed"])  # fmt: skip
def test_a_fit_that_nothing_moves_is_silent(estimator):
    assert observed(estimator, budget=4, check=state_order_dependent)[0] == {}


# Stale results


class Remembers(Own):
    """Looks a fit up by its parameters, and by its rows too if it is careful."""

    store: ClassVar = {}

    def key(self, X, y):
        return (X.tobytes(), y.tobytes()) if self.settings else None

    def fit(self, X, y, sample_weight=None):
        key = (type(self), self.learning_rate, self.key(X, y))
        if key not in self.store:
            self.store[key] = super().fit(X, y).model_
        self.model_, self.classes_ = self.store[key], np.unique(y)
        return self


class RemembersWhatIsPrinted(Remembers):
    """Looks a fit up by its labels as they are printed: of a long array, its ends."""

    def key(self, X, y):
        return repr(y[:3]), repr(y[-3:])


def test_results_kept_under_parameters_alone_are_found():
    Remembers.store = {}
    found, _ = observed(Remembers(), budget=1, check=state_stale_results)
    assert "2 of 4 fits trained nothing" in found["state/stale-results"].title


def test_results_kept_under_what_is_printed_are_found():
    Remembers.store = {}
    found, _ = observed(RemembersWhatIsPrinted(), budget=2, check=state_stale_results)
    assert "train nothing with other labels" in found["state/stale-results"].title


def test_a_cache_by_rows_is_silent_where_the_labels_that_are_not_printed_are_equal():
    Remembers.store = {}
    search = GridSearchCV(
        Remembers(settings={"careful": 1}), [{"learning_rate": [0.1]}] * 2, cv=KFold(2)
    )
    with pytest.raises(NotApplicable, match="a cache"):
        observed(search, X, np.tile(np.repeat([0, 1, 2], 10), 2), budget=2,
                 check=state_stale_results)  # fmt: skip


def test_a_cache_by_rows_is_silent():
    Remembers.store = {}
    search = GridSearchCV(Remembers(settings={"careful": 1}), [{"learning_rate": [0.1]}] * 2, cv=2)
    with pytest.raises(NotApplicable, match="a cache"):
        observed(search, budget=2, check=state_stale_results)


@pytest.mark.parametrize(("before", "n_findings"), [(True, 1), (False, 0)])
def test_a_backup_of_another_problem_is_found(tmp_path, before, n_findings):
    """One made by the search itself is state that its fits share: another check says that."""

    def keeping():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)

    if before:
        built().fit(X, Y[::-1], verbose=0, callbacks=[keeping()])
    found, _ = observed(Own(callbacks=[keeping()]), check=state_stale_results)
    assert len(found) == n_findings
    if before:
        assert found["state/stale-results"].evidence["fits_that_ran_no_epoch"] == 5


def tuner_with(stored, here):
    trial = SimpleNamespace(score=stored)
    model = SimpleNamespace(evaluate=lambda X, y, **options: {"accuracy": here})
    oracle = SimpleNamespace(
        trials={"0": trial}, objective=SimpleNamespace(name="val_accuracy")
    )  # fmt: skip
    tuner = SimpleNamespace(
        oracle=oracle, load_model=lambda trial: model, executions_per_trial=1, project_dir="here"
    )
    subject = SimpleNamespace(
        search=tuner, fit_params={"validation_split": 0.2}, X=X, y=Y, n_rows=len(X)
    )
    return SimpleNamespace(subject=subject)


def test_trials_of_another_problem_are_found():
    found = finding_of(state_stale_trials, tuner_with(0.9, 0.4))
    assert found["state/stale-results"].evidence["stored"] == [0.9]
    assert finding_of(state_stale_trials, tuner_with(0.9, 0.9)) == {}


def test_fits_that_failed_before_training_are_no_state():
    examination = made_up(
        np.full((2, 3), np.nan), records=lambda *_: record(facts={}, error="ValueError: x")
    )
    for check in (state_shared_weights, state_shared_callback):
        assert finding_of(check, examination) == {}
