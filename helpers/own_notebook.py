"""Diagnoses the search of a user's notebook: a copy runs with papermill, in a kernel of its own."""

from __future__ import annotations

import json
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import papermill
from jupyter_core.utils import ensure_event_loop
from nbclient.exceptions import DeadKernelError
from papermill.exceptions import PapermillException

from helpers.batch import START_TIMEOUT_S, ending_signals, quiet_loggers
from helpers.kernels import KernelPool, manager_for
from helpers.own_file import UserError

__all__ = ["TAG", "diagnosed"]

TAG = "data"
PACKAGE = Path(__file__).parent
HOW_TO_TAG = """\
{path}: no cell is tagged "data".
Tag the cell that assigns the raw data: X and y, or the DataFrame df and target, the name
of its column. In JupyterLab: select the cell, open the Property Inspector (the gears at the
right), type data below "Cell Tags", press Enter; then save. The code cells are:
{cells}"""
# Loaded by name, so that no name of the user's is taken.
CALL = '__import__("sys").path.append({root!r})\n__import__("helpers.in_kernel").in_kernel.{call}'
COLOURS = re.compile(r"\x1b\[[\d;]*m")


def diagnosed(path, given):
    """The report on the search that a notebook ends in.

    Parameters
    ----------
    path : str
        The notebook: read, never written to. Its folder is the kernel's.
    given : dict
        Arguments of `diagnose` besides the search, the data and ``prepare``.

    Returns
    -------
    Report

    Raises
    ------
    UserError
        No such notebook, no cell or several tagged "data", a cell that fails, no search.
    KeyboardInterrupt
        On SIGINT, SIGTERM or SIGHUP, after the kernel has been killed.
    """
    path = Path(path)
    notebook = _read(path)
    data = _tagged(notebook, path)
    _check_folder(path)
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        plan = {
            "cells": [{"number": n, "source": cell.source} for n, cell in _numbered(notebook)],
            "data": [cell is notebook.cells[data] for _, cell in _numbered(notebook)].index(True),
            "given": given,
            "report": str(folder / "report.json"),
        }
        (folder / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        copy = _driver(notebook, data, str(folder / "plan.json"))
        nbformat.write(copy, folder / "copy.ipynb")
        _execute(folder, path, notebook, data)
        from helpers.diagnosis.report import Report  # not before a mistake has been answered

        return Report.from_dict(json.loads((folder / "report.json").read_text(encoding="utf-8")))


def _read(path):
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file.") from error
    except ValueError as error:
        raise UserError(f"{path}: not a notebook: {error}") from error
    if not isinstance(content, dict) or content.get("nbformat") != 4:
        raise UserError(f"{path}: not a notebook: accepts nbformat 4.")
    try:
        return nbformat.reads(text, as_version=4)
    except (TypeError, AttributeError, KeyError) as error:
        raise UserError(f"{path}: not a notebook: {error}") from error


def _numbered(notebook):
    """Code cells with their numbers as JupyterLab shows them after "Run All Cells"."""
    cells = [one for one in notebook.cells if one.cell_type == "code" and one.source.strip()]
    return list(enumerate(cells, 1))


def _tagged(notebook, path):
    """Place of the tagged cell."""
    found = [
        place
        for place, cell in enumerate(notebook.cells)
        if cell.cell_type == "code" and TAG in cell.metadata.get("tags", [])
    ]
    numbered = _numbered(notebook)
    if not found:
        cells = "\n".join(f"  [{n}] {_first_line(cell)}" for n, cell in numbered) or "  none"
        raise UserError(HOW_TO_TAG.format(path=path, cells=cells))
    numbers = [n for n, cell in numbered if any(cell is notebook.cells[i] for i in found)]
    if len(found) > 1:
        listed = ", ".join(f"[{n}]" for n in numbers)
        raise UserError(f'{path}: several cells are tagged "data", {listed}: accepts one.')
    if not numbers:
        raise UserError(f'{path}: the cell tagged "data" is empty.')
    return found[0]


def _first_line(cell):
    return cell.source.strip().splitlines()[0][:70]


def _check_folder(path):
    for own in (path.parent / "helpers.py", path.parent / "helpers" / "__init__.py"):
        if own.exists() and own.resolve().parent != PACKAGE:
            raise UserError(
                f"{own}: hides this package from the notebook beside it: give it another name."
            )


def _driver(notebook, data, plan_path):
    copy = nbformat.from_dict(notebook)
    copy = nbformat.v4.upgrade(copy) or copy  # the cells to be added have ids, as of format 4.5
    remember = _call("remember_data(get_ipython())")
    diagnose = _call(f"diagnose_search(get_ipython(), {plan_path!r})")
    copy.cells = [*copy.cells[: data + 1], remember, *copy.cells[data + 1 :], diagnose]
    return copy


def _call(call):
    return nbformat.v4.new_code_cell(CALL.format(root=str(PACKAGE.parent), call=call))


def _execute(folder, path, notebook, data):
    pool = KernelPool()
    # In a thread: an interrupt reaches the main one, which ends the kernel, which ends the thread.
    with quiet_loggers(), ending_signals(), ThreadPoolExecutor(1) as threads:
        try:
            threads.submit(_papermill, folder, path, pool).result()
        except papermill.PapermillExecutionError as error:
            raise UserError(_failure(error, path, notebook, data)) from error
        except (DeadKernelError, RuntimeError, PapermillException) as error:
            words = (folder / "kernel.log").read_text(errors="replace").splitlines()[-20:]
            raise UserError("\n".join([f"{path}: {error}", *words])) from error
        finally:
            pool.end()


def _papermill(folder, path, pool):
    try:
        papermill.execute_notebook(
            folder / "copy.ipynb",
            folder / "done.ipynb",
            kernel_name="python3",
            language="python",
            progress_bar=sys.stderr.isatty(),
            start_timeout=START_TIMEOUT_S,
            kernel_manager_class=manager_for(pool, folder / "kernel.log"),
            cwd=str(path.absolute().parent),
        )
    finally:
        ensure_event_loop().close()  # this thread's, which the client leaves open


def _failure(error, path, notebook, data):
    if error.ename == "NotebookError":
        return f"{path}: {error.evalue}"
    traceback = COLOURS.sub("", "\n".join(error.traceback))
    place = error.cell_index - (error.cell_index > data)
    if error.cell_index == data + 1 or place >= len(notebook.cells):
        return f"{path}: the diagnosis failed: {error.ename}: {error.evalue}\n{traceback}"
    (number,) = [n for n, cell in _numbered(notebook) if cell is notebook.cells[place]]
    return f"{path}: code cell [{number}] failed: {error.ename}: {error.evalue}\n{traceback}"
