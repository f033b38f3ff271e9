"""A search shared out among the workers of loky or Dask: the same results, trained in lockstep."""

import os
import signal
from pathlib import Path

import joblib
import numpy as np
import pytest
from distributed import Client, LocalCluster
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import KerasClassifier
from helpers.lockstep import processes
from helpers.quiet import keras, tf

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 4)).astype("float32")
Y = (X[:, 0] + 0.5 * RNG.normal(size=60) > 0).astype(int)
GRID = {"model__rate": [0.0, 0.3]}
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


def build(meta, rate=0.0):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(4, activation="relu"),
            keras.layers.Dropout(rate),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def classifier(builder=build, **parameters):
    given = {"epochs": 3, "batch_size": 16, "random_state": 0}
    return KerasClassifier(builder, **(given | parameters))


def search(estimator=None, **parameters):
    given = {"cv": 3, "scoring": "neg_log_loss", "refit": False, "error_score": "raise"}
    return GridSearchCV(estimator or classifier(), GRID, **(given | parameters))


def scores(fitted):
    return np.array([fitted.cv_results_[f"split{fold}_test_score"] for fold in range(3)])


@pytest.fixture(scope="module")
def dask():
    """Two processes of Dask's on this machine."""
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    with cluster, Client(cluster) as client:
        yield client


@pytest.fixture(scope="module")
def expected():
    """Scores of the search, one fit after the other."""
    return scores(search().fit(X, Y))


@pytest.fixture(params=["loky", "dask"])
def workers(request):
    if request.param == "dask":
        request.getfixturevalue("dask")
    return request.param


def test_dask_without_a_client_is_refused_before_anything_runs():
    """The first test here: the others have a client, which is this process' default."""
    with pytest.raises(ValueError, match=r"workers='dask': .*first create a Dask Client"):
        joblib.parallel_config(backend="lockstep", workers="dask")


def test_without_lockstep_the_fits_are_bit_for_bit_those_of_one_process(workers, expected):
    with joblib.parallel_config(backend=workers, n_jobs=2):
        np.testing.assert_array_equal(scores(search().fit(X, Y)), expected)


def test_with_lockstep_they_are_those_of_lockstep(workers, expected):
    with joblib.parallel_config(backend="lockstep", workers=workers, n_jobs=2):
        np.testing.assert_allclose(scores(search().fit(X, Y)), expected, **CLOSE)


class Diary(keras.callbacks.Callback):
    """Notes which process ends which epoch."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_epoch_end(self, epoch, logs=None):
        with open(self.path, "a") as file:
            file.write(f"{os.getpid()} {epoch}\n")


def test_each_worker_trains_its_fits_side_by_side(workers, tmp_path):
    diary = tmp_path / "diary"
    with joblib.parallel_config(backend="lockstep", workers=workers, n_jobs=2):
        search(classifier(callbacks=Diary(str(diary)))).fit(X, Y)
    lines = [line.split() for line in diary.read_text().splitlines()]
    processes_seen = {process for process, _ in lines}
    assert len(processes_seen) == 2
    assert str(os.getpid()) not in processes_seen
    for process in processes_seen:
        epochs = [int(epoch) for one, epoch in lines if one == process]
        assert epochs == sorted([0, 1, 2] * 3)  # no fit goes on to its next epoch before the others


def test_one_worker_is_this_process(stacks):
    with joblib.parallel_config(backend="lockstep", workers="loky", n_jobs=1):
        search().fit(X, Y)
    assert stacks == [3, 3]  # without dropout, and with it


def test_more_tasks_than_are_handed_over_at_once(monkeypatch, stacks, expected):
    monkeypatch.setattr(processes, "N_JOBS", 2)  # joblib hands over twice as many
    with joblib.parallel_config(backend="lockstep", workers="loky", n_jobs=1):
        np.testing.assert_allclose(scores(search().fit(X, Y)), expected, **CLOSE)
    assert stacks == [3, 1, 2]


def test_pipelines_and_nested_searches(dask):
    inner = GridSearchCV(
        make_pipeline(StandardScaler(), classifier()),
        {"kerasclassifier__optimizer__learning_rate": [0.01, 0.1]},
        cv=2,
    )
    one_by_one = cross_val_score(inner, X, Y, cv=2)
    with joblib.parallel_config(backend="lockstep", workers="dask"):
        np.testing.assert_allclose(cross_val_score(inner, X, Y, cv=2), one_by_one, atol=0.04)


def test_other_estimators_just_run(workers):
    one_by_one = cross_val_score(LogisticRegression(), X, Y, cv=3)
    with joblib.parallel_config(backend="lockstep", workers=workers, n_jobs=2):
        np.testing.assert_array_equal(cross_val_score(LogisticRegression(), X, Y, cv=3), one_by_one)


def build_with_a_step_of_its_own(meta, rate=0.0):
    class Own(keras.Sequential):
        def train_step(self, data):
            return super().train_step(data)

    return Own([keras.layers.Dense(meta["n_classes_"], activation="softmax")], name="own")


def test_what_is_trained_by_itself_is_said_here_and_once(workers, caplog):
    with joblib.parallel_config(backend="lockstep", workers=workers, n_jobs=2):
        search(classifier(build_with_a_step_of_its_own)).fit(X, Y)
    said = [each.getMessage() for each in caplog.records if each.name == "helpers.lockstep"]
    assert said == ["lockstep trains 'own' by itself: the model has a train_step of its own"]


def build_once_killed(meta, rate=0.0, marker=None):
    """Kills its process, the first time anybody gets here with dropout."""
    if rate and marker and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return build(meta, rate)


def test_dask_gives_the_piece_of_a_killed_worker_to_another(dask, tmp_path, expected):
    marker = tmp_path / "killed"
    killed = search(classifier(build_once_killed, model__marker=str(marker)))
    with joblib.parallel_config(backend="lockstep", workers="dask"):
        np.testing.assert_allclose(scores(killed.fit(X, Y)), expected, **CLOSE)
    assert marker.exists()


def test_with_loky_a_killed_worker_ends_the_search_which_can_be_run_again(tmp_path, expected):
    marker = tmp_path / "killed"
    killed = search(
        classifier(build_once_killed, model__marker=str(marker), memory=str(tmp_path / "fits"))
    )
    with joblib.parallel_config(backend="lockstep", workers="loky", n_jobs=2):
        with pytest.raises(TerminatedWorkerError):
            killed.fit(X, Y)
        np.testing.assert_allclose(scores(killed.fit(X, Y)), expected, **CLOSE)


def build_that_fails(meta, rate=0.0):
    if rate:
        raise RuntimeError("no such net")
    return build(meta, rate)


def test_an_error_in_a_worker_is_the_searchs(dask, expected):
    with joblib.parallel_config(backend="lockstep", workers="dask"):
        with pytest.raises(RuntimeError, match="no such net"):
            search(classifier(build_that_fails)).fit(X, Y)
        np.testing.assert_allclose(scores(search().fit(X, Y)), expected, **CLOSE)


def test_builders_of_a_notebook_travel(workers):
    notebook = {"__name__": "__main__", "make": build}
    exec("def build(meta):\n    return make(meta)", notebook)
    with joblib.parallel_config(backend="lockstep", workers=workers, n_jobs=2):
        assert cross_val_score(classifier(notebook["build"]), X, Y, cv=3).shape == (3,)


def pools():
    told = tf.config.threading
    return told.get_intra_op_parallelism_threads(), told.get_inter_op_parallelism_threads()


def test_a_worker_takes_no_more_threads_than_its_share_of_the_cores(workers):
    share = 1 if workers == "dask" else max(1, joblib.cpu_count() // 2)
    with joblib.parallel_config(backend=workers, n_jobs=2):
        search().fit(X, Y)  # TensorFlow is there
        seen = joblib.Parallel()(joblib.delayed(pools)() for _ in range(8))
    assert seen == [(share, share)] * 8


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"workers": "threading"}, "workers='threading': a backend with processes of its own"),
        ({"workers": "lockstep"}, "workers='lockstep': a backend with processes of its own"),
        ({"workers": "lokky"}, "workers='lokky': a backend with processes of its own"),
        ({"workers": 2}, "workers=2: a backend with processes of its own"),
        ({"workers": "loky", "progress": True}, "progress=True: with workers only False"),
        ({"workers": "loky", "max_memory": "much"}, "max_memory='much': a number of bytes"),
    ],
)
def test_what_is_not_accepted(parameters, message):
    with pytest.raises(ValueError, match=message):
        joblib.parallel_config(backend="lockstep", **parameters)
    assert not isinstance(joblib.parallel.get_active_backend()[0], processes.WorkersBackend)
