"""The training function: equal jobs, equal results."""

from dataclasses import replace

import numpy as np
import pytest

from helpers import training
from helpers.quiet import keras, tf
from helpers.randomness import isolated
from helpers.training import FitJob, Rows, train

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 4)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def build(sample):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dropout(0.3), keras.layers.Dense(1, activation="sigmoid")]
    )
    model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy")
    return model, model(sample)


JOB = FitJob(
    build=build, encode=lambda y, model, outputs: y, rows=Rows(X, Y), seed=1, epochs=4,
    batch_size=16,
)  # fmt: skip


def weights(job):
    return np.concatenate([w.ravel() for w in train(job).model.get_weights()])


def test_equal_jobs_equal_weights_and_each_input_counts():
    first = weights(JOB)
    np.testing.assert_array_equal(first, weights(JOB))
    changes = {
        "seed": 2, "epochs": 5, "batch_size": 15, "shuffle": False, "rows": Rows(X[1:], Y[1:]),
    }  # fmt: skip
    for name, value in changes.items():
        assert not np.array_equal(first, weights(replace(JOB, **{name: value}))), name


def test_longer_job_passes_through_the_shorter_one():
    """The order of an epoch depends on its number only, so the first epochs are shared."""
    short, long = train(JOB), train(replace(JOB, epochs=9))
    np.testing.assert_array_equal(short.history["loss"], long.history["loss"][:4])


@pytest.mark.parametrize("limit", [1, 2, 5, 128])
@pytest.mark.parametrize("n_validation", [0, 7, 2000])
def test_steps_per_graph_call_change_nothing(monkeypatch, limit, n_validation):
    """One step a call is Keras' own loop: the oracle for ours, which runs many."""
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(n_validation, 4)).astype("float32")
    validation = Rows(rows, (rows[:, :1] > 0).astype("float32")) if n_validation else None
    results = []
    for most in (1, limit):
        monkeypatch.setattr(training, "MAX_STEPS_PER_CALL", most)
        results.append(train(replace(JOB, validation=validation)))
    one, many = results
    assert one.history == many.history
    for expected, weight in zip(one.model.get_weights(), many.model.get_weights(), strict=True):
        np.testing.assert_array_equal(expected, weight)


class OwnSteps(keras.Sequential):
    """Steps written out by a user, that tell of the batch they saw and not of the epoch."""

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss, "largest": tf.reduce_max(x)}

    def test_step(self, data):
        x, y = data
        return {"error": tf.reduce_mean(tf.abs(y - self(x, training=False)))}


def build_own_steps(sample, **compiled):
    model = OwnSteps([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", **compiled)
    return model, model(sample)


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("compiled", [{}, {"jit_compile": True}], ids=["traced", "xla"])
def test_steps_of_a_users_own_are_what_keras_would_run(monkeypatch, limit, compiled):
    """The oracle: the loop that Keras makes, of as many steps a call."""
    monkeypatch.setattr(training, "MAX_STEPS_PER_CALL", limit)
    job = replace(
        JOB, build=lambda sample: build_own_steps(sample, **compiled),
        validation=Rows(X[:30], Y[:30]),
    )  # fmt: skip
    ours = train(job)
    monkeypatch.setattr(training, "_is_traced_as_usual", lambda model, phase: False)
    keras_own = train(job)
    assert ours.history == keras_own.history
    assert set(ours.history) == {"loss", "largest", "val_error"}
    for expected, weight in zip(
        keras_own.model.get_weights(), ours.model.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(expected, weight)


def test_trained_model_is_left_as_the_builder_made_it():
    """A user who trains it further, on other rows, finds no loop of ours in it."""
    model = train(JOB).model
    assert model.steps_per_execution == 1
    history = model.fit(X[:50], Y[:50], batch_size=7, epochs=2, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert model.optimizer.iterations == 4 * 5 + 2 * 8


def test_same_as_a_plain_loop_over_the_same_batches():
    """The oracle: SGD written out, on the batches that the job draws."""
    job = replace(JOB, build=_logistic)
    with isolated(job.seed):
        model, outputs = _logistic(X[:1])
    kernel, bias = (np.array(w, "float64") for w in model.get_weights())
    for rows, targets in training._training_batches(job, model, outputs):
        rows, targets = np.array(rows, "float64"), np.array(targets, "float64")
        slope = 1 / (1 + np.exp(-(rows @ kernel + bias))) - targets
        kernel -= 0.5 * rows.T @ slope / len(rows)
        bias -= 0.5 * slope.mean(axis=0)
    trained_kernel, trained_bias = train(job).model.get_weights()
    np.testing.assert_allclose(trained_kernel, kernel, atol=1e-5)
    np.testing.assert_allclose(trained_bias, bias, atol=1e-5)


def _logistic(sample):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.SGD(0.5), "binary_crossentropy")
    return model, model(sample)


def test_every_epoch_sees_every_row_once_in_an_order_of_its_own():
    model, outputs = build(X[:1])
    rows = Rows(np.arange(70, dtype="float32")[:, None], Y)
    batches = list(training._training_batches(replace(JOB, rows=rows), model, outputs))
    assert [len(b[0]) for b in batches] == [16, 16, 16, 16, 6] * 4
    epochs = np.concatenate([b[0][:, 0] for b in batches]).reshape(4, 70)
    np.testing.assert_array_equal(np.sort(epochs), np.tile(np.arange(70), (4, 1)))
    assert len({tuple(epoch) for epoch in epochs}) == 4


def test_batch_callbacks_see_every_batch():
    seen = []

    class Count(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(batch)

    train(replace(JOB, callbacks=Count()))
    assert len(seen) == 4 * JOB.steps_per_epoch == 20


def test_stopper_stops_and_validation_rows_are_not_trained_on():
    stopper = keras.callbacks.EarlyStopping(min_delta=10, patience=1)
    watched = replace(JOB, validation=Rows(X, Y), callbacks=[stopper])
    result = train(watched)
    assert result.n_epochs == 2
    np.testing.assert_array_equal(weights(watched), weights(replace(JOB, epochs=2)))


def test_settled_epochs_leave_out_those_who_watch_validation_rows():
    stopper = keras.callbacks.EarlyStopping(min_delta=10)
    result = train(replace(JOB, callbacks=[stopper], epochs_settled=True))
    assert result.n_epochs == 4


def test_job_is_visible_to_those_who_watch():
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(training.current_job.get())

    job = replace(JOB, callbacks=Watch)
    train(job)
    assert seen == [job]
    assert training.current_job.get() is None
