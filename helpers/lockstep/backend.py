"""The joblib backend: tasks of a search run up to their fits, which are trained in stacks."""

import logging
import operator
import threading
from functools import partial

import psutil
from joblib.disk import memstr_to_bytes
from joblib.parallel import ParallelBackendBase, get_active_backend

from helpers.lockstep.graph import CannotStackError
from helpers.lockstep.stack import Member, train_stack
from helpers.lockstep.structure import reason_to_stay_alone, settings_of, structure_of
from helpers.lockstep.tasks import Scheduler
from helpers.quiet import keras
from helpers.randomness import in_settings, is_inside_a_fit, settings_of_this_thread
from helpers.training import Fit, train_alone

__all__ = ["LockstepBackend"]

logger = logging.getLogger("helpers.lockstep")

#: How many tasks joblib is told that run at once: it has twice as many begin, if there is room.
N_JOBS = 128
#: Copies of its training rows that a waiting task holds: sliced, prepared, as floats.
COPIES = 4
#: Share of the memory in use when the first fit waits that all waiting tasks may add.
MEMORY_SHARE = 0.4
#: Fits in one stack have about as many updates an epoch: the others would wait for the longest.
MOST_UPDATES = 1.25


class LockstepBackend(ParallelBackendBase):
    """Train the fits of a search side by side, in one TensorFlow graph.

    For ``joblib.parallel_config(backend="lockstep")``. Fits of `KerasClassifier` and
    `KerasRegressor` whose models have one structure are stacked; all other code runs as with the
    sequential backend, one task at a time.

    Parameters
    ----------
    max_memory : int or str, default=None
        Bytes (or ``"500M"``, ``"2G"``) that the rows of waiting tasks and the stacked weights may
        take. None: two fifths of what the process uses when the first fit waits.
    progress : bool, default=False
        Show one bar over the epochs of all models.
    nesting_level : int, optional
        Set by joblib.
    """

    supports_sharedmem = True
    uses_threads = True

    def __init__(self, nesting_level=None, max_memory=None, progress=False, coordinator=None):
        super().__init__(nesting_level=nesting_level)
        own = Coordinator(max_memory, progress)
        self._coordinator = coordinator or _coordinator_of_this_task() or own
        self._tasks = []
        self._caller = self._settings = None

    def effective_n_jobs(self, n_jobs):
        """Tasks that may be under way at once; ``n_jobs`` says nothing here."""
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        # A search in a builder or a callback is a part of one fit, which has the turn: in a loop.
        return 1 if is_inside_a_fit() else N_JOBS

    def start_call(self):
        """Remember who calls: tasks that joblib submits later are on the same behalf."""
        caller = self._coordinator.scheduler.caller()
        if caller.task is None and not self._coordinator.in_use.acquire(blocking=False):
            raise RuntimeError(
                "this lockstep backend is at work in another thread: "
                'parallel_config(backend="lockstep") in each thread is accepted'
            )
        self._caller, self._settings = caller, settings_of_this_thread()

    def stop_call(self):
        """End what an interrupted call has left."""
        self.abort_everything()
        if self._caller.task is None:
            self._coordinator.in_use.release()

    def submit(self, func, callback=None):
        """Queue a task; it begins when somebody waits for a result."""
        call = partial(in_settings, self._settings, func)
        task = self._coordinator.scheduler.add(call, when_done=callback, caller=self._caller)
        self._tasks.append(task)
        return task

    def retrieve_result(self, out, timeout=None):
        """Run tasks until this one has ended."""
        result = self._coordinator.scheduler.result_of(out)
        self._tasks.remove(out)
        return result

    def abort_everything(self, ensure_ready=True):
        """End all tasks of this call; none of their threads is left."""
        tasks, self._tasks = self._tasks, []
        self._coordinator.scheduler.cancel(tasks)

    def get_nested_backend(self):
        """The same coordinator, so that the fits of nested searches are stacked too."""
        level = (self.nesting_level or 0) + 1
        return LockstepBackend(nesting_level=level, coordinator=self._coordinator), None

    def train(self, job):
        """Train one job, together with those of other tasks; see `helpers.training.train`."""
        return train_alone(job) if is_inside_a_fit() else self._coordinator.train(job)


class Coordinator:
    """Stacks the fits that tasks hand in.

    Parameters
    ----------
    max_memory, progress
        As for `LockstepBackend`.
    say : callable (str) -> None, optional
        Told which model is trained by itself, and why. By default it is logged.
    """

    def __init__(self, max_memory=None, progress=False, say=logger.warning):
        self.max_memory = _bytes(max_memory)
        if not isinstance(progress, bool):
            raise ValueError(f"progress={progress!r}: True or False is accepted")
        self.scheduler = Scheduler(self._train_together, self._has_room)
        self.in_use = threading.RLock()  # by the one thread that runs tasks
        self.progress = Progress(progress)
        self._tell, self._said = say, set()

    def train(self, job):
        """Train one job, together with those of other tasks."""
        fit = Fit(job)
        reason = reason_to_stay_alone(fit)
        if reason is not None:
            self._say(fit, reason)
            return fit.alone()
        member = Member(fit)
        if self.scheduler.current_task() is None:
            self._train_together([member])
        else:
            self.scheduler.hand_in(member)
        return self._outcome(member)

    def _outcome(self, member):
        if member.error is not None:
            raise member.error
        if not member.has_ended:
            return train_alone(member.fit.job)
        return member.fit.result(member.history)

    def _train_together(self, members):
        self.progress.expect(members)
        groups = {}
        for member in members:
            try:
                groups.setdefault(structure_of(member.fit), []).append(member)
            except Exception as error:  # noqa: BLE001 - a model may hold what raises when looked at
                self._say(member.fit, f"its structure cannot be read ({error})")
        for group in groups.values():
            for stack in self._stacks(group):
                self._train_stack(stack)
        self.progress.end()

    def _stacks(self, group):
        """Cut a group where the number of updates jumps, and where memory ends."""
        group = sorted(group, key=lambda member: member.fit.job.steps_per_epoch)
        most = max(1, self._memory_left() // _bytes_of_weights(group[0].fit.model))
        stack = []
        for member in group:
            fewest = stack[0].fit.job.steps_per_epoch if stack else None
            if stack and (
                len(stack) == most or member.fit.job.steps_per_epoch > MOST_UPDATES * fewest
            ):
                yield stack
                stack = []
            stack.append(member)
        yield stack

    def _train_stack(self, members):
        try:
            train_stack(members, self.progress.advance)
        except CannotStackError as error:
            by_settings = {}
            for member in members:
                key = tuple(settings_of(member.fit.model).items())
                by_settings.setdefault(key, []).append(member)
            if len(by_settings) > 1:  # perhaps the numbers in which they differ are the reason
                for alike in by_settings.values():
                    self._train_stack(alike)
            else:
                self._say(members[0].fit, str(error))
        except Exception as error:  # noqa: BLE001 - one model's rows or layer may fail for all
            self._say(members[0].fit, f"the stack failed ({error})")

    def _say(self, fit, reason):
        """Say once which model is trained by itself, and why."""
        said = f"lockstep trains {fit.model.name!r} by itself: {reason}"
        if said not in self._said:
            self._said.add(said)
            self._tell(said)

    def _memory_left(self):
        if self.max_memory is None:
            self.max_memory = int(MEMORY_SHARE * psutil.Process().memory_info().rss)
        return self.max_memory

    def _has_room(self, n_begun, members):
        n_bytes = sum(_bytes_of_rows(member.fit.job) for member in members)
        return COPIES * n_bytes * (n_begun + 1) / len(members) <= self._memory_left()


class Progress:
    """One bar over the epochs of all models, or none."""

    def __init__(self, shown):
        self.shown, self._bar = shown, None

    def expect(self, members):
        shown = self.shown or any(m.fit.job.fit_arguments.get("verbose") for m in members)
        n_epochs = sum(member.fit.job.epochs - member.epoch for member in members)
        if not shown:
            return
        if self._bar is None:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=0, unit="epoch", desc="lockstep")
        self._bar.total += n_epochs
        self._bar.refresh()

    def advance(self, member):
        if self._bar is None:
            return
        self._bar.update()
        if member.wants_to_end:  # epochs that early stopping has saved
            self._bar.total -= member.fit.job.epochs - member.epoch

    def end(self):
        """Close the bar, also of fits that are trained alone after all."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _coordinator_of_this_task():
    """Who says "lockstep" inside a task means the one that runs."""
    active, _ = get_active_backend()
    if isinstance(active, LockstepBackend):
        coordinator = active._coordinator
        return coordinator if coordinator.scheduler.current_task() else None
    return None


def _bytes(max_memory):
    if max_memory is None:
        return None
    try:
        text = isinstance(max_memory, str)
        n_bytes = memstr_to_bytes(max_memory) if text else operator.index(max_memory)
    except (IndexError, TypeError, ValueError):
        n_bytes = 0
    if n_bytes < 1 or isinstance(max_memory, bool):
        raise ValueError(
            f"max_memory={max_memory!r}: a number of bytes >= 1 is accepted, or '500M', '2G'"
        )
    return n_bytes


def _bytes_of_rows(job):
    arrays = keras.tree.flatten([job.rows.X, job.rows.y, job.rows.sample_weight])
    return sum(each.nbytes for each in arrays if each is not None)


def _bytes_of_weights(model):
    """Of one model in a stack: weights and moments, as they were, as they become, and gradients."""
    variables = [*model.variables, *model.optimizer.variables]
    return 3 * sum(variable.value.numpy().nbytes for variable in variables)
