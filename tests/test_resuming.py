"""A fit goes on where it, or one of fewer epochs, was kept; what was broken off repeats nothing.

The searches that are killed here are few and short; `make nightly` kills ten of each kind.
"""

import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pytest
from hypothesis import settings
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next import work
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV

from helpers import FitRecorder, cache, training
from helpers.errors import DivergedError
from helpers.lockstep import stack
from helpers.quiet import keras
from tests import killed_search
from tests.kept_fits import Rate, X, Y, assert_same_fit, classifier, entries, n_trained

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


@pytest.fixture
def kept_after_each_epoch(monkeypatch):
    monkeypatch.setattr(training, "KEEP_EVERY", 0)
    monkeypatch.setattr(training, "KEEP_SHARE", 0)


@pytest.fixture
def written(monkeypatch):
    """Numbers of epochs of all that is written, in this order."""
    numbers, write = [], cache._Kept.write

    def noting(kept, epochs, state):
        numbers.append(epochs)
        write(kept, epochs, state)

    monkeypatch.setattr(cache._Kept, "write", noting)
    return numbers


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
@pytest.mark.parametrize("changes", AFRESH.values(), ids=AFRESH)
def test_what_could_not_go_on_is_not_kept_on_the_way(changes, tmp_path, written):
    classifier(tmp_path, **changes | {"epochs": 4}).fit(X, Y)
    assert written == [4]


@pytest.mark.usefixtures("kept_after_each_epoch")
def test_a_state_on_the_way_that_is_no_numbers_is_not_kept(tmp_path):
    diverging = classifier(tmp_path, optimizer__learning_rate=1e30, epochs=4)
    with pytest.raises(DivergedError):
        diverging.fit(X, Y)
    assert not entries(tmp_path)


@pytest.mark.parametrize(("seconds", "expected"), [(0, [1, 2, 3, 4]), (60, [4])])
@pytest.mark.parametrize("backend", ["sequential", "lockstep"])
def test_fits_are_kept_on_the_way_after_some_seconds(
    seconds, expected, backend, tmp_path, written, monkeypatch
):
    monkeypatch.setattr(training, "KEEP_EVERY", seconds)
    monkeypatch.setattr(training, "KEEP_SHARE", 0)
    with joblib.parallel_config(backend=backend):
        classifier(tmp_path, epochs=4).fit(X, Y)
    assert written == expected


def test_keeping_takes_a_small_share_of_the_time(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(training.time, "monotonic", lambda: now[0])
    pace = training.Pace()
    now[0] = training.KEEP_EVERY
    assert pace.is_due()
    with pace.keeping():
        now[0] += 5.0
    now[0] += training.KEEP_SHARE * 5.0 - 1
    assert not pace.is_due()
    now[0] += 1
    assert pace.is_due()


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


@pytest.mark.usefixtures("kept_after_each_epoch")
def test_a_recorder_does_not_keep_a_stack_from_being_kept(tmp_path, written, caplog):
    search = GridSearchCV(classifier(tmp_path, epochs=3), {}, cv=2, refit=False)
    with joblib.parallel_config(backend="lockstep"):
        assert n_trained(search) == (2, 6)
    assert written == [1, 1, 2, 2, 3, 3]
    assert not caplog.records


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
    run_epoch, n_run = stack._Stack.run_epoch, itertools.count()

    def run_ten(*arguments):
        if next(n_run) == 10:
            raise KeyboardInterrupt
        run_epoch(*arguments)

    with monkeypatch.context() as patch, joblib.parallel_config(backend="lockstep"):
        patch.setattr(stack._Stack, "run_epoch", run_ten)
        with pytest.raises(KeyboardInterrupt):
            search.fit(X, Y)
    assert len(entries(tmp_path)) == 3
    with joblib.parallel_config(backend="lockstep"):
        assert n_trained(search)[0] == 3


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
        assert before or any(epochs < killed_search.EPOCHS for epochs in after.values())
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
