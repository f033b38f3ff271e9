"""A fit that is kept is looked up by all that it depends on, or trained again: never a wrong one.

The searches that are killed here are few and short; `make nightly` kills ten of each kind.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import settings
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next import work
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from helpers import FitRecorder, KerasClassifier, KerasRegressor, cache, training
from helpers.errors import DivergedError
from helpers.quiet import keras, tf
from tests import builders, killed_search, laws

X, Y = killed_search.X, killed_search.Y
FAST = {"optimizer": "sgd", "epochs": 2, "random_state": 0}


def classifier(memory, **changes):
    return KerasClassifier(**({"model": builders.dense, "memory": memory} | FAST | changes))


def n_trained(estimator, *rows, **more):
    """Fits and epochs that an estimator causes on the rows."""
    with FitRecorder() as recorder:
        estimator.fit(*(rows or (X, Y)), **more)
    return len(recorder.fits), sum(record.epochs_run for record in recorder.fits)


def entries(folder):
    return sorted(Path(folder).rglob("output.pkl"))


def assert_same_fit(one, other):
    for get in (lambda m: m.variables, lambda m: m.optimizer.variables):
        left, right = ([v.numpy() for v in get(each.model_)] for each in (one, other))
        laws.assert_equal_weights(left, right)
    assert one.history_ == other.history_
    assert one.n_epochs_ == other.n_epochs_
    np.testing.assert_array_equal(one.predict(X), other.predict(X))


class Rate(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.1 / (1 + epoch)


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


# More epochs than there are.

GO_ON = {
    "dropout and momentum": {"model__rate": 0.5, "optimizer__momentum": 0.9},
    "adam": {"optimizer": "adam", "metrics": ["accuracy"]},
    "schedule": {"optimizer": keras.optimizers.SGD(
        keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.9))},
    "accumulation": {"optimizer__gradient_accumulation_steps": 3},
    "validation": {"validation_split": 0.2},
    "not shuffled": {"shuffle": False},
}  # fmt: skip


@pytest.mark.parametrize("changes", GO_ON.values(), ids=GO_ON)
def test_more_epochs_go_on_from_a_kept_fit(changes, tmp_path):
    classifier(tmp_path, **changes).fit(X, Y)
    longer = classifier(tmp_path, **changes | {"epochs": 5})
    assert n_trained(longer) == (1, 3)
    assert_same_fit(longer, classifier(None, **changes | {"epochs": 5}).fit(X, Y))
    assert n_trained(classifier(tmp_path, **changes | {"epochs": 5})) == (0, 0)
    assert n_trained(classifier(tmp_path, **changes | {"epochs": 3})) == (1, 1)


def own_activation(meta):
    return keras.Sequential(
        [keras.layers.Dense(4, activation=lambda x: x), keras.layers.Dense(2, "softmax")]
    )


AFRESH = {
    "callback": {"callbacks": [Rate]},
    "averages of weights": {"optimizer": keras.optimizers.SGD(use_ema=True)},
    "eager": {"run_eagerly": True},
    "code of one's own": {"model": own_activation},
}


@pytest.mark.parametrize("changes", AFRESH.values(), ids=AFRESH)
def test_what_variables_do_not_hold_is_trained_afresh(changes, tmp_path):
    classifier(tmp_path, **changes).fit(X, Y)
    longer = classifier(tmp_path, **changes | {"epochs": 5})
    assert n_trained(longer) == (1, 5)
    assert_same_fit(longer, classifier(None, **changes | {"epochs": 5}).fit(X, Y))


def test_halving_trains_no_epoch_twice(tmp_path):
    def search(memory):
        return HalvingGridSearchCV(
            classifier(memory, optimizer__momentum=0.9), {"model__units": [2, 3, 4, 5]},
            resource="epochs", min_resources=2, max_resources=8, factor=2, cv=2, refit=False,
            random_state=0,
        )  # fmt: skip

    plain, kept = search(None), search(tmp_path)
    assert n_trained(plain)[1] == 2 * (4 * 2 + 2 * 4 + 1 * 8)
    assert n_trained(kept)[1] == 2 * (4 * 2 + 2 * 2 + 1 * 4)
    assert killed_search.results(kept) == killed_search.results(plain)
    assert n_trained(search(tmp_path)) == (0, 0)


# Kept on the way.


@pytest.fixture
def kept_after_each_epoch(monkeypatch):
    monkeypatch.setattr(training, "KEEP_EVERY", 0)
    monkeypatch.setattr(training, "KEEP_SHARE", 0)


def interrupted(estimator, n_kept, monkeypatch, backend="sequential"):
    """Fit until so many states have been written; the next one is Ctrl-C instead."""
    left, write = [n_kept], cache._Kept.write

    def written(*arguments):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        write(*arguments)

    with monkeypatch.context() as patch, joblib.parallel_config(backend=backend):
        patch.setattr(cache._Kept, "write", written)
        with pytest.raises(KeyboardInterrupt):
            estimator.fit(X, Y)


@pytest.mark.usefixtures("kept_after_each_epoch")
@pytest.mark.parametrize("changes", GO_ON.values(), ids=GO_ON)
def test_an_interrupted_fit_goes_on_where_it_was_kept(changes, tmp_path, monkeypatch):
    changes = changes | {"epochs": 6}
    interrupted(classifier(tmp_path, **changes), 4, monkeypatch)
    assert len(entries(tmp_path)) == 1  # one state on the way, not one of each epoch
    again = classifier(tmp_path, **changes)
    assert n_trained(again) == (1, 2)
    assert_same_fit(again, classifier(None, **changes).fit(X, Y))
    assert len(entries(tmp_path)) == 1
    assert n_trained(classifier(tmp_path, **changes)) == (0, 0)


@pytest.mark.usefixtures("kept_after_each_epoch")
@pytest.mark.parametrize("changes", [AFRESH[name] for name in ("callback", "code of one's own")])
def test_what_could_not_go_on_is_not_kept_on_the_way(changes, tmp_path, monkeypatch):
    interrupted(classifier(tmp_path, **changes), 0, monkeypatch)  # its result was the first
    assert n_trained(classifier(tmp_path, **changes)) == (1, FAST["epochs"])


@pytest.mark.usefixtures("kept_after_each_epoch")
def test_a_state_on_the_way_that_is_no_numbers_is_not_kept(tmp_path):
    diverging = classifier(tmp_path, optimizer__learning_rate=1e30, epochs=4)
    with pytest.raises(DivergedError):
        diverging.fit(X, Y)
    assert not entries(tmp_path)


def test_fits_are_kept_on_the_way_after_some_seconds_only(tmp_path):
    classifier(tmp_path, epochs=6).fit(X, Y)
    assert [int(entry.parent.name, 16) for entry in entries(tmp_path)] == [6]


@pytest.mark.usefixtures("kept_after_each_epoch")
def test_a_stack_goes_on_where_it_was_kept(tmp_path, monkeypatch):
    def search(memory):
        estimator = classifier(memory, epochs=6, optimizer__momentum=0.9)
        grid = {"optimizer__learning_rate": [0.01, 0.1]}
        return GridSearchCV(estimator, grid, cv=3, refit=False, scoring="neg_log_loss")

    interrupted(search(tmp_path), 6 * 4 + 1, monkeypatch, "lockstep")
    again, afresh = search(tmp_path), search(None)
    with joblib.parallel_config(backend="lockstep"):
        assert n_trained(again) == (6, 1 + 5 * 2)
        afresh.fit(X, Y)
    np.testing.assert_allclose(
        again.cv_results_["mean_test_score"], afresh.cv_results_["mean_test_score"], rtol=1e-4
    )
    assert len(entries(tmp_path)) == 6


def test_fits_that_end_early_are_kept_before_their_stack_ends(tmp_path, monkeypatch):
    stopper = {
        "callbacks": keras.callbacks.EarlyStopping,
        "callbacks__monitor": "loss",
        "callbacks__patience": 1,
    }
    search = GridSearchCV(
        classifier(tmp_path, epochs=30, **stopper),
        {"callbacks__min_delta": [0.0, 10.0]}, cv=3, refit=False,
    )  # fmt: skip
    interrupted(search, 3, monkeypatch, "lockstep")
    with joblib.parallel_config(backend="lockstep"):
        assert n_trained(search)[0] == 3


# Killed.


def run_search(folder, n_jobs, kill_after=None):
    """What the script printed; None if it was killed before."""
    script = Path(killed_search.__file__)
    environment = os.environ | {"PYTHONPATH": str(script.parents[1])}
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), str(n_jobs)], env=environment,
        stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    if kill_after is not None:
        while process.poll() is None and len(kept_epochs(folder)) < kill_after:
            time.sleep(0.005)
        time.sleep(random.Random(kill_after).uniform(0, 0.1))
        os.killpg(process.pid, signal.SIGKILL)
    printed = process.communicate()[0]
    return json.loads(printed) if process.returncode == 0 else None


@pytest.mark.parametrize(("n_jobs", "n_kills"), [(1, 2), (2, 1)])
def test_a_killed_search_repeats_no_finished_fit(n_jobs, n_kills, tmp_path):
    """Killed in processes of its own, and ended in this one, whose fits the recorder sees."""
    if settings().max_examples >= 200:
        n_kills = 10
    expected = killed_search.results(killed_search.search(None, 1))
    places = random.Random(n_jobs).choices(range(1, killed_search.N_FITS), k=n_kills)
    for number in sorted(places):
        before = {entry: entry.stat().st_mtime_ns for entry in entries(tmp_path)}
        run_search(tmp_path, n_jobs, kill_after=number)
        after = {entry: entry.stat().st_mtime_ns for entry in entries(tmp_path)}
        assert before.items() <= after.items()  # no finished fit was written a second time
    with FitRecorder() as recorder:
        last = killed_search.search(tmp_path, 1)
    assert killed_search.results(last) == expected
    assert len(recorder.fits) == killed_search.N_FITS - len(after)
    assert len(entries(tmp_path)) == killed_search.N_FITS


def kept_epochs(folder):
    """Of each fit, for how many epochs it has been trained at most."""
    most = {}
    for entry in entries(folder):
        fit, epochs = entry.parts[-3], int(entry.parts[-2], 16)
        most[fit] = max(epochs, most.get(fit, 0))
    return most


@pytest.mark.usefixtures("kept_after_each_epoch")
def test_a_search_killed_in_lockstep_repeats_no_epoch_that_was_kept(tmp_path):
    n_kills = 10 if settings().max_examples >= 200 else 2
    expected = killed_search.results(killed_search.search(None, 1))
    after = {}
    for number in random.Random(0).choices(range(1, killed_search.N_FITS + 1), k=n_kills):
        before = after
        run_search(tmp_path, "lockstep", kill_after=number)
        after = kept_epochs(tmp_path)
        assert all(epochs <= after[fit] for fit, epochs in before.items())
    with FitRecorder() as recorder:
        last = killed_search.search(tmp_path, "lockstep")
    n_all = killed_search.N_FITS * killed_search.EPOCHS
    assert sum(record.epochs_run for record in recorder.fits) == n_all - sum(after.values())
    found = killed_search.results(last)
    for name in ("mean_test_score", "params"):
        assert found[name] == expected[name]


def test_two_processes_share_a_directory(tmp_path):
    processes = [joblib.delayed(run_search)(tmp_path, 1) for _ in range(2)]
    first, second = joblib.Parallel(n_jobs=2, backend="threading")(processes)
    assert first["results"] == second["results"]
    assert len(entries(tmp_path)) == killed_search.N_FITS


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
