"""A fit is looked up by all that it depends on, or trained again: never a wrong one."""

import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from helpers import KerasClassifier, KerasRegressor, cache
from helpers.errors import DivergedError
from helpers.quiet import keras, tf
from tests import builders
from tests.kept_fits import FAST, Rate, X, Y, assert_same_fit, classifier, entries, n_trained

KINDS = {
    "dropout": {"model__rate": 0.5},
    "adam": {"optimizer": "adam", "metrics": ["accuracy"]},
    "validation": {"validation_split": 0.2},
    "early stopping": {
        "validation_split": 0.2, "epochs": 9,
        "callbacks": keras.callbacks.EarlyStopping(patience=1, min_delta=1, start_from_epoch=1),
    },
    "auto": {"epochs": "auto", "max_epochs": 4},
    "own callback": {"callbacks": [Rate]},
    "weights": {"class_weight": "balanced"},
}  # fmt: skip


@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
def test_what_is_looked_up_is_what_was_trained(changes, tmp_path):
    plain = classifier(None, **changes).fit(X, Y)
    first, second = classifier(tmp_path, **changes), classifier(str(tmp_path), **changes)
    assert n_trained(first)[0] == (2 if changes.get("epochs") == "auto" else 1)
    assert n_trained(second) == (0, 0)
    for each in (first, second):
        assert_same_fit(plain, each)
    if changes.get("epochs") == "auto":
        assert second.epoch_search_history_ == plain.epoch_search_history_
    for each in (plain, second):  # on from equal moments, in an equal order
        each.set_params(epochs=2, callbacks=None).partial_fit(X, Y)
    assert_same_fit(plain, second)


def other(units):
    return keras.Sequential([keras.layers.Dense(units), keras.layers.Dense(2, "softmax")])


CHANGES = {
    "builder": {"model": partial(other, 8)},
    "units": {"model__units": 9},
    "optimizer": {"optimizer": "adam"},
    "learning rate": {"optimizer__learning_rate": 0.5},
    "momentum of an object": {"optimizer": keras.optimizers.SGD(0.01, momentum=0.1)},
    "loss": {"loss": keras.losses.SparseCategoricalCrossentropy(ignore_class=1)},
    "metrics": {"metrics": ["accuracy"]},
    "compile": {"compile__loss_weights": [2.0]},
    "batch size": {"batch_size": 16},
    "epochs": {"epochs": 3},
    "seed": {"random_state": 1},
    "shuffle": {"shuffle": False},
    "validation": {"validation_split": 0.2},
    "callbacks": {"callbacks": [Rate]},
    "class weights": {"class_weight": {0: 1.0, 1: 2.0}},
    "eager": {"run_eagerly": True},
    "frequency": {"fit__validation_freq": 2},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_what_a_fit_depends_on_changes_the_key(changes, tmp_path):
    classifier(tmp_path).fit(X, Y)
    assert n_trained(classifier(tmp_path, **changes))[0] == 1
    assert len(entries(tmp_path)) == 2
    assert_same_fit(
        classifier(tmp_path, **changes).fit(X, Y), classifier(None, **changes).fit(X, Y)
    )


ROWS = {
    "values": (X + np.float32(1e-6), Y, None),
    "order": (X[::-1], Y[::-1], None),
    "labels": (X, 1 - Y, None),
    "names of labels": (X, np.array(["no", "yes"])[Y], None),
    "weights": (X, Y, 1.0 + Y),
}


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
def test_each_row_changes_the_key(rows, tmp_path):
    classifier(tmp_path).fit(X, Y)
    assert n_trained(classifier(tmp_path), *rows)[0] == 1


def test_rows_to_watch_change_the_key(tmp_path):
    first = {"X_val": X[:9], "y_val": Y[:9]}
    assert n_trained(classifier(tmp_path), **first)[0] == 1
    assert n_trained(classifier(tmp_path), **first)[0] == 0
    assert n_trained(classifier(tmp_path), X_val=X[:8], y_val=Y[:8])[0] == 1


def test_kind_of_targets_changes_the_key(tmp_path):
    KerasRegressor(builders.linear, memory=tmp_path, **FAST).fit(X, Y)
    regressor = KerasRegressor(builders.linear, memory=tmp_path, **FAST)
    assert n_trained(regressor, X, Y[:, None])[0] == 1


@pytest.mark.parametrize("package", cache.PACKAGES)
def test_versions_change_the_key(package, tmp_path, monkeypatch):
    classifier(tmp_path).fit(X, Y)
    before = cache._versions()
    after = tuple((n, "0") if (n, v) == (package, v) else (n, v) for n, v in before[:-1])
    monkeypatch.setattr(cache, "_versions", lambda: (*after, before[-1]))
    assert n_trained(classifier(tmp_path))[0] == 1
    monkeypatch.setattr(cache, "_versions", lambda: (*before[:-1], "other code of this package"))
    assert n_trained(classifier(tmp_path))[0] == 1


def test_precision_changes_the_key(tmp_path):
    classifier(tmp_path).fit(X, Y)
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        assert n_trained(classifier(tmp_path))[0] == 1
        assert n_trained(classifier(tmp_path))[0] == 0
    finally:
        keras.config.set_dtype_policy(policy)
    assert n_trained(classifier(tmp_path))[0] == 0


IRRELEVANT = {
    "verbose": {"verbose": 2},
    "routed verbose": {"fit__verbose": 2},
    "batches of prediction": {"predict__batch_size": 7},
    "most epochs of auto": {"max_epochs": 7},
    "how the builder is told": {"units": 8},
}


@pytest.mark.parametrize("changes", IRRELEVANT.values(), ids=IRRELEVANT)
def test_what_changes_no_fit_changes_no_key(changes, tmp_path, capsys):
    same = {"model__units": 8} if "units" not in changes else {"units": 8}
    classifier(tmp_path, **same).fit(X, Y)
    assert n_trained(classifier(tmp_path, **same | changes)) == (0, 0)


def test_order_of_parameters_and_history_do_not_count(tmp_path):
    given = {"optimizer__momentum": 0.9, "model__units": 5, "model__rate": 0.1}
    classifier(tmp_path, **given).fit(X, Y)
    keras.layers.Dense(3)  # takes a name
    np.random.rand(5)
    turned = classifier(tmp_path, **dict(reversed(given.items())))
    assert n_trained(clone(turned)) == (0, 0)
    assert n_trained(GridSearchCV(turned, {"model__units": [7, 5]}, cv=2))[0] == 1 + 4
    moved = GridSearchCV(turned, {"model__units": [5, 6, 7]}, cv=2)
    assert n_trained(moved)[0] == 2 + (moved.best_params_["model__units"] == 6)


def test_no_seed_is_no_fit_to_look_up(tmp_path):
    for _ in range(2):
        assert n_trained(classifier(tmp_path, random_state=None))[0] == 1
    assert not entries(tmp_path)


def test_fits_that_go_on_are_not_kept(tmp_path):
    estimator = classifier(tmp_path, warm_start=True).fit(X, Y)
    assert n_trained(estimator)[0] == 1
    estimator.partial_fit(X, Y)
    assert len(entries(tmp_path)) == 1


def test_fits_that_fail_are_not_kept(tmp_path):
    for _ in range(2):
        with pytest.raises(DivergedError):
            classifier(tmp_path, optimizer__learning_rate=1e30).fit(X, Y)
    assert not entries(tmp_path)


def test_a_builder_of_which_nobody_can_tell_is_named_once_and_not_kept(tmp_path):
    def reads(meta):
        os.environ.get("UNITS")
        return builders.dense(meta)

    message = r"memory: the fit is not kept: builder: reads uses environ, whose result"
    with pytest.warns(UserWarning, match=message) as caught:
        assert n_trained(GridSearchCV(classifier(tmp_path, model=reads), {}, cv=2))[0] == 3
    assert len(caught) == 1
    assert not entries(tmp_path)


def test_a_fit_that_changes_what_it_depends_on_is_not_kept(tmp_path):
    calls = []

    def counting(meta):
        calls.append(1)
        return builders.dense(meta)

    with pytest.warns(UserWarning, match="memory: .*not kept: it changed builder"):
        classifier(tmp_path, model=counting).fit(X, Y)
    assert n_trained(classifier(tmp_path, model=counting))[0] == 1
    assert not entries(tmp_path)


class Counts(keras.layers.Layer):
    def build(self, shape):
        self.seen = tf.Variable(0.0)

    def call(self, rows):
        self.seen.assign_add(1.0)
        return rows


def with_hidden_state(meta):
    return keras.Sequential([Counts(), keras.layers.Dense(2, "softmax")])


def test_a_model_with_state_that_keras_does_not_see_is_not_kept(tmp_path):
    with pytest.warns(UserWarning, match=r"memory: .* has a tf.Variable that Keras does not know"):
        classifier(tmp_path, model=with_hidden_state).fit(X, Y)
    assert not entries(tmp_path)


def test_warnings_of_the_moving_averages_come_again(tmp_path):
    def slow():
        return keras.Sequential(
            [keras.layers.BatchNormalization(), keras.layers.Dense(2, "softmax")]
        )

    for n_fits in (1, 0):
        with pytest.warns(UserWarning, match="moving averages are still"):
            assert n_trained(classifier(tmp_path, model=slow))[0] == n_fits


def test_a_method_that_builds_counts_with_its_estimator(tmp_path):
    class Own(KerasClassifier):
        def __init__(self, width=4, **kwargs):
            super().__init__(**kwargs)
            self.width = width

        def _keras_build_fn(self, meta):
            return builders.dense(meta, units=self.width)

    assert n_trained(Own(memory=tmp_path, **FAST))[0] == 1
    assert n_trained(Own(memory=tmp_path, verbose=0, **FAST))[0] == 0
    assert n_trained(Own(width=5, memory=tmp_path, **FAST))[0] == 1


def cut(content):
    return content[: len(content) // 2]


def flipped(content):
    place = len(content) * 2 // 3
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


@pytest.mark.parametrize("damage", [cut, flipped, lambda c: b"", lambda c: b"\x80\x05garbage"])
def test_damaged_entries_are_dropped_and_trained_again(damage, tmp_path):
    plain = classifier(None).fit(X, Y)
    classifier(tmp_path).fit(X, Y)
    (entry,) = entries(tmp_path)
    entry.write_bytes(damage(entry.read_bytes()))
    again = classifier(tmp_path)
    assert n_trained(again)[0] == 1
    assert_same_fit(plain, again)
    assert n_trained(classifier(tmp_path)) == (0, 0)


def test_an_entry_under_another_fits_name_is_dropped(tmp_path):
    for seed in (0, 1):
        classifier(tmp_path, random_state=seed).fit(X, Y)
    one, two = entries(tmp_path)
    shutil.copy(one, two)
    kept = [classifier(tmp_path, random_state=seed) for seed in (0, 1)]
    assert sum(n_trained(each)[0] for each in kept) == 1
    for seed, each in enumerate(kept):
        assert_same_fit(each, classifier(None, random_state=seed).fit(X, Y))


class Deletes(keras.callbacks.Callback):
    folder = None

    def __init__(self, folder):
        super().__init__()
        self.folder = folder

    def on_epoch_end(self, epoch, logs=None):
        shutil.rmtree(self.folder, ignore_errors=True)


def test_the_directory_may_go_at_any_time(tmp_path):
    folder = tmp_path / "fits"
    search = GridSearchCV(
        classifier(folder, callbacks=Deletes(folder)), {"model__units": [2, 3]}, cv=2
    ).fit(X, Y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert len(entries(folder)) == 1  # the last one


def test_joblib_limits_and_clears_the_store(tmp_path):
    memory = joblib.Memory(tmp_path, verbose=0)
    for seed in range(4):
        classifier(memory, random_state=seed).fit(X, Y)
    sizes = [entry.stat().st_size for entry in entries(tmp_path)]
    memory.reduce_size(bytes_limit=2 * max(sizes) + 10)
    assert len(entries(tmp_path)) == 2
    memory.clear(warn=False)
    assert n_trained(classifier(memory, random_state=3))[0] == 1


def test_compressed_store(tmp_path):
    memory = joblib.Memory(tmp_path, compress=3, verbose=0)
    plain = classifier(memory).fit(X, Y)
    again = classifier(memory)
    assert n_trained(again) == (0, 0)
    assert_same_fit(plain, again)


# Functions of __main__ travel to workers by value, without a source.
MAIN = """
import pathlib
import sys
import numpy as np
from sklearn.model_selection import GridSearchCV
from helpers import FitRecorder, KerasClassifier
from helpers.quiet import keras
from tests.killed_search import X, Y
WIDTH = 3
def build(meta, rate=0.0):
    return keras.Sequential([
        keras.layers.Dense(WIDTH), keras.layers.Dropout(rate), keras.layers.Dense(2, "softmax")])
for n_jobs in (2, 1):
    with FitRecorder() as recorder:
        GridSearchCV(
            KerasClassifier(build, epochs=2, random_state=0, memory=sys.argv[1]),
            {"rate": [0.0, 0.5]}, cv=2, refit=False, n_jobs=n_jobs).fit(X, Y)
print(len(list(pathlib.Path(sys.argv[1]).rglob("output.pkl"))), len(recorder.fits))
"""


def test_builders_of_main_have_one_key_in_all_processes(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    run = subprocess.run(
        [sys.executable, "-c", MAIN, str(tmp_path)], env=environment,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert run.stdout.split() == ["4", "0"]  # the workers had trained all that this process wanted
