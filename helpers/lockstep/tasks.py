"""Runs the tasks of a search in threads, one at a time, up to the fit that each asks for.

A task runs until it ends or hands in a fit to be trained. When every task that was begun waits or
has ended, the fits are trained together, and each task goes on. Exactly one thread runs at any
moment: a task's code needs to be no more thread-safe than in a loop, and the order in which tasks
run does not depend on the machine.
"""

import ctypes
import threading
import warnings
from collections import deque
from contextvars import ContextVar, copy_context

__all__ = ["CancelledError", "Scheduler"]

_current = ContextVar("the task that this thread runs", default=None)


class CancelledError(BaseException):
    """Ends a task whose result nobody waits for; no ``except Exception`` holds it up."""


class Scheduler:
    """Runs tasks, and trains the fits that they hand in.

    Parameters
    ----------
    train : callable (list of fits) -> None
        Trains them, side by side; it raises nothing, each fit keeps its own result or error.
    has_room : callable (n_begun, fits) -> bool, optional
        Whether another task may begin while so many have begun and these fits wait.

    Examples
    --------
    >>> def train(fits):
    ...     print("trained together:", fits)
    >>> scheduler = Scheduler(train)
    >>> def task(fit):
    ...     scheduler.hand_in(fit)
    ...     return fit.upper()
    >>> tasks = [scheduler.add(lambda fit=fit: task(fit)) for fit in "ab"]
    >>> [scheduler.result_of(task) for task in tasks]
    trained together: ['a', 'b']
    ['A', 'B']
    """

    def __init__(self, train, has_room=lambda n_begun, fits: True):
        self._train = train
        self._has_room = has_room
        self._pending, self._ready, self._handed_in = deque(), deque(), {}
        self._begun = set()
        self._running = None

    def add(self, call, when_done=None):
        """Queue a call; it begins when somebody waits for a result.

        Parameters
        ----------
        call : callable () -> object
        when_done : callable (task) -> None, optional
            Called when the task has ended, unless it was cancelled.

        Returns
        -------
        Task
        """
        task = Task(call, when_done)
        self._pending.append(task)
        return task

    def result_of(self, task):
        """Run tasks until this one has ended; what it returned, or raise what it raised."""
        caller = self.current_task()
        while not task.done:
            if caller is None:
                self._advance()
            else:
                task.awaited_by.append(caller)
                caller.park()
        if task.error is not None:
            raise task.error
        return task.value

    def hand_in(self, fit):
        """Let the task of this thread wait until its fit has been trained."""
        caller = self.current_task()
        self._handed_in[caller] = fit
        caller.park()

    def current_task(self):
        """The task of this scheduler that the calling thread runs, or None."""
        task = _current.get()
        return task if task in self._begun else None

    def cancel(self, tasks):
        """End tasks wherever they are; none of their threads is left.

        Parameters
        ----------
        tasks : iterable of Task
        """
        if self._running is not None and self.current_task() is None:
            self._interrupt(self._running)
        for task in tasks:
            for queue in (self._pending, self._ready):
                if task in queue:
                    queue.remove(task)
            self._handed_in.pop(task, None)
            task.cancelled = True
            while task in self._begun and task is not self.current_task():
                self._resume(task)
            task.done = True

    def _advance(self):
        fits = list(self._handed_in.values())
        if self._ready:
            self._resume(self._ready.popleft())
        elif self._pending and (not fits or self._has_room(len(self._begun), fits)):
            task = self._pending.popleft()
            self._begun.add(task)
            self._resume(task)
        elif fits:
            waiting, self._handed_in = self._handed_in, {}
            try:
                self._train(fits)
            except BaseException:
                self._handed_in = waiting  # interrupted: they are cancelled where they wait
                raise
            self._ready.extend(waiting)
        else:
            raise RuntimeError("every task waits for another")

    def _resume(self, task):
        before, self._running = self._running, task
        task.resume()
        self._came_back(task, before)

    def _came_back(self, task, before=None):
        self._running = before
        if task.done:
            self._begun.discard(task)
            self._ready.extend(task.awaited_by)
            if not task.cancelled and task.when_done is not None:
                task.when_done(task)

    def _interrupt(self, task):
        """Ctrl-C came while this task ran: it is the one that hears of it."""
        task.interrupt()
        self._came_back(task)


class Task:
    """A call in a thread of its own, which runs only while whoever resumed it waits."""

    def __init__(self, call, when_done):
        self.when_done = when_done
        self.awaited_by = []
        self.done = self.cancelled = False
        self.value = self.error = None
        self._call = call
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = self._warnings = self._outside = None

    def resume(self):
        """Let the task run until it parks or ends."""
        self._outside = _warnings_state()
        if self._thread is None:
            context = copy_context()
            self._thread = threading.Thread(target=context.run, args=(self._run,), daemon=True)
            self._thread.start()
        else:
            _set_warnings_state(self._warnings)
            self._go.release()
        self._wait_until_back()

    def park(self):
        """Give the turn back to whoever resumed this task; called in its own thread."""
        self._back.release()
        self._go.acquire()
        if self.cancelled:
            raise CancelledError

    def interrupt(self):
        """Raise KeyboardInterrupt in a task that runs, and wait until it parks or ends."""
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._thread.ident), ctypes.py_object(KeyboardInterrupt)
        )
        self._wait_until_back()

    def _wait_until_back(self):
        self._back.acquire()
        self._warnings = _warnings_state()
        _set_warnings_state(self._outside)
        if self.done:
            self._thread.join()

    def _run(self):
        _current.set(self)
        try:
            self.value = self._call()
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            self.error = error
        finally:
            self.done = True
            self._call = None
            self._back.release()


def _warnings_state():
    """What `warnings.catch_warnings` puts back: of the process, where each task wants its own."""
    return warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl


def _set_warnings_state(state):
    warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl = state
    warnings._filters_mutated()
