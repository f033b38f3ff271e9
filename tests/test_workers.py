"""Which process runs a part of a case, and after what, changes nothing."""

import os
import sys

import pandas as pd
import pytest
from joblib.parallel import get_active_backend

from helpers import cases, datasets, parameters
from helpers.cases import Task
from helpers.workers import each_repetition, side_by_side, start

SETTINGS = parameters.check(profile="ci", max_rows=120, epochs=4, n_splits=2)
TASK = Task(datasets.load("digits", max_rows=SETTINGS.max_rows), SETTINGS)


def has_keras():
    return "keras" in sys.modules, os.getpid()


def process(number):
    return number, os.getpid()


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")


@pytest.fixture
def two_processes(monkeypatch):
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")


def test_calls_return_in_their_order_from_other_processes(two_processes):
    results = side_by_side(process, [(0,), (1,), (2,)])
    assert [number for number, _ in results] == [0, 1, 2]
    assert os.getpid() not in {pid for _, pid in results}


def test_one_core_needs_no_other_process():
    assert side_by_side(process, [(0,), (1,)]) == [(0, os.getpid()), (1, os.getpid())]


def backend():
    return type(get_active_backend()[0]).__name__


def test_fits_of_a_part_are_trained_side_by_side(two_processes):
    assert side_by_side(backend, [()] * 2) == ["LockstepBackend"] * 2
    assert side_by_side(backend, [()]) == ["LockstepBackend"]
    assert backend() != "LockstepBackend"


def test_workers_started_early_are_those_that_work(two_processes):
    thread = start()
    results = side_by_side(process, [(number,) for number in range(6)])
    thread.join(timeout=120)
    assert not thread.is_alive()
    assert [number for number, _ in results] == list(range(6))
    loaded = side_by_side(has_keras, [()] * 8)
    assert len({pid for _, pid in results + loaded}) <= 2  # one may be faster than the other
    assert all(has for has, _ in loaded)


def test_one_core_starts_nothing():
    assert start() is None


@pytest.mark.timeout(120)  # an error in joblib's own thread would be a wait without end
def test_a_worker_replaced_for_its_memory_is_no_warning(two_processes):
    def grow(number):
        from joblib.externals.loky import process_executor

        process_executor._MAX_MEMORY_LEAK_SIZE = -(10**12)
        process_executor._MEMORY_LEAK_CHECK_DELAY = 0.0
        return number

    assert side_by_side(grow, [(number,) for number in range(12)]) == list(range(12))


def test_rows_and_tables_are_put_together():
    rows = each_repetition(lambda repeat, seed: {"repeat": repeat, "value": seed}, [(0, 7), (1, 8)])
    assert rows.to_dict("list") == {"repeat": [0, 1], "value": [7, 8]}
    tables = each_repetition(lambda repeat, seed: pd.DataFrame({"value": [seed] * 2}), [(0, 7)])
    assert tables["value"].tolist() == [7, 7]


@pytest.mark.parametrize("code", ["leak/shared-groups", "leak/scaler-before-split"])
def test_repetitions_side_by_side_are_those_one_after_the_other(code, monkeypatch):
    case = cases.get(code)
    one_by_one = case.run("fixed", TASK)
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "2")
    pd.testing.assert_frame_equal(case.run("fixed", TASK), one_by_one)


def test_arms_side_by_side_are_those_one_after_the_other(two_processes):
    case = cases.get("state/global-seed")
    for arm, table in zip(case.arms, case.run_all(TASK), strict=True):
        # by_two_jobs depends on which thread is first: that is what the case shows.
        expected = case.run(arm, TASK)
        columns = ["units", "fold", "forwards", "backwards", "value", "end_digest"]
        pd.testing.assert_frame_equal(table[columns], expected[columns])
