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
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Any

from helpers.lockstep.signals import HeldSignals

__all__ = ["Caller", "CancelledError", "Scheduler"]

_here = threading.local()


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
        self._held_signals = HeldSignals(self._interrupt)

    def add(self, call, when_done=None, caller=None):
        """Queue a call; it begins when somebody waits for a result.

        Parameters
        ----------
        call : callable () -> object
        when_done : callable (task) -> None, optional
            Called when the task has ended, unless it was cancelled.
        caller : Caller, optional
            On whose behalf; by default of whoever calls this.

        Returns
        -------
        Task
        """
        task = Task(call, when_done, caller or self.caller())
        if task.parent is not None:
            task.parent.children.append(task)
        self._pending.append(task)
        return task

    def caller(self):
        """Who calls this, as seen by the tasks that will be added on its behalf."""
        return Caller(self.current_task())

    def result_of(self, task):
        """Run tasks until this one has ended; what it returned, or raise what it raised."""
        caller = self.current_task()
        while not task.done:
            if caller is None:
                self._advance()
            else:
                task.awaited_by.append(caller)
                try:
                    caller.park()
                finally:
                    task.awaited_by.remove(caller)
        if task.error is not None:
            raise task.error
        return task.value

    def hand_in(self, fit):
        """Let the task of this thread wait until its fit has been trained."""
        caller = self.current_task()
        self._handed_in[caller] = fit
        try:
            caller.park()
        finally:
            self._handed_in.pop(caller, None)

    def current_task(self):
        """The task of this scheduler that the calling thread runs, or None."""
        task = getattr(_here, "task", None)
        return task if task in self._begun else None

    def cancel(self, tasks):
        """End tasks wherever they are; none of their threads is left.

        Parameters
        ----------
        tasks : iterable of Task
        """
        with self._held_signals:
            for task in list(tasks):
                for queue in (self._pending, self._ready):
                    if task in queue:
                        queue.remove(task)
                task.cancelled = True
                while task in self._begun and task is not self.current_task():
                    self._resume(task)
                if not task.done and task not in self._begun:
                    task.done, task.error = True, CancelledError()
                    self._has_ended(task)

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
        """Let a task run, on behalf of another or of nobody, until it parks or ends."""
        before = self._running
        with self._held_signals:
            if before is not None:
                before.become_deaf()
            self._running = task
            task.resume()
            self._running = before
            if before is not None:
                before.hears_signals = True
            if task.done:
                self._has_ended(task)
        if task.done and not task.cancelled and task.when_done is not None:
            task.when_done(task)

    def _has_ended(self, task):
        self._begun.discard(task)
        self._ready.extend(task.awaited_by)
        if task.parent is not None:
            task.parent.children.remove(task)
        self.cancel(task.children)

    def _interrupt(self):
        """Ctrl-C came while a task ran: it is the one that hears of it first."""
        if self._running is not None:
            self._running.interrupt()


@dataclass(frozen=True)
class Caller:
    """What tasks see of whoever has asked for them, and the task that they end with.

    Parameters
    ----------
    task : Task or None
    context : contextvars.Context
    warnings_state : tuple
    """

    task: Any
    context: Context = field(default_factory=copy_context)
    warnings_state: tuple = field(default_factory=lambda: _warnings_state())


class Task:
    """A call in a thread of its own, which runs only while whoever resumed it waits."""

    def __init__(self, call, when_done, caller):
        self.when_done = when_done
        self.parent, self.children, self.awaited_by = caller.task, [], []
        self.done = self.cancelled = False
        self.value = self.error = None
        self.hears_signals = False
        self._call = call
        self._context = caller.context.copy()
        filters, *more = caller.warnings_state
        self._warnings = (list(filters), *more)
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._deafening = threading.RLock()
        self._thread = None

    def resume(self):
        """Let the task run until it parks or ends."""
        outside = _warnings_state()
        _set_warnings_state(self._warnings)
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._context.run, args=(self._run,), daemon=True
            )
            self._thread.start()
        else:
            self._go.release()
        self._back.acquire()
        self._warnings = _warnings_state()
        _set_warnings_state(outside)
        if self.done:
            self._thread.join()

    def park(self):
        """Give the turn back to whoever resumed this task; called in its own thread."""
        if not self.cancelled:
            self.become_deaf()
            self._back.release()
            self._go.acquire()
            self.hears_signals = True
        if self.cancelled:
            raise CancelledError

    def interrupt(self):
        """Raise KeyboardInterrupt in the task, if it has the turn."""
        with self._deafening:
            if self.hears_signals:
                _raise_in(self._thread, KeyboardInterrupt)

    def become_deaf(self):
        """Give up no turn with an interrupt under way: it is raised in here or not at all."""
        with self._deafening:
            self.hears_signals = False
        _raise_in(self._thread, None)

    def _run(self):
        _here.task = self
        try:
            self.hears_signals = True
            try:
                self.value = self._call()
            except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
                self.error = error
            self.become_deaf()
        except KeyboardInterrupt as error:  # it came when the call had just ended
            self.error = error
            self.become_deaf()
        finally:
            self.done = True
            self._call = self._context = None
            self._back.release()


def _raise_in(thread, error):
    """Have Python raise in another thread, at its next step; None takes that back."""
    error = None if error is None else ctypes.py_object(error)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), error)


def _warnings_state():
    """What `warnings.catch_warnings` puts back: of the process, where each task wants its own."""
    return warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl


def _set_warnings_state(state):
    warnings.filters, warnings.showwarning, warnings._showwarnmsg_impl = state
    warnings._filters_mutated()
