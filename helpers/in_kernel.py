"""Diagnoses the search of a notebook from inside its kernel.

The cells between the raw data and the search are the preparation: `Preparation` runs them again on
other data. Imported into the user's kernel while the notebook runs, so nothing heavy comes at once.
"""

import copy
import json
from pathlib import Path

from helpers.notebook_cells import Cell
from helpers.preparation import NotebookError, Preparation, Remembered

__all__ = ["NotebookError", "diagnose_search", "remember_data"]

_remembered = None


def remember_data(shell):
    """Called after the cell tagged ``data``."""
    global _remembered
    _remembered = Remembered(shell.user_ns)


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
    cells = [Cell(shell, **cell) for cell in plan["cells"]]
    data = _data_of(cells[plan["data"]], _remembered.names)
    name, place = _search_in(cells, shell.user_ns)
    preparation = Preparation(shell, _remembered, data, cells, plan["data"], place)
    X, y = data.values(_remembered.names)
    fit = preparation.first(X, y)
    arguments = _fit_arguments(fit, X)
    if not (_same(fit.X, X) and _same(fit.y, y)):
        arguments["prepare"] = preparation
    report = diagnose(shell.user_ns[name], X, y, **arguments, **plan["given"])
    report.checks.extend(_out_of_reach(cells, plan["data"], place, X))
    report.to_json(plan["report"])


def _out_of_reach(cells, data, end, X):
    """Says so where the preparation reads rows that changed data do not reach."""
    from helpers.diagnosis.findings import Outcome

    tagged = cells[data]
    assigned = {name for place in range(len(tagged.statements)) for name in tagged.touched(place)}
    read = {name for cell in cells[data + 1 : end[0] + 1] for name in cell.read()}
    names = _remembered.names
    raw = [names.get("X"), names.get("df")]
    for name in sorted(assigned & read & names.keys()):
        value = names[name]
        shape = getattr(value, "shape", None)
        is_table = isinstance(shape, tuple) and len(shape) > 1 and shape[0] == _n_rows(X)
        if is_table and not any(value is one for one in raw):
            reason = (
                f"cells read {name}, which the cell tagged data assigns beside the raw data: "
                "changes of the raw data do not reach it, so a leak by way of it is not seen"
            )
            codes = ("leak/preparation-saw-test-rows", "leak/preparation-saw-test-labels")
            yield Outcome(f"notebook_reads_{name}", codes, "skipped", reason)


def _fit_arguments(fit, X):
    params = dict(fit.params)
    groups = params.pop("groups", None)
    arguments = {"fit_params": params} if params else {}
    if groups is not None and len(groups) == _n_rows(X):
        arguments["groups"] = groups
    return arguments


def _n_rows(X):
    return X.shape[0] if hasattr(X, "shape") else len(X)


def _same(one, other):
    import numpy as np

    if hasattr(one, "tocsr") or hasattr(other, "tocsr"):
        return one is other  # sparse rows: a preparation that does nothing is harmless
    if hasattr(one, "equals"):
        return type(one) is type(other) and bool(one.equals(other))
    return np.array_equal(np.asarray(one), np.asarray(other))


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
