"""Tasks run one at a time: as in a loop, whatever they raise, wait for, or are stopped by."""

import contextvars
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from dataclasses import dataclass, field

import pytest

from helpers.lockstep.tasks import CancelledError, Scheduler

SECONDS = 30  # after which schedules that take one are taken for a deadlock


@dataclass
class Plan:
    """What a task does, step by step; a tree, since a step may be other tasks."""

    steps: list = field(default_factory=list)

    @classmethod
    def drawn(cls, rng, depth=0):
        return cls([cls._step(rng, depth) for _ in range(rng.randint(0, 3))])

    @classmethod
    def _step(cls, rng, depth):
        kind = rng.choices(
            ["fit", "nest", "raise", "failing fit"], [8, 2 if depth < 2 else 0, 1, 1]
        )
        if kind == ["nest"]:
            inner = [cls.drawn(rng, depth + 1) for _ in range(rng.randint(0, 4))]
            return "nest", inner, rng.random() < 0.5
        return kind[0], rng.random()


class PlannedError(Exception):
    """An error that a plan asks for."""


class Fit:
    def __init__(self, number, fails):
        self.number, self.fails, self.n_trained = number, fails, 0


def in_a_loop(plan, trained):
    """What comes of a plan where one call runs after another."""
    results = []
    for kind, *step in plan.steps:
        if kind == "nest":
            results.append(_nested(step, lambda inner: [in_a_loop(p, trained) for p in inner]))
        elif kind == "raise":
            raise PlannedError(step[0])
        else:
            trained.append(step[0])
            if kind == "failing fit":
                raise PlannedError(step[0])
            results.append(2 * step[0])
    return results


def _nested(step, run):
    inner, catches = step
    try:
        return run(inner)
    except PlannedError as error:
        if not catches:
            raise
        return ["caught", *error.args]


class Run:
    """The same plans with a scheduler, which trains fits together."""

    def __init__(self, rng, limit=None):
        self.rng, self.fits, self.stacks = rng, [], []
        self.turn = threading.Lock()
        has_room = (lambda n_begun, fits: True) if limit is None else (lambda n, fits: n < limit)
        self.scheduler = Scheduler(self.train, has_room)

    def alone(self):
        """Do something that takes a moment, in which nobody else may run."""
        assert self.turn.acquire(blocking=False), "two threads run at once"
        if self.rng.random() < 0.05:
            time.sleep(self.rng.random() * 1e-4)
        self.turn.release()

    def train(self, fits):
        self.stacks.append(len(fits))
        self.alone()
        for fit in fits:
            fit.n_trained += 1

    def task(self, plan):
        results = []
        for kind, *step in plan.steps:
            self.alone()
            if kind == "nest":
                results.append(_nested(step, self.all_of))
            elif kind == "raise":
                raise PlannedError(step[0])
            else:
                fit = Fit(step[0], kind == "failing fit")
                self.fits.append(fit)
                self.scheduler.hand_in(fit)
                self.alone()
                if fit.fails:
                    raise PlannedError(step[0])
                results.append(2 * fit.number)
        return results

    def all_of(self, plans):
        """As joblib does it: results in their order, and the end of all when one fails."""
        tasks = [self.scheduler.add(lambda plan=plan: self.task(plan)) for plan in plans]
        try:
            return [self.scheduler.result_of(task) for task in tasks]
        except BaseException:
            self.scheduler.cancel(tasks)
            raise

    def numbers(self):
        return [fit.number for fit in self.fits]


def outcome(call, *arguments):
    try:
        return call(*arguments)
    except PlannedError as error:
        return "raised", *error.args


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


def watched(call):
    """Call in a thread of its own, which a deadlock would hold for ever."""
    errors = []

    def caught():
        try:
            call()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    thread = threading.Thread(target=caught, daemon=True)
    thread.start()
    thread.join(SECONDS)
    assert not thread.is_alive(), "deadlock"
    for error in errors:
        raise error


@pytest.mark.parametrize("block", range(10))
def test_any_schedule_is_as_in_a_loop(block):
    def schedules():
        for seed in range(100 * block, 100 * (block + 1)):
            as_in_a_loop(random.Random(seed), seed)

    watched(schedules)


def as_in_a_loop(rng, seed):
    plans = [Plan.drawn(rng) for _ in range(rng.randint(1, 6))]
    trained = []
    expected = [outcome(in_a_loop, plan, trained) for plan in plans]
    run = Run(rng, limit=rng.randint(1, len(plans) + 1))
    n_before = threading.active_count()
    tasks = [run.scheduler.add(lambda plan=plan: run.task(plan)) for plan in plans]
    found = [outcome(run.scheduler.result_of, task) for task in tasks]
    assert found == expected, seed
    assert threading.active_count() == n_before, seed
    assert len(set(run.numbers())) == len(run.fits), seed
    assert all(fit.n_trained <= 1 for fit in run.fits), seed
    # A sibling of a nested task that fails may have been trained beside it.
    done = [fit.number for fit in run.fits if fit.n_trained]
    assert set(trained) <= set(done), seed
    if not any("caught" in str(each) or "raised" in str(each) for each in expected):
        assert sorted(trained) == sorted(done), seed


def test_plans_are_not_all_alike():
    """The property above is of fits that wait side by side, of nests and of errors."""
    outcomes, largest = [], 0
    for seed in range(200):
        rng = random.Random(seed)
        plans = [Plan.drawn(rng) for _ in range(rng.randint(1, 6))]
        run = Run(rng)
        outcomes.append(str(outcome(run.all_of, plans)))
        largest = max(largest, *run.stacks, 0)
    assert sum("raised" in each for each in outcomes) > 20
    assert sum("caught" in each for each in outcomes) > 5
    assert largest > 5


@pytest.mark.parametrize("block", range(2))
def test_cancelled_anywhere_leaves_a_scheduler_that_goes_on(block):
    def schedules():
        for seed in range(100 * block, 100 * (block + 1)):
            cancelled(random.Random(seed))

    watched(schedules)


def cancelled(rng):
    plans = [Plan.drawn(rng) for _ in range(rng.randint(1, 6))]
    run = Run(rng)
    n_before, n_steps = threading.active_count(), rng.randint(0, 12)

    def counted(*arguments):
        nonlocal n_steps
        n_steps -= 1
        if n_steps < 0:
            raise Stop
        return train(*arguments)

    train, run.scheduler._train = run.scheduler._train, counted
    tasks = [run.scheduler.add(lambda plan=plan: run.task(plan)) for plan in plans]
    try:
        for task in tasks[: rng.randint(0, len(tasks))]:
            outcome(run.scheduler.result_of, task)
    except Stop:
        pass
    run.scheduler.cancel(tasks)
    assert threading.active_count() == n_before
    n_steps = 100
    assert run.all_of([Plan([("fit", 3)]), Plan([("fit", 4)])]) == [[6], [8]]


class Stop(BaseException):
    """As KeyboardInterrupt, which comes while training."""


def test_tasks_that_wait_are_trained_together():
    run = Run(random.Random(0))
    plan = Plan([("fit", 1), ("nest", [Plan([("fit", 2)]), Plan([("fit", 3)])], False)])
    assert run.all_of([plan, plan]) == [[2, [[4], [6]]]] * 2
    assert run.stacks == [2, 4]


def test_memory_bounds_how_many_wait():
    run = Run(random.Random(0), limit=2)
    assert run.all_of([Plan([("fit", number)]) for number in range(5)]) == [[0], [2], [4], [6], [8]]
    assert max(run.stacks) == 2


def test_a_task_that_ends_takes_along_those_it_waits_for_no_longer():
    scheduler = Scheduler(lambda fits: None)
    seen = []

    def forgotten():
        try:
            scheduler.hand_in("a")
            scheduler.hand_in("b")
        except CancelledError:
            seen.append("cancelled")
            raise

    def task():
        begun = scheduler.add(forgotten)
        never = scheduler.add(lambda: seen.append("began"))
        scheduler.hand_in("own")
        return begun, never

    tasks = scheduler.result_of(scheduler.add(task))
    assert seen == ["began", "cancelled"] or seen == ["cancelled"]
    for each in tasks:
        if each.error is not None:
            with pytest.raises(CancelledError):
                scheduler.result_of(each)


def test_a_cancelled_task_that_trains_once_more_is_ended_all_the_same():
    trained = []
    scheduler = Scheduler(trained.extend)

    def stubborn():
        try:
            scheduler.hand_in("first")
        finally:
            scheduler.hand_in("once more")

    def failing():
        raise PlannedError

    tasks = [scheduler.add(stubborn), scheduler.add(failing)]
    with pytest.raises(PlannedError):
        scheduler.result_of(tasks[1])
    scheduler.cancel(tasks)
    assert scheduler.result_of(scheduler.add(lambda: scheduler.hand_in("other"))) is None
    assert trained == ["other"]


def test_a_task_may_use_threads_of_its_own():
    trained = []
    scheduler = Scheduler(trained.append)

    def task():
        seen, context = [], contextvars.copy_context()
        target = lambda: seen.append(scheduler.current_task())  # noqa: E731
        thread = threading.Thread(target=context.run, args=(target,))
        thread.start()
        thread.join()
        return seen

    assert scheduler.result_of(scheduler.add(task)) == [None]


def test_warnings_of_tasks_are_their_own():
    scheduler = Scheduler(lambda fits: None)

    def task(name):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                warnings.warn(name, UserWarning, stacklevel=1)
                scheduler.hand_in(name)
        return [str(each.message) for each in caught]

    before = warnings.filters, warnings.showwarning
    tasks = [scheduler.add(lambda name=name: task(name)) for name in "ab"]
    assert [scheduler.result_of(each) for each in tasks] == [["a"] * 3, ["b"] * 3]
    assert (warnings.filters, warnings.showwarning) == before


def test_a_filter_that_a_task_leaves_behind_is_of_that_task():
    scheduler = Scheduler(lambda fits: None)

    def leaves_it():
        warnings.simplefilter("ignore")
        scheduler.hand_in("a")
        warnings.warn("ignored", UserWarning, stacklevel=1)

    def minds():
        scheduler.hand_in("b")
        warnings.warn("an error here", UserWarning, stacklevel=1)

    before = list(warnings.filters)
    tasks = [scheduler.add(leaves_it), scheduler.add(minds)]
    scheduler.result_of(tasks[0])
    with pytest.raises(UserWarning, match="an error here"):
        scheduler.result_of(tasks[1])
    assert warnings.filters == before


def test_warnings_of_nested_tasks_go_where_their_caller_listens():
    scheduler = Scheduler(lambda fits: None)

    def inner():
        scheduler.hand_in("inner")
        warnings.warn("heard", UserWarning, stacklevel=1)

    def outer():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            scheduler.result_of(scheduler.add(inner))
        return len(caught)

    tasks = [scheduler.add(outer) for _ in range(2)]
    assert [scheduler.result_of(each) for each in tasks] == [1, 1]


def test_context_variables_are_those_of_the_caller():
    scheduler = Scheduler(lambda fits: None)
    name = contextvars.ContextVar("name", default="nobody")

    def inner():
        scheduler.hand_in("fit")
        return name.get()

    def outer(mine):
        name.set(mine)
        tasks = [scheduler.add(inner) for _ in range(2)]
        return [name.get(), *map(scheduler.result_of, tasks)]

    token = name.set("user")
    try:
        plain = scheduler.add(name.get)
        tasks = [scheduler.add(lambda mine=mine: outer(mine)) for mine in "ab"]
        assert scheduler.result_of(plain) == "user"
        assert [scheduler.result_of(each) for each in tasks] == [["a"] * 3, ["b"] * 3]
        assert name.get() == "user"
    finally:
        name.reset(token)


def test_waiting_for_oneself_is_an_error():
    scheduler = Scheduler(lambda fits: None)
    tasks = []
    tasks.append(scheduler.add(lambda: scheduler.result_of(tasks[0])))
    with pytest.raises(RuntimeError, match="every task waits for another"):
        scheduler.result_of(tasks[0])
    scheduler.cancel(tasks)


@pytest.fixture(autouse=True)
def hears_ctrl_c():
    """Also where the shell has the suite ignore Ctrl-C, as in ``make test &``."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupted(tasks_of, trains=lambda fits: None):
    """What tasks have seen, and a scheduler that is used again, after Ctrl-C in their midst."""
    scheduler, seen = Scheduler(trains), []
    tasks = tasks_of(scheduler, seen)
    try:
        with pytest.raises(KeyboardInterrupt):
            [scheduler.result_of(task) for task in tasks]
    finally:
        scheduler.cancel(tasks)
    scheduler._train = lambda fits: None
    again = scheduler.add(lambda: scheduler.hand_in("fit") or "again")
    assert scheduler.result_of(again) == "again"
    return seen


def soon(delay=0.05):
    """Ctrl-C from outside, after some time."""
    os_kill = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGINT))
    os_kill.start()
    return os_kill


def waiting(scheduler, seen):
    try:
        scheduler.hand_in("fit")
    except BaseException as error:
        seen.append(type(error).__name__)
        raise


def busy(seen):
    try:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(0)  # in an empty loop, Python 3.13.0 raises past the except below
    except BaseException as error:
        seen.append(type(error).__name__)
        raise


def test_ctrl_c_while_a_task_runs():
    def tasks_of(scheduler, seen):
        waits, runs = lambda: waiting(scheduler, seen), lambda: busy(seen)
        return [scheduler.add(waits), scheduler.add(runs), scheduler.add(waits)]

    timer = soon()
    assert interrupted(tasks_of) == ["KeyboardInterrupt", "CancelledError"]
    timer.join()


def test_ctrl_c_while_nested_tasks_run():
    def tasks_of(scheduler, seen):
        def outer():
            inner = [lambda: waiting(scheduler, seen), lambda: busy(seen)]
            tasks = [scheduler.add(each) for each in inner]
            return [scheduler.result_of(each) for each in tasks]

        return [scheduler.add(outer) for _ in range(2)]

    timer = soon()
    assert interrupted(tasks_of) == ["KeyboardInterrupt", "CancelledError"]
    timer.join()


def test_ctrl_c_while_training():
    def tasks_of(scheduler, seen):
        return [scheduler.add(lambda: waiting(scheduler, seen)) for _ in range(3)]

    timer = soon()
    assert interrupted(tasks_of, trains=lambda fits: busy([])) == ["CancelledError"] * 3
    timer.join()


def test_ctrl_c_that_a_task_raises_in_itself():
    def tasks_of(scheduler, seen):
        def task():
            signal.raise_signal(signal.SIGINT)
            busy(seen)

        return [scheduler.add(lambda: waiting(scheduler, seen)), scheduler.add(task)]

    seen = interrupted(tasks_of)
    assert sorted(seen) in (["CancelledError"], ["CancelledError", "KeyboardInterrupt"])


def test_a_handler_of_the_users_own_is_heard_and_put_back():
    heard = []

    def handler(number, frame):
        heard.append(number)

    before = signal.signal(signal.SIGINT, handler)
    try:
        scheduler = Scheduler(lambda fits: signal.raise_signal(signal.SIGINT))

        def task():
            signal.raise_signal(signal.SIGINT)
            scheduler.hand_in("fit")
            return "ended"

        assert scheduler.result_of(scheduler.add(task)) == "ended"
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == [signal.SIGINT] * 2


def test_ctrl_c_at_any_moment():
    """Two hundred times, at moments that fall between any two steps of the scheduler."""
    script = """
        import os, random, signal, threading, time
        from helpers.lockstep.tasks import Scheduler

        n_interrupted, main = 0, threading.main_thread()
        for seed in range(200):
            rng = random.Random(seed)
            scheduler = Scheduler(lambda fits: time.sleep(rng.random() * 2e-4))

            def task(depth=0):
                for _ in range(rng.randint(1, 4)):
                    scheduler.hand_in("fit")
                    if depth < 2 and rng.random() < 0.3:
                        all_of([lambda: task(depth + 1)] * rng.randint(1, 3))

            def all_of(calls):
                tasks = [scheduler.add(call) for call in calls]
                try:
                    return [scheduler.result_of(each) for each in tasks]
                finally:
                    scheduler.cancel(tasks)

            def stop():
                time.sleep(rng.random() * 8e-3)
                for _ in range(n_signals):
                    signal.pthread_kill(main.ident, signal.SIGINT)
                    time.sleep(1e-4)
                over.set()

            def handler(number, frame):
                n_raised.append(number)
                if len(n_raised) <= 2:
                    raise KeyboardInterrupt

            n_signals, n_raised, over = rng.randint(1, 3), [], threading.Event()
            signal.signal(signal.SIGINT, handler)
            stopper = threading.Thread(target=stop)
            tasks = [scheduler.add(task) for _ in range(6)]
            began = time.monotonic()
            try:
                try:
                    stopper.start()
                    for each in tasks:
                        scheduler.result_of(each)
                    time.sleep(0.1)
                finally:
                    n_interrupted += bool(scheduler._begun)
                    scheduler.cancel(tasks)  # here a second Ctrl-C may come
                    over.wait()
            except KeyboardInterrupt:
                pass
            assert time.monotonic() - began < 2
            over.wait()
            left = [each for each in threading.enumerate() if each not in (main, stopper)]
            assert not left, left
            assert scheduler.result_of(scheduler.add(lambda: scheduler.hand_in("fit"))) is None
            assert signal.getsignal(signal.SIGINT) is handler
        print("interrupted", n_interrupted)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, timeout=3 * SECONDS, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout.split()[1]) > 50
    assert ran.stderr == ""
