"""Fits can start fresh or train longer, and all they met is put back."""

import gc
import weakref

import numpy as np
import pytest
from saboteurs import Failing
from trained import X, Y, built

from helpers.diagnosis.starts import Starts
from helpers.digests import row_digests
from helpers.quiet import keras, tf
from helpers.recorder import FitRecorder


def momentum(rate=0.1):
    return keras.optimizers.SGD(rate, momentum=0.9)


def fit(model, **options):
    return model.fit(X, Y, verbose=0, shuffle=False, **options).history["loss"]


def state(model):
    return [each.numpy() for each in (*model.weights, *model.optimizer.variables)]


def same(one, two):
    return all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_fresh_starts_forget_weights_optimizer_and_callbacks():
    model, counts = built(optimizer=momentum()), Counts()
    with Starts() as starts:
        first = fit(model, callbacks=[counts])
        worn = fit(model, callbacks=[counts])
        with starts.changed(is_fresh=True):
            fresh = fit(model, callbacks=[counts])
        after = counts.n
    assert worn != first
    assert fresh == first
    assert (counts.n, Counts.total) == (0, 0)
    assert after == 2  # later fits go on from the worn one, not from the fresh


def test_what_a_callback_holds_is_the_same_object_with_what_it_held_before():
    kept = {"losses": [0.5], "best": {"loss": 0.5}, "seen": {1}, "sums": np.ones(2)}
    keeper = Keeper(**kept)
    with Starts():
        fit(built(), callbacks=[keeper])
    assert vars(keeper)["losses"] is kept["losses"]
    assert kept["losses"] == [0.5]
    assert (kept["best"], kept["seen"], kept["sums"].tolist()) == ({"loss": 0.5}, {1}, [1, 1])


@pytest.mark.parametrize("hidden", [[0, 1], range(59), range(60), []])
def test_hidden_rows_are_not_validated_on(hidden):
    """All but one or none of the rows left would be no validation: then they stay."""
    digests = row_digests(X)[list(hidden)]
    with FitRecorder() as recorder, Starts() as starts, starts.changed(hidden=digests):
        fit(built(), validation_data=(X, Y))
        fit(built(), validation_data=tf.data.Dataset.from_tensor_slices((X, Y)).batch(9))
    acted = 0 < len(hidden) < 59
    assert recorder.fits[0].n_val_rows == 60 - len(hidden) * acted
    assert starts.n_hidden == len(hidden) * acted


class Keeper(keras.callbacks.Callback):
    """Writes into what it was given."""

    def __init__(self, **kept):
        super().__init__()
        vars(self).update(kept)

    def on_epoch_end(self, epoch, logs=None):
        self.losses.append(logs["loss"])
        self.best["loss"] = logs["loss"]
        self.seen.add(epoch + 2)
        self.sums += 1


class Counts(keras.callbacks.Callback):
    total = 0

    def __init__(self):
        super().__init__()
        self.n = 0

    def on_train_begin(self, logs=None):
        self.n += 1
        Counts.total += 1


def test_a_new_model_that_takes_trained_weights_starts_where_they_came_from():
    with Starts() as starts:
        model = built()
        begin = model.get_weights()
        fit(model)
        for _ in range(2):  # a chain of fits goes back to its very start
            trained, model = model.get_weights(), built()
            model.set_weights(trained)
            fit(model)
        trained, model = model.get_weights(), built()
        model.set_weights(trained)
        with starts.changed(is_fresh=True), FitRecorder():
            fit(model, epochs=1, callbacks=[Before()])
        assert same(Before.weights, begin)  # put back, like all else, at the end of the block


class Before(keras.callbacks.Callback):
    weights = None

    def on_train_begin(self, logs=None):
        type(self).weights = self.model.get_weights()


def test_a_fresh_start_leaves_new_weights_alone():
    with Starts() as starts, starts.changed(is_fresh=True):
        model = built()
        begin = model.get_weights()
        model.fit(X, Y, verbose=0, epochs=1, callbacks=[Before()])
        assert same(Before.weights, begin)


def test_what_fits_met_is_put_back():
    model = built(optimizer=momentum())
    fit(model)
    before, counts = state(model), Counts()
    with Starts():
        fit(model, callbacks=[counts])
        assert not same(state(model), before)
    assert same(state(model), before)
    assert (counts.n, Counts.total) == (0, 0)


def test_what_fits_met_is_put_back_after_an_exception():
    model = built(optimizer=momentum())
    fit(model)
    before = state(model)
    with pytest.raises(RuntimeError, match="in the middle of a fit"), Starts():
        fit(model, callbacks=[Failing()])
    assert same(state(model), before)


def test_slots_of_an_optimizer_that_never_stepped_are_empty_again():
    model = built(optimizer=momentum())
    with Starts() as starts:
        fit(model)
        fit(model)
        with starts.changed(is_fresh=True):
            fit(model)
    assert not any(each.numpy().any() for each in model.optimizer.momentums)


@pytest.mark.parametrize(
    ("settings", "epochs"),
    [({"epochs_factor": 3}, 6), ({"epochs_factor": 3, "most_epochs": 4}, 4),
     ({"most_epochs": 1}, 1), ({"epochs_factor": 0.1}, 1), ({}, 2)],
)  # fmt: skip
def test_epochs_are_changed_for_the_block_alone(settings, epochs):
    with Starts() as starts:
        with starts.changed(**settings):
            assert len(fit(built(), epochs=2)) == epochs
        assert len(fit(built(), epochs=2)) == 2


@pytest.mark.parametrize(
    ("settings", "n_run"), [({}, 0), ({"epochs_factor": 4}, 0), ({"epochs_on_top": True}, 3)],
    ids=["as given", "more", "on top"],
)  # fmt: skip
def test_calls_that_train_nothing_do_so_still_unless_asked_for(settings, n_run):
    with FitRecorder() as recorder, Starts() as starts, starts.changed(**settings):
        built().fit(X, Y, verbose=0, initial_epoch=5, epochs=3)
        fit(built(), epochs=2)
    factor = settings.get("epochs_factor", 1)
    assert [each.epochs_run for each in recorder.fits] == [n_run, 2 * factor]


def test_a_stopper_watches_the_loss_for_the_block_alone():
    stopper = keras.callbacks.EarlyStopping(
        "accuracy", mode="max", patience=2, restore_best_weights=True
    )
    model = built()
    model.compile(model.optimizer, model.loss, metrics=["accuracy"])
    with Starts() as starts:
        with starts.changed(watch_loss=True, patience_factor=2):
            losses = fit(model, epochs=2, callbacks=[stopper])
            assert stopper.best == min(losses)
        assert (stopper.monitor, stopper.mode, stopper.patience) == ("accuracy", "max", 2)
        fit(model, epochs=2, callbacks=[stopper])
        assert stopper.best == max(model.history.history["accuracy"])


def test_patience_is_changed_for_the_block_alone():
    stopper = keras.callbacks.EarlyStopping("loss", patience=1)
    with Starts() as starts:
        with starts.changed(patience_factor=3):
            assert len(fit(built(0.0), epochs=9, callbacks=[stopper])) == 4
        assert stopper.patience == 1
        assert len(fit(built(0.0), epochs=9, callbacks=[stopper])) == 2
    assert stopper.patience == 1


@pytest.mark.parametrize("n_fits_before", [0, 1])
def test_a_patient_stopper_takes_every_gain_for_one_and_is_strict_again(n_fits_before):
    stopper = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=9)
    for _ in range(n_fits_before):
        fit(built(), epochs=9, callbacks=[stopper])
    with Starts() as starts:
        with starts.changed(patience_factor=4):
            assert len(fit(built(), epochs=9, callbacks=[stopper])) == 9
        assert len(fit(built(), epochs=9, callbacks=[stopper])) == 2
    assert len(fit(built(), epochs=9, callbacks=[stopper])) == 2


def test_a_baseline_is_left_out_for_the_block_alone():
    values = [5, 4, 3, 3.5, 2, 1]  # the baseline is not reached, and one epoch gains nothing
    told = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: logs.update(told=values[epoch])
    )
    stopper = keras.callbacks.EarlyStopping("told", mode="min", patience=2, baseline=0.0)
    with Starts() as starts:
        with starts.changed(patience_factor=2):
            assert len(fit(built(), epochs=6, callbacks=[told, stopper])) == 6
        assert stopper.baseline == 0.0
        assert len(fit(built(), epochs=6, callbacks=[told, stopper])) == 4


def test_a_schedule_is_drawn_out_for_the_block_alone():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 10)
    model, rates = built(optimizer=keras.optimizers.SGD(schedule)), []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: rates.append(float(model.optimizer.learning_rate))
    )
    with Starts() as starts, starts.changed(schedule_factor=0.5):
        fit(model, callbacks=[note])
        n_updates = int(model.optimizer.iterations)
        now = float(model.optimizer.learning_rate)
    assert rates == [pytest.approx(float(schedule(n_updates / 2)))]
    assert now == pytest.approx(float(schedule(n_updates)))


def test_callback_lists_are_looked_into():
    stopper = keras.callbacks.EarlyStopping("loss", patience=1, min_delta=9)
    model = built()
    listed = keras.callbacks.CallbackList(
        [stopper], add_history=True, model=model, epochs=9, steps=2
    )
    with Starts() as starts, starts.changed(patience_factor=3):
        assert len(fit(model, epochs=9, callbacks=listed)) == 9


@pytest.mark.parametrize("fails", [False, True])
def test_fit_is_keras_own_afterwards(fails):
    owner = next(each for each in keras.Model.__mro__ if "fit" in vars(each))
    before = vars(owner)["fit"]
    try:
        with Starts(), FitRecorder() as recorder:
            fit(built())
            if fails:
                built().fit(X[:, :2], Y, verbose=0)
    except ValueError:
        assert fails
    assert vars(owner)["fit"] is before
    assert len(recorder.fits) == 1 + fails


def test_a_model_without_optimizer_or_input_shape_is_met():
    model = keras.Sequential([keras.layers.Dense(3, activation="softmax")])
    model.compile(momentum(), "sparse_categorical_crossentropy", run_eagerly=True)
    with Starts() as starts, starts.changed(is_fresh=True):
        assert len(fit(model)) == 1


def test_models_of_finished_fits_are_not_kept():
    """A diagnosis of many fits holds no more models than the search does."""
    with Starts() as starts:
        model, counts = built(optimizer=momentum()), Counts()
        fit(model, callbacks=[counts])
        gone = [weakref.ref(model.weights[0]), weakref.ref(counts)]
        del model, counts
        gc.collect()
        assert [reference() for reference in gone] == [None, None]
        assert Counts in [thing for thing, _ in starts.callbacks]
