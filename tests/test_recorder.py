"""The recorder sees every fit, tells what it started from, and changes nothing."""

import math
import threading

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, cross_validate

from helpers import KerasClassifier
from helpers.digests import row_digests, rows_digest
from helpers.quiet import keras, tf
from helpers.recorder import FitRecorder

# Keras 3.15 reads its own variables in a way that NumPy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras")

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int32)


def build(seed=None, **compile_kwargs):
    initializer = keras.initializers.GlorotUniform(seed)
    layers = [keras.layers.Dense(3, "tanh", kernel_initializer=initializer), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((4,)), *layers])
    model.compile(
        **{"optimizer": "sgd", "loss": keras.losses.SparseCategoricalCrossentropy(True)}
        | compile_kwargs
    )
    return model


def fit(model, *, epochs=1, **arguments):
    return model.fit(X, Y, epochs=epochs, verbose=0, **arguments)


def record(*fits):
    with FitRecorder() as recorder:
        for each in fits:
            each()
    return recorder


# What a fit did


def test_one_row_per_fit_with_what_it_did():
    model = build()
    before = model.get_weights()
    with FitRecorder() as recorder:
        history = fit(model, epochs=3, batch_size=16).history
    (row,) = recorder.to_frame().to_dict("records")
    assert (row["epochs_asked"], row["epochs_run"], row["steps"]) == (3, 3, 3)
    assert (row["iterations_start"], row["iterations_end"]) == (0, 9)
    assert (row["n_rows"], row["error"], row["stopped_early"]) == (40, None, False)
    assert row["start_digest"] != row["end_digest"]
    assert [row["loss_first"], row["loss_last"]] == [history["loss"][0], history["loss"][-1]]
    assert row["seconds"] > 0
    assert recorder.curves()["value"].tolist() == history["loss"]
    assert not np.array_equal(before[0], model.get_weights()[0])


def test_digests_are_kept_per_variable():
    model = build()
    (seen,) = record(lambda: fit(model)).fits
    assert list(seen.start) == list(seen.end) == [weight.path for weight in model.weights]
    assert "sgd/iteration" not in seen.start
    assert set(seen.optimizer_start) == {variable.path for variable in model.optimizer.variables}
    assert set(seen.trained) == set(seen.start)


@pytest.mark.parametrize(
    ("callbacks", "given", "start"),
    [
        (None, 0.5, 0.5),
        ([keras.callbacks.LearningRateScheduler(lambda epoch: 0.125)], 0.5, 0.125),
    ],
)
def test_the_learning_rate_given_and_the_one_used(callbacks, given, start):
    model = build(optimizer=keras.optimizers.SGD(0.5))
    (seen,) = record(lambda: fit(model, callbacks=callbacks)).fits
    rates = (seen.learning_rate_given, seen.learning_rate_start, seen.learning_rate_end)
    assert rates == (given, start, start)


def test_a_schedule_is_read_at_the_step_it_has_reached():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([3], [0.5, 0.25])
    (seen,) = record(lambda: fit(build(optimizer=keras.optimizers.SGD(schedule)), epochs=5)).fits
    assert (seen.learning_rate_start, seen.learning_rate_end) == (0.5, 0.25)


def test_early_stopping_shows():
    stopper = keras.callbacks.EarlyStopping(monitor="loss", mode="max", patience=1)
    frame = record(lambda: fit(build(), epochs=9, callbacks=stopper)).to_frame()
    assert frame["stopped_early"].item()
    assert frame["epochs_run"].item() < frame["epochs_asked"].item() == 9


def test_fewer_epochs_without_a_stopper_are_not_early_stopping(tmp_path):
    model = build()
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup", delete_checkpoint=False)
    frame = record(*[lambda: fit(model, epochs=2, callbacks=[backup])] * 2).to_frame()
    assert frame["epochs_run"].tolist() == [2, 0]
    assert not frame["stopped_early"].any()


def test_epochs_asked_are_counted_from_the_initial_one():
    (seen,) = record(lambda: fit(build(), epochs=5, initial_epoch=3)).fits
    assert (seen.epochs_asked, seen.epochs_run) == (2, 2)


def unbuilt(*layers):
    model = keras.Sequential([*layers, keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(True))
    return model


def test_an_unbuilt_model_starts_with_no_weights():
    model = unbuilt()
    (seen,) = record(lambda: fit(model)).fits
    assert (seen.start, seen.start_digest) == ({}, None)
    assert list(seen.trained) == list(seen.end) == [weight.path for weight in model.weights]


def test_a_failed_fit_is_kept_with_its_error():
    with FitRecorder() as recorder:
        with pytest.raises(ValueError, match="cardinality"):
            build().fit(X, Y[:3], verbose=0)
        with pytest.raises(TypeError):
            build().fit(X, Y, no_such_argument=1)
        fit(build())
    frame = recorder.to_frame()
    assert frame["error"].str.startswith("ValueError: Data cardinality").tolist()[0]
    assert frame["epochs_run"].tolist() == [0, 1]
    assert frame["start_digest"][0] == frame["end_digest"][0]
    assert math.isnan(frame["loss_last"][0])


def test_the_table_of_nothing_has_the_same_columns_and_types():
    empty, full = FitRecorder(), record(lambda: fit(build()))
    for table in ("to_frame", "curves", "shared_starts"):
        assert list(getattr(empty, table)()) == list(getattr(full, table)())
    assert empty.to_frame().dtypes.equals(full.to_frame().dtypes)


# Rows


def test_rows_of_a_validation_split_are_those_that_keras_takes():
    (seen,) = record(lambda: fit(build(), validation_split=0.3)).fits
    assert seen.rows_digest == rows_digest(row_digests(X[:28]))
    assert seen.val_rows_digest == rows_digest(row_digests(X[28:]))
    assert (seen.n_rows, seen.n_val_rows, seen.val_rows_trained_on) == (28, 12, 0)


def test_validation_rows_that_are_trained_on_are_counted():
    frame = record(lambda: fit(build(), validation_data=(X[:10], Y[:10]))).to_frame()
    assert frame["val_rows_trained_on"].tolist() == [10]


@pytest.mark.parametrize(
    "convert", [np.asarray, pd.DataFrame, tf.constant], ids=lambda convert: convert.__name__
)
def test_rows_are_recognised_in_any_container(convert):
    (seen,) = record(lambda: build().fit(convert(X), Y, verbose=0)).fits
    assert seen.rows_digest == rows_digest(row_digests(X))


def test_a_dataset_is_neither_read_nor_guessed():
    batches = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
    frame = record(
        lambda: build().fit(batches, validation_data=batches, shuffle=False, verbose=0)
    ).to_frame()
    assert frame[["n_rows", "n_val_rows"]].isna().all(axis=None)
    assert frame[["rows_digest", "val_rows_digest"]].isna().all(axis=None)


# State that travels


def test_one_model_for_all_fits_shares_its_weights():
    model = build()
    recorder = record(*[lambda: fit(model)] * 3)
    shared = recorder.shared_starts()
    assert shared[["fit", "from_fit"]].values.tolist() == [[1, 0], [2, 1]]
    assert shared["same_model"].all()
    assert (shared["n_shared"] == shared["n_weights"]).all()
    assert recorder.to_frame()["model_id"].tolist() == [0, 0, 0]


def under_a_new_head(base):
    model = keras.Sequential([keras.Input((4,)), base, keras.layers.Dense(2)])
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(True))
    return model


def test_one_shared_layer_is_found_in_new_models():
    base = keras.layers.Dense(3, "tanh")
    shared = record(*[lambda: fit(under_a_new_head(base))] * 2).shared_starts()
    (row,) = shared.to_dict("records")
    assert (row["fit"], row["from_fit"], row["n_shared"], row["n_weights"]) == (1, 0, 2, 4)
    assert not row["same_model"]
    assert all(base.name in path for path in row["variables"])


def test_one_shared_layer_is_found_in_models_that_are_not_built():
    base = keras.layers.Dense(3, "tanh")
    shared = record(*[lambda: fit(unbuilt(base))] * 2).shared_starts()
    assert shared[["fit", "from_fit", "n_shared"]].values.tolist() == [[1, 0, 2]]


def test_weights_that_travel_through_a_file_are_found(tmp_path):
    def fit_from_backup():
        backup = keras.callbacks.BackupAndRestore(tmp_path / "b", delete_checkpoint=False)
        fit(build(), callbacks=[backup])

    shared = record(fit_from_backup, fit_from_backup).shared_starts()
    assert shared[["fit", "from_fit", "same_model"]].values.tolist() == [[1, 0, False]]


def frozen_base():
    base = keras.layers.Dense(3, "tanh", trainable=False)
    return lambda: fit(under_a_new_head(base))


def one_seed():
    return lambda: fit(build(seed=3))


def with_batch_norm():
    def one():
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.BatchNormalization(), keras.layers.Dense(2)]
        )
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(True))
        fit(model)

    return one


@pytest.mark.parametrize("healthy", [frozen_base, one_seed, with_batch_norm])
def test_weights_that_start_equal_for_a_good_reason_are_no_match(healthy):
    one = healthy()
    assert record(one, one, one).shared_starts().empty


def test_a_model_that_did_not_train_passes_nothing_on():
    model = build(optimizer=keras.optimizers.SGD(0.0))
    assert record(*[lambda: fit(model)] * 2).shared_starts().empty


def test_new_objects_have_new_numbers_though_memory_is_used_again():
    stopper = keras.callbacks.EarlyStopping(monitor="loss")

    def one():
        fit(build(), callbacks=[stopper, keras.callbacks.TerminateOnNaN()])

    frame = record(one, one, one).to_frame()
    assert frame["model_id"].tolist() == frame["optimizer_id"].tolist() == [0, 1, 2]
    assert frame["callbacks"].tolist() == [
        f"EarlyStopping#0, TerminateOnNaN#{i}" for i in (1, 2, 3)
    ]


# It changes nothing


def test_training_is_the_same_with_and_without():
    def weights():
        keras.utils.set_random_seed(0)
        model = build()
        fit(model, epochs=2)
        return model.get_weights()

    plain = weights()
    with FitRecorder():
        watched = weights()
    assert all(map(np.array_equal, plain, watched))


def test_callbacks_of_the_caller_are_left_as_they_were():
    mine = [keras.callbacks.TerminateOnNaN()]
    model = build()
    theirs = keras.callbacks.CallbackList(mine, add_history=True, model=model, epochs=1)
    before = list(theirs.callbacks)
    recorder = record(lambda: fit(model, callbacks=mine), lambda: fit(model, callbacks=theirs))
    assert len(mine) == 1
    assert theirs.callbacks == before
    assert [seen.epochs_run for seen in recorder.fits] == [1, 1]


def fit_attribute():
    return {each: vars(each).get("fit") for each in keras.Model.__mro__}


def test_fit_is_restored_exactly_after_an_exception():
    before = fit_attribute()

    def fail_while_patched():
        assert fit_attribute() != before
        raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"), FitRecorder():
        fail_while_patched()
    assert fit_attribute() == before


def test_recorders_nest():
    before = fit_attribute()
    with FitRecorder() as outer:
        fit(build())
        with FitRecorder() as inner:
            fit(build())
        fit(build())
    assert (len(outer.fits), len(inner.fits)) == (3, 1)
    assert outer.fits[1] is inner.fits[0]
    assert inner.to_frame()["model_id"].tolist() == [0]
    assert fit_attribute() == before


def test_one_recorder_is_not_entered_twice_at_once_but_again_later():
    recorder = FitRecorder()
    with recorder, pytest.raises(RuntimeError, match="recording already"), recorder:
        pass
    with recorder:
        fit(build())
    assert len(recorder.fits) == 1


def test_a_patch_made_meanwhile_by_someone_else_stays(monkeypatch):
    (owner,) = [each for each, method in fit_attribute().items() if method is not None][:1]
    original = vars(owner)["fit"]
    with FitRecorder():
        monkeypatch.setattr(owner, "fit", lambda *a, **k: "theirs")
    assert keras.Model.fit() == "theirs"
    monkeypatch.undo()
    # monkeypatch put back what it had found: the recorder's method, which is inert by now
    owner.fit = original


def test_a_patch_without_the_signature_of_fit_is_recorded_through(monkeypatch):
    original, seen = keras.Model.fit, []

    def fit_with_a_note(*args, **kwargs):
        seen.append(kwargs)
        return original(*args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", fit_with_a_note)
    recorder = record(lambda: fit(build(), epochs=2))
    assert [each.epochs_run for each in recorder.fits] == [2]
    assert len(seen) == 1


def test_fits_of_threads_are_all_recorded():
    models = [build() for _ in range(4)]
    threads = [threading.Thread(target=fit, args=(model,)) for model in models]
    with FitRecorder() as recorder:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    frame = recorder.to_frame()
    assert len(frame) == 4
    assert set(frame["model_id"]) == {0, 1, 2, 3}
    assert recorder.shared_starts().empty


def _net():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])


@pytest.mark.parametrize("backend", ["loky", "multiprocessing"])
def test_fits_of_worker_processes_come_to_this_one_and_it_is_said(backend):
    known = dict(joblib.parallel.BACKENDS)
    search = GridSearchCV(KerasClassifier(_net, epochs=1), {"batch_size": [8, 16]}, cv=3, n_jobs=2)
    with (
        FitRecorder() as recorder,
        joblib.parallel_config(backend),
        pytest.warns(UserWarning, match="n_jobs=2 is run as n_jobs=1 while a FitRecorder"),
    ):
        search.fit(X, Y)
    assert len(recorder.fits) == 7
    assert known == joblib.parallel.BACKENDS


def test_threads_stay_threads():
    seen = set()

    def here():
        seen.add(threading.current_thread())

    with FitRecorder() as recorder:
        joblib.Parallel(n_jobs=2, prefer="threads")(joblib.delayed(here)() for _ in range(2))
    assert threading.main_thread() not in seen
    assert recorder.fits == []


def test_a_fit_of_ones_own_that_ends_in_keras_is_seen_once():
    class Mine(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x):
            return self.dense(x)

        def fit(self, *args, **kwargs):
            return super().fit(*args, **kwargs)

    model = Mine()
    model.compile("sgd", keras.losses.SparseCategoricalCrossentropy(True))
    assert len(record(lambda: fit(model)).fits) == 1


# The wrappers people use


def test_keras_own_wrapper_in_cross_validation():
    def one_hot(X, y):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, "softmax")])
        model.compile("sgd", "categorical_crossentropy")
        return model

    estimator = keras.wrappers.SKLearnClassifier(one_hot, fit_kwargs={"epochs": 3, "verbose": 0})
    with FitRecorder() as recorder:
        cross_validate(estimator, X, Y, cv=2)
    # clone drops fit_kwargs: the recorder shows the one epoch that ran (planted fault a)
    assert recorder.to_frame()["epochs_run"].tolist() == [1, 1]


def test_our_wrapper_in_a_search():
    from helpers.wrapper import KerasClassifier

    def builder(meta, units=2):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, "relu")])
        model.add(keras.layers.Dense(meta["n_classes_"], "softmax"))
        return model

    estimator = KerasClassifier(
        builder, optimizer="sgd", epochs=2, validation_split=0.2, random_state=0
    )
    with FitRecorder() as recorder:
        GridSearchCV(estimator, {"model__units": [2, 3]}, cv=2).fit(X, Y)
    frame = recorder.to_frame()
    assert frame["epochs_run"].tolist() == [2] * 5
    assert frame["val_rows_trained_on"].tolist() == [0] * 5
    assert (frame["n_rows"] + frame["n_val_rows"]).tolist() == [20] * 4 + [40]
    assert recorder.shared_starts().empty


def test_fits_in_a_stack_are_recorded_like_fits_alone():
    """Lockstep does not call keras.Model.fit."""

    def sigmoid():
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, "sigmoid")])

    estimators = [KerasClassifier(sigmoid, epochs=2, random_state=seed) for seed in (0, 1)]
    frames = {}
    for backend in ("sequential", "lockstep"):
        with FitRecorder() as recorder, joblib.parallel_config(backend=backend):
            fits = (joblib.delayed(each.fit)(X, (X[:, 0] > 0).astype(int)) for each in estimators)
            joblib.Parallel()(fits)
        frames[backend] = recorder.to_frame()
        assert recorder.shared_starts().empty
    same = ["start_digest", "epochs_asked", "epochs_run", "iterations_start", "iterations_end",
            "steps", "n_rows", "rows_digest", "learning_rate_start", "error"]  # fmt: skip
    pd.testing.assert_frame_equal(frames["lockstep"][same], frames["sequential"][same])
    np.testing.assert_allclose(frames["lockstep"].loss_last, frames["sequential"].loss_last, 1e-4)


def test_starts_name_the_fit_that_trained_each_variable():
    base, (rows, targets) = keras.layers.Dense(2), (np.ones((4, 2)), np.arange(4.0))
    with FitRecorder() as recorder:
        for _ in range(2):
            model = keras.Sequential([keras.Input((2,)), base, keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            model.fit(rows, targets, verbose=0)
    starts = recorder.starts()
    assert starts.groupby("fit").size().to_dict() == {0: 4, 1: 4}
    taken = starts.dropna(subset="from_fit")
    assert set(taken["fit"]) == {1}
    assert set(taken["from_fit"]) == {0}
    assert set(taken["position"]) <= {0, 1}


@pytest.mark.parametrize("initial_epoch", [0, 3])
def test_epochs_are_counted_from_where_the_user_starts(initial_epoch):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with FitRecorder() as recorder:
        model.fit(np.ones((4, 2)), np.ones(4), initial_epoch=initial_epoch, epochs=5, verbose=0)
    (record,) = recorder.fits
    assert (record.first_epoch, record.epochs_run) == (0, 5 - initial_epoch)
    assert not record.is_taken_up
