"""The joblib backend that shares a search out among processes, each of which trains in lockstep."""

from dataclasses import dataclass
from itertools import chain
from typing import Any

import joblib
import numpy as np
from joblib.parallel import (
    BACKENDS,
    EXTERNAL_BACKENDS,
    ParallelBackendBase,
    get_active_backend,
)

from helpers.lockstep.backend import N_JOBS, Coordinator, LockstepBackend, logger
from helpers.randomness import is_inside_a_fit

__all__ = ["WorkersBackend"]


class WorkersBackend(ParallelBackendBase):
    """Train the fits of a search in the workers of another backend, in lockstep in each.

    For ``joblib.parallel_config(backend="lockstep", workers="loky")``. The tasks that joblib has
    handed over are cut into one piece per worker, neighbours together (the folds of a candidate,
    then the next candidate), so that each worker has fits to stack.

    Parameters
    ----------
    workers : str
        A backend of joblib's with processes of its own: ``"loky"``, or ``"dask"``, whose workers
        are those of the ``distributed.Client`` that was made last.
    max_memory : int or str, default=None
        As for `LockstepBackend`, in each worker.
    nesting_level : int, optional
        Set by joblib.

    Raises
    ------
    ValueError
        If ``workers`` names no backend, one whose tasks share this process, or Dask where no client
        is.

    Notes
    -----
    A task's results are those of `LockstepBackend`: the worker that it runs in changes nothing. The
    rows of the search travel once with each piece. Dask runs the piece of a worker that has died in
    another; with loky the search raises ``TerminatedWorkerError``, and, run again with ``memory``,
    repeats no fit that had ended.
    """

    default_n_jobs = -1

    def __init__(self, workers, nesting_level=None, max_memory=None, progress=False):
        super().__init__(nesting_level=nesting_level)
        LockstepBackend(max_memory=max_memory)  # which checks it, before any process is started
        if progress is not False:
            raise ValueError(f"progress={progress!r}: with workers only False is accepted")
        _check_workers(workers)
        self._workers = workers
        self._max_memory = max_memory
        self._n_workers = 1
        self._waiting, self._said = [], set()

    def configure(self, n_jobs=1, parallel=None, **_):
        """Before a call: find out how many workers there are, and so how many tasks to take."""
        self.parallel = parallel
        n_tasks = self.effective_n_jobs(n_jobs)
        self._n_workers = max(1, n_tasks // N_JOBS)
        return n_tasks

    def effective_n_jobs(self, n_jobs):
        """Tasks that are handed over at once: as many for each worker as lockstep takes."""
        if is_inside_a_fit():
            return 1
        with self._of_workers(n_jobs):
            return N_JOBS * joblib.effective_n_jobs(None)

    def submit(self, func, callback=None):
        """Queue a task; it begins when somebody waits for a result."""
        slot = Slot(func.items, callback)
        self._waiting.append(slot)
        return slot

    def retrieve_result(self, out, timeout=None):
        """Run all tasks that wait, unless this one has been."""
        if not out.done:
            self._run()
        return out.results

    def abort_everything(self, ensure_ready=True):
        """Forget the tasks that wait; those under way have been ended where they were awaited."""
        self._waiting.clear()

    def _run(self):
        slots, self._waiting = self._waiting, []
        pieces = np.array_split(np.arange(len(slots)), min(self._n_workers, len(slots)))
        with self._of_workers(self._n_workers):
            done = joblib.Parallel(batch_size=1, pre_dispatch="all")(
                joblib.delayed(_in_lockstep)([slots[i].calls for i in piece], self._max_memory)
                for piece in pieces
            )
        results, messages = map(chain.from_iterable, zip(*done, strict=True))
        for message in messages:
            if message not in self._said:  # each worker has said it
                self._said.add(message)
                logger.warning(message)
        for slot, own in zip(slots, results, strict=True):
            slot.results, slot.done = own, True
        for slot in slots:
            slot.callback(slot)  # joblib hands over the next tasks

    def _of_workers(self, n_jobs):
        return joblib.parallel_config(backend=self._workers, n_jobs=n_jobs)


@dataclass
class Slot:
    """Calls that joblib has handed over as one task, and what they returned."""

    calls: list
    callback: Any
    results: Any = None
    done: bool = False


def _check_workers(name):
    accepted = "a backend with processes of its own is accepted, as 'loky' and 'dask'"
    if not isinstance(name, str) or name not in {*BACKENDS, *EXTERNAL_BACKENDS}:
        raise ValueError(f"workers={name!r}: {accepted}")
    try:
        with joblib.parallel_config(backend=name):
            backend, _ = get_active_backend()
    except ValueError as error:  # Dask is not installed, or has no client
        raise ValueError(f"workers={name!r}: {error}") from error
    if getattr(backend, "supports_sharedmem", False):
        raise ValueError(f"workers={name!r}: {accepted}; its tasks share this one")


def _in_lockstep(tasks, max_memory):
    """In a worker: run calls side by side.

    Returns
    -------
    results : list of list
        Of each call of each task.
    messages : list of str
        What lockstep said: whoever asked is to read it, not the log of a worker.
    """
    calls, messages = [call for task in tasks for call in task], []
    backend = LockstepBackend(coordinator=Coordinator(max_memory, say=messages.append))
    with joblib.parallel_config(backend=backend):
        results = iter(joblib.Parallel()(calls))
    return [[next(results) for _ in task] for task in tasks], messages
