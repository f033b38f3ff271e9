"""In a stack, callbacks are per model and per epoch; what cannot be stacked is trained alone."""

import logging

import joblib
import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score, cross_validate

from helpers import KerasClassifier
from helpers.lockstep import stack
from helpers.quiet import keras

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] + 0.5 * RNG.normal(size=60) > 0).astype(int)
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def build(meta):
    last = keras.layers.Dense(meta["n_classes_"], "softmax")
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, "relu"), last])


def classifier(builder=build, **parameters):
    given = {"epochs": 6, "batch_size": 16, "random_state": 0, "optimizer__learning_rate": 0.1}
    return KerasClassifier(builder, **(given | parameters))


@pytest.fixture
def messages(caplog):
    caplog.set_level(logging.INFO, logger="helpers.lockstep")
    return lambda: [r.getMessage() for r in caplog.records if r.name == "helpers.lockstep"]


def fitted(estimator, name, **more):
    with joblib.parallel_config(backend=name):
        found = cross_validate(
            estimator, X, Y, cv=2, return_estimator=True, scoring="neg_log_loss", **more
        )
    return found["test_score"], [each.history_ for each in found["estimator"]]


def check_equal(estimator, close=CLOSE):
    """The same scores and histories with each backend; of lockstep, the histories."""
    scores, histories = fitted(estimator, "sequential")
    found_scores, found = fitted(estimator, "lockstep")
    np.testing.assert_allclose(found_scores, scores, **close)
    for one, other in zip(found, histories, strict=True):
        assert list(one) == list(other)
        for quantity, values in other.items():
            np.testing.assert_allclose(one[quantity], values, err_msg=quantity, **close)
    return found


class Watching(keras.callbacks.Callback):
    """Sees that weights and logs are of its own model."""

    def on_epoch_end(self, epoch, logs=None):
        weights = [np.linalg.norm(weight) for weight in self.model.get_weights()]
        logs["seen"] = float(np.sum(weights)) + logs["loss"]


class Pruning(keras.callbacks.Callback):
    """Sets small weights to nothing, every second epoch."""

    def on_epoch_end(self, epoch, logs=None):
        if epoch % 2:
            for weight in self.model.trainable_variables:
                weight.assign(keras.ops.where(keras.ops.abs(weight) < 0.2, 0.0, weight))


class Starting(keras.callbacks.Callback):
    """Sets weights before the first step."""

    def on_train_begin(self, logs=None):
        for weight in self.model.trainable_variables:
            weight.assign(weight * 0.5)


class Finishing(keras.callbacks.Callback):
    """Sets weights when all is over."""

    def on_train_end(self, logs=None):
        for weight in self.model.trainable_variables:
            weight.assign(weight * 0.5)


def halved(epoch, rate):
    return rate * 0.5


EACH = {
    "watching": Watching,
    "pruning": Pruning,
    "starting": Starting,
    "finishing": Finishing,
    "schedule": keras.callbacks.LearningRateScheduler(halved),
    "plateau": keras.callbacks.ReduceLROnPlateau("loss", patience=0, min_delta=0.05, factor=0.3),
    "stopping": keras.callbacks.EarlyStopping("val_loss", patience=0, min_delta=0.05),
    "stopping, best": keras.callbacks.EarlyStopping(
        "val_loss", patience=1, min_delta=0.03, restore_best_weights=True
    ),
    "terminate": keras.callbacks.TerminateOnNaN,
    "two": [keras.callbacks.LearningRateScheduler(halved), Pruning],
}


@pytest.mark.parametrize("name", EACH)
def test_callback_as_in_a_fit_alone(name, stacks, messages):
    check_equal(classifier(callbacks=EACH[name], validation_split=0.25))
    assert stacks == [2]
    assert messages() == []


def test_early_stopping_ends_each_fit_at_its_own_epoch():
    stopper = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=0.02)
    estimator = classifier(callbacks=stopper, epochs=12)
    grid = {"optimizer__learning_rate": [0.001, 0.05, 0.3]}
    lengths = []
    for name in ("sequential", "lockstep"):
        with joblib.parallel_config(backend=name):
            searched = GridSearchCV(estimator, grid, cv=2, scoring=n_epochs, refit=False).fit(X, Y)
        lengths.append([searched.cv_results_[f"split{i}_test_score"].tolist() for i in range(2)])
    assert lengths[0] == lengths[1]
    assert len(set(np.ravel(lengths[0]))) > 1


def n_epochs(estimator, X, y):
    return estimator.n_epochs_


@pytest.mark.parametrize(("tracing", "sizes"), [(0, [4, 2, 1]), (float("inf"), [4])])
def test_a_stack_shrinks_by_count_when_models_have_ended(tracing, sizes, monkeypatch):
    """Never by the clock: a stack of another size has other last digits."""
    made, make_graph = [], stack._Stack._make_graph

    def spy(one):
        made.append(len(one.slots))
        make_graph(one)

    monkeypatch.setattr(stack._Stack, "_make_graph", spy)
    monkeypatch.setattr(stack, "TRACING", tracing)
    found = []
    for backend in ("lockstep", "sequential"):
        with joblib.parallel_config(backend=backend):
            search = GridSearchCV(
                classifier(), {"epochs": [2, 3, 9, 5]}, cv=[(np.arange(40), np.arange(40, 60))],
                scoring="neg_log_loss", refit=False,
            )  # fmt: skip
            found.append(search.fit(X, Y).cv_results_["mean_test_score"])
    np.testing.assert_allclose(*found, **CLOSE)
    assert made == sizes


@pytest.mark.parametrize("first_steps", [1, 3, 50])
def test_however_steps_are_cut_into_calls_the_result_is_the_same(first_steps, monkeypatch):
    """Their number goes by the clock, and last digits must not."""
    cut, run = [], stack._Stack._run

    def spy(one, graph, state, rows, step):
        cut.append(len(step[0]))
        return run(one, graph, state, rows, step)

    def weights(seconds):
        monkeypatch.setattr(stack, "CALL_SECONDS", seconds)
        with joblib.parallel_config(backend="lockstep"):
            fitted = cross_validate(
                classifier(batch_size=4, validation_split=0.1), X, Y, cv=3, return_estimator=True
            )
        return [each.model_.get_weights() for each in fitted["estimator"]]

    monkeypatch.setattr(stack._Stack, "_run", spy)
    monkeypatch.setattr(stack, "FIRST_STEPS", first_steps)
    one_at_a_time = weights(0)
    assert set(cut) == {0, 1, min(first_steps, 9)}  # of 40 rows, 4 are watched
    cut.clear()
    as_many_as_there_are = weights(1e9)
    assert max(cut) == 9
    for first, second in zip(one_at_a_time, as_many_as_there_are, strict=True):
        for one, other in zip(first, second, strict=True):
            np.testing.assert_array_equal(one, other)


def test_checkpoints_are_of_each_model(tmp_path):
    saved = {}
    for name in ("sequential", "lockstep"):
        place = tmp_path / name
        place.mkdir()
        checkpoint = keras.callbacks.ModelCheckpoint(
            str(place / "{epoch}-{loss:.3f}.weights.h5"), monitor="loss", save_weights_only=True
        )
        fitted(classifier(callbacks=checkpoint, epochs=2), name)
        saved[name] = {}
        for path in sorted(place.iterdir()):
            model = build({"n_classes_": 2})
            model.load_weights(path)
            saved[name][path.name] = model.get_weights()
    assert list(saved["sequential"]) == list(saved["lockstep"])
    assert len(saved["sequential"]) == 4
    for one, other in zip(*(each.values() for each in saved.values()), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, **CLOSE)


# What cannot be stacked


class OwnStep(keras.Model):
    """Trains on twice the loss."""

    def __init__(self, n_classes):
        super().__init__()
        self.last = keras.layers.Dense(n_classes, "softmax")

    def call(self, inputs):
        return self.last(inputs)

    def train_step(self, data):
        return super().train_step(data)


def own_step(meta):
    return OwnStep(meta["n_classes_"])


class OnBatches(keras.callbacks.Callback):
    """Counts."""

    def on_train_batch_end(self, batch, logs=None):
        self.n_batches = getattr(self, "n_batches", 0) + 1

    def on_epoch_end(self, epoch, logs=None):
        logs["n_batches"] = float(self.n_batches)


class Drawing(keras.layers.Layer):
    """Draws from TensorFlow's own generator, which no stack can have."""

    def call(self, inputs, training=False):
        import tensorflow as tf

        return inputs + 0.1 * tf.random.normal(tf.shape(inputs)) if training else inputs


def drawing(meta):
    last = keras.layers.Dense(meta["n_classes_"], "softmax")
    return keras.Sequential([keras.Input((4,)), Drawing(), last])


def recursive(meta):
    """A loss in whose closure nothing is, yet."""

    def loss(y, prediction):
        return keras.losses.categorical_crossentropy(y, prediction) if True else never

    model = build(meta)
    model.compile("adam", loss)
    if meta is None:
        never = None
    return model


ALONE = {
    "own step": ({"builder": own_step}, "train_step of its own"),
    "batches": ({"callbacks": OnBatches}, "the callback OnBatches acts on batches"),
    "eager": ({"run_eagerly": True}, "runs eagerly"),
    "accumulation": ({"optimizer__gradient_accumulation_steps": 2}, "accumulates gradients"),
    "average": ({"optimizer__use_ema": True}, "averages weights"),
    "drawing": ({"builder": drawing}, "operation with state"),
}


@pytest.mark.parametrize("name", ALONE)
def test_what_cannot_be_stacked_is_right_and_said_once(name, messages):
    parameters, reason = ALONE[name]
    check_equal(classifier(epochs=2, **parameters))
    assert len(messages()) == 1
    assert reason in messages()[0]


def test_a_structure_that_cannot_be_read_is_trained_all_the_same(messages):
    check_equal(classifier(recursive, epochs=2))
    assert len(messages()) == 1
    assert "its structure cannot be read" in messages()[0]


def test_who_cannot_be_stacked_and_who_can_in_one_search(stacks, messages):
    grid = {"run_eagerly": [True, False], "optimizer__learning_rate": [0.01, 0.1]}
    tables = []
    for name in ("sequential", "lockstep"):
        with joblib.parallel_config(backend=name):
            search = GridSearchCV(classifier(epochs=2), grid, cv=2, scoring="neg_log_loss")
            tables.append(search.fit(X, Y).cv_results_["mean_test_score"])
    np.testing.assert_allclose(*tables, **CLOSE)
    assert stacks[0] == 4
    assert len(messages()) == 1


# Parameters


def scores(estimator=None, cv=2, **parameters):
    with joblib.parallel_config(backend="lockstep", **parameters):
        estimator = estimator or classifier(epochs=2)
        return cross_val_score(estimator, X, Y, cv=cv, scoring="neg_log_loss")


BAD = [
    {"max_memory": 0},
    {"max_memory": -1},
    {"max_memory": "many"},
    {"max_memory": 1.5},
    {"max_memory": True},
    {"max_memory": ""},
    {"progress": "yes"},
    {"progress": 1},
]


@pytest.mark.parametrize("bad", BAD, ids=repr)
def test_bad_parameters(bad):
    (name, value), = bad.items()  # fmt: skip
    with pytest.raises(ValueError) as caught:
        joblib.parallel_config(backend="lockstep", **bad)
    assert str(caught.value).startswith(f"{name}={value!r}: ")
    assert "accepted" in str(caught.value)


def test_unknown_parameter():
    with pytest.raises(TypeError, match="max_memoy"):
        joblib.parallel_config(backend="lockstep", max_memoy="1G")


@pytest.mark.parametrize("max_memory", [1, "1K", np.int64(3000)], ids=str)
def test_little_memory_is_more_stacks_and_the_same_result(max_memory, stacks):
    expected = scores(cv=4)
    assert stacks == [4]
    stacks.clear()
    np.testing.assert_allclose(scores(cv=4, max_memory=max_memory), expected, **CLOSE)
    assert sum(stacks) == 4
    assert len(stacks) > 1


def test_progress(capsys, stacks):
    plain = scores()
    assert "epoch" not in capsys.readouterr().err
    np.testing.assert_array_equal(scores(progress=True), plain)
    assert "lockstep: 100%" in capsys.readouterr().err


def test_progress_of_fits_that_are_saved_or_stopped_by_an_error(capsys):
    class Failing(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("a callback fails")

    stopper = keras.callbacks.EarlyStopping("loss", patience=0, min_delta=10.0)
    scores(classifier(callbacks=stopper), progress=True)
    assert "lockstep: 100%" in capsys.readouterr().err
    fails = pytest.raises(RuntimeError, match="a callback fails")
    with fails, joblib.parallel_config(backend="lockstep", progress=True):
        joblib.Parallel()([joblib.delayed(classifier(callbacks=Failing).fit)(X, Y)])
    assert "lockstep: 100%" in capsys.readouterr().err


def test_no_jobs():
    with joblib.parallel_config(backend="lockstep"), pytest.raises(ValueError, match="n_jobs == 0"):
        cross_val_score(classifier(), X, Y, n_jobs=0)


@pytest.mark.parametrize("n_jobs", [1, 2, -1])
def test_n_jobs_says_nothing(n_jobs, stacks):
    with joblib.parallel_config(backend="lockstep"):
        cross_val_score(classifier(epochs=1), X, Y, cv=2, n_jobs=n_jobs)
    assert stacks == [2]


def test_a_timeout_is_said_to_be_ignored():
    said = pytest.warns(UserWarning, match="LockstepBackend' does not support timeout")
    with joblib.parallel_config(backend="lockstep"), said:
        assert joblib.Parallel(timeout=1)([joblib.delayed(abs)(-1)]) == [1]


@pytest.mark.parametrize("way", ["generator", "generator_unordered"])
def test_results_come_as_a_list_only(way):
    refused = pytest.raises(ValueError, match=f"does not support return_as={way}")
    with joblib.parallel_config(backend="lockstep"), refused:
        joblib.Parallel(return_as=way)


def test_a_managed_call():
    with joblib.parallel_config(backend="lockstep"), joblib.Parallel() as parallel:
        for _ in range(2):
            assert parallel(joblib.delayed(abs)(-i) for i in range(300)) == list(range(300))
