"""Diagnoses the search of a notebook from inside its kernel.

The cells between the raw data and the search are the preparation: `Preparation` runs them again on
other data. Imported into the user's kernel while the notebook runs, so nothing heavy comes at once.
"""

import ast
import contextlib
import copy
import json
import pickle
import random
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

__all__ = ["NotebookError", "diagnose_search", "remember_data"]

# What objects raise that cannot be copied; they are shared between the runs.
UNCOPIABLE = (
    TypeError, ValueError, AttributeError, NotImplementedError, RuntimeError, OSError,
    copy.Error, pickle.PickleError,
)  # fmt: skip
# Their cell is run as if they were not there: timing or catching output is not preparation.
TIMING_CELL = re.compile(r"\A\s*%%(time|capture|prun)\b[^\n]*\n")
TIMING_LINE = re.compile(r"^(\s*(?:[\w, ]+=\s*)?)%(?:time|prun)\s+", re.M)
# The machine is not set up a second time, and no file written.
SHELL_ONLY = re.compile(
    r"^get_ipython\(\)\.(system\(|run_line_magic\('(pip|conda|cd|timeit)'"
    r"|run_cell_magic\('(bash|sh|script|system|sx|writefile|file|timeit)')"
)

_remembered = None


class NotebookError(Exception):
    """A notebook that cannot be diagnosed; the message says why."""


class _Stop(BaseException):
    """The search was about to train: not an Exception, which cells may catch."""


@dataclass
class _Fit:
    """What the search's ``fit`` was given."""

    X: object
    y: object
    params: dict = field(default_factory=dict)


class _Remembered:
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


def remember_data(shell):
    """Called after the cell tagged ``data``."""
    global _remembered
    _remembered = _Remembered(shell.user_ns)


def diagnose_search(shell, plan_path):
    """Called after the last cell: finds the search, diagnoses it, writes the report as JSON.

    Parameters
    ----------
    shell : InteractiveShell
    plan_path : str
        JSON: ``cells`` (``number`` and ``source`` of each code cell), ``data`` (place of the tagged
        one in them), ``given`` (arguments of `diagnose`), ``report`` (path to write).

    Raises
    ------
    NotebookError
        The tagged cell assigns no data, there is no search, or its cells do not run again.
    """
    from helpers.diagnosis import diagnose

    plan = json.loads(Path(plan_path).read_text(encoding="utf-8"))
    cells = [_Cell(shell, **cell) for cell in plan["cells"]]
    data = _data_of(cells[plan["data"]], _remembered.names)
    name, place = _search_in(cells, shell.user_ns)
    preparation = Preparation(shell, _remembered, data, cells, plan["data"], place)
    X, y = data.values(_remembered.names)
    fit = preparation.first(X, y)
    arguments = _fit_arguments(fit, X)
    if not (_same(fit.X, X) and _same(fit.y, y)):
        arguments["prepare"] = preparation
    report = diagnose(shell.user_ns[name], X, y, **arguments, **plan["given"])
    report.to_json(plan["report"])


def _fit_arguments(fit, X):
    params = dict(fit.params)
    groups = params.pop("groups", None)
    arguments = {"fit_params": params} if params else {}
    if groups is not None and len(groups) == len(X):
        arguments["groups"] = groups
    return arguments


def _same(one, other):
    import numpy as np

    if hasattr(one, "equals"):
        return type(one) is type(other) and bool(one.equals(other))
    return np.array_equal(np.asarray(one), np.asarray(other))


class _Cell:
    """A code cell as Python: magics are calls, statements can be run one by one."""

    def __init__(self, shell, number, source):
        self.number = number
        source = TIMING_LINE.sub(r"\1", TIMING_CELL.sub("", source))
        self.statements = ast.parse(shell.transform_cell(source)).body

    def touched(self, place):
        """Names that a statement assigns, or whose ``fit`` it calls."""
        for node in ast.walk(self.statements[place]):
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    yield name
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="fit")):
                    yield name
                case ast.alias(name=name, asname=asname):
                    yield asname or name

    def run(self, namespace, place):
        statement = self.statements[place]
        if SHELL_ONLY.match(ast.unparse(statement)):
            return
        module = ast.Module([statement], [])
        exec(compile(module, f"<code cell [{self.number}]>", "exec"), namespace)


# The raw data


class _Arrays:
    """Raw data in ``X`` and ``y``."""

    def values(self, names):
        return names["X"], names["y"]

    def put(self, names, X, y):
        for old, new in ((names["X"], X), (names["y"], y)):
            new = copy.deepcopy(new)
            for name in [name for name, value in names.items() if value is old]:
                names[name] = new


class _Frame:
    """Raw data in the DataFrame ``df``, one column of which is the target."""

    def values(self, names):
        return names["df"].drop(columns=names["target"]), names["df"][names["target"]]

    def put(self, names, X, y):
        import pandas as pd

        df, target = names["df"], names["target"]
        columns = [column for column in df.columns if column != target]
        new = pd.DataFrame(copy.deepcopy(X), columns=columns)
        if not isinstance(X, pd.DataFrame):  # an array has one type for all columns
            new = new.astype(df[columns].dtypes.to_dict())
        index = None if isinstance(y, pd.Series) else new.index
        new[target] = pd.Series(copy.deepcopy(y), index=index).array
        new = new[list(df.columns)]
        for name in [name for name, value in names.items() if value is df]:
            names[name] = new


def _data_of(cell, names):
    assigned = {name for place in range(len(cell.statements)) for name in cell.touched(place)}
    assigned &= names.keys()
    arrays, frame = {"X", "y"} <= assigned, {"df", "target"} <= assigned
    if arrays and frame:
        raise NotebookError(
            f'code cell [{cell.number}], tagged "data", assigns X and y as well as df and target: '
            "tag a cell that assigns one of the pairs, or split the cell."
        )
    if arrays:
        return _Arrays()
    if not frame:
        raise NotebookError(
            f'code cell [{cell.number}], tagged "data", assigns neither X and y nor df and target: '
            f"it assigns {', '.join(sorted(assigned)) or 'nothing'}."
        )
    columns = getattr(names["df"], "columns", None)
    if columns is None:
        raise NotebookError(f"df is a {type(names['df']).__name__}: accepts a DataFrame.")
    target = names["target"]
    if not isinstance(target, str) or target not in columns:
        raise NotebookError(
            f"target={target!r}: accepts a column of df: {', '.join(map(str, columns))}."
        )
    return _Frame()


# The search


def _search_in(cells, names):
    """Name of the search that was assigned or fitted last, and where: cell and statement."""
    from sklearn.model_selection._search import BaseSearchCV

    found = None
    for index, cell in enumerate(cells):
        for place in range(len(cell.statements)):
            for name in cell.touched(place):
                if isinstance(names.get(name), BaseSearchCV):
                    found = name, (index, place)
    if found is None:
        raise NotebookError(
            "no variable holds a scikit-learn search when the notebook has run: assign one, "
            "search = GridSearchCV(...)."
        )
    return found


@contextlib.contextmanager
def _stopped_at_fit(is_armed):
    """The next ``fit`` of a search that finds the trap armed ends in `_Stop` with its arguments."""
    from sklearn.model_selection._search import BaseSearchCV

    fit = BaseSearchCV.fit

    def stop(self, X, y=None, **params):
        if not is_armed():
            return fit(self, X, y, **params)
        raise _Stop(_outer_fit() or _Fit(X, y, params))

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
            return _Fit(frame.f_locals["X"], frame.f_locals["y"], params)
        frame = frame.f_back
    return None


# The preparation


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
        return _Fit(names["X"], names["y"])


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
    before = _Remembered({})
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
