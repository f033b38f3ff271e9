"""Runs what a notebook does to its raw data again, on other data."""

import contextlib
import copy
import pickle
import random
import sys
from dataclasses import dataclass, field
from types import ModuleType

__all__ = ["Fit", "NotebookError", "Preparation", "Remembered"]

# What objects raise that cannot be copied; they are shared between the runs.
UNCOPIABLE = (
    TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError, OSError,
    copy.Error, pickle.PickleError,
)  # fmt: skip


class NotebookError(Exception):
    """A notebook that cannot be diagnosed; the message says why."""


class _Stop(BaseException):
    """The search was about to train: not an Exception, which cells may catch."""


@dataclass
class Fit:
    """What the search's ``fit`` was given."""

    X: object
    y: object
    params: dict = field(default_factory=dict)


class Remembered:
    """The names of a notebook as they were after its raw data had been assigned."""

    def __init__(self, namespace):
        self.names = _copied(namespace)
        self.random = random.getstate()
        numpy = sys.modules.get("numpy")
        self.numpy = numpy.random.get_state() if numpy else None

    def restore_randomness(self):
        random.setstate(self.random)
        if self.numpy is not None:
            sys.modules["numpy"].random.set_state(self.numpy)


class Preparation:
    """``prepare(X, y)``: runs the cells from the raw data on, up to the fit of the search.

    The cells see the names, and the global random state, that they saw in the notebook; both are
    afterwards as they were before.
    """

    def __init__(self, shell, remembered, data, cells, first, armed_from):
        self._shell, self._remembered, self._data = shell, remembered, data
        self._cells, self._first, self._armed_from = cells, first + 1, armed_from
        self._at = cells[first].number

    def __call__(self, X, y):
        fit = self._run(X, y)
        groups = fit.params.get("groups")
        return (fit.X, fit.y) if groups is None else (fit.X, fit.y, groups)

    def first(self, X, y):
        """The run on the data as they are.

        Raises
        ------
        NotebookError
            A cell fails that has not failed in the notebook.
        """
        try:
            return self._run(X, y)
        except NotebookError:
            raise
        except Exception as error:
            raise NotebookError(
                "the cells after the raw data do not run a second time: code cell "
                f"[{self._at}]: {type(error).__name__}: {error}"
            ) from error

    def _run(self, X, y):
        names = _copied(self._remembered.names)
        self._data.put(names, X, y)
        with _these_names(self._shell, names), _undisturbed(), _no_output():
            self._remembered.restore_randomness()
            return self._fit(self._shell.user_ns)

    def _fit(self, names):
        position = (self._first, 0)
        with _stopped_at_fit(lambda: position >= self._armed_from):
            try:
                for index in range(self._first, len(self._cells)):
                    cell = self._cells[index]
                    self._at = cell.number
                    for place in range(len(cell.statements)):
                        position = index, place
                        cell.run(names, place)
            except _Stop as stop:
                return stop.args[0]
        return self._unfitted(names)

    def _unfitted(self, names):
        if "X" not in names or "y" not in names:
            raise NotebookError(
                "the notebook never calls the fit of its search, and there are no X and y at its "
                "end: nobody can tell what the search is to be fitted on."
            )
        return Fit(names["X"], names["y"])


@contextlib.contextmanager
def _stopped_at_fit(is_armed):
    """The next ``fit`` of a search that finds the trap armed ends in `_Stop` with its arguments."""
    from sklearn.model_selection._search import BaseSearchCV

    fit = BaseSearchCV.fit

    def stop(self, X, y=None, **params):
        if not is_armed():
            return fit(self, X, y, **params)
        raise _Stop(_outer_fit() or Fit(X, y, params))

    BaseSearchCV.fit = stop
    try:
        yield
    finally:
        BaseSearchCV.fit = fit


def _outer_fit():
    """What a cross-validation around the search was given: the search itself sees a fold of it."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_name in ("cross_validate", "cross_val_predict") and (
            frame.f_globals["__name__"] == "sklearn.model_selection._validation"
        ):
            groups = frame.f_locals["groups"]
            params = {} if groups is None else {"groups": groups}
            return Fit(frame.f_locals["X"], frame.f_locals["y"], params)
        frame = frame.f_back
    return None


@contextlib.contextmanager
def _these_names(shell, names):
    """In place: functions that the cells define look names up in this very dict."""
    namespace = shell.user_ns
    before = dict(namespace)
    namespace.clear()
    namespace.update(names)
    try:
        yield
    finally:
        namespace.clear()
        namespace.update(before)


@contextlib.contextmanager
def _undisturbed():
    """Global random states as they were; figures that were opened are closed."""
    before = Remembered({})
    pyplot = sys.modules.get("matplotlib.pyplot")
    figures = set(pyplot.get_fignums()) if pyplot else set()
    try:
        yield
    finally:
        before.restore_randomness()
        if pyplot:
            for number in set(pyplot.get_fignums()) - figures:
                pyplot.close(number)


def _no_output():
    from IPython.utils.capture import capture_output

    return capture_output()


def _copied(namespace):
    memo = {}
    return {name: _copy(name, value, memo) for name, value in namespace.items()}


def _copy(name, value, memo):
    # IPython's own names, its history among them, begin with "_" or are these.
    if name.startswith("_") or name in ("In", "Out", "get_ipython", "exit", "quit", "open"):
        return value
    if isinstance(value, ModuleType):
        return value
    try:
        return copy.deepcopy(value, memo)
    except UNCOPIABLE:
        return value
