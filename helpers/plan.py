"""What a batch runs: notebooks with checked parameters.

Nothing here imports Jupyter or Keras, so that a misspelt parameter is answered at once.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from helpers import parameters

CLAIMS_PATH = "claims_path"


@dataclass(frozen=True)
class Job:
    """One notebook and what is passed to it."""

    path: Path
    parameters: dict[str, object] = field(default_factory=dict)
    writes_claims: bool = False
    n_cells: int = 0

    @property
    def stem(self) -> str:
        return self.path.stem


def make_plan(
    names: Sequence[str] = (),
    given: Mapping[str, object] | None = None,
    folder: str | Path = "notebooks",
) -> list[Job]:
    """Find the notebooks and check what is passed to them.

    Parameters
    ----------
    names : sequence of str
        Numbers (``"01"``), stems or paths. Empty: every notebook of ``folder``.
    given : mapping
        Parameters for all of them: name to value.
    folder : path
        Where numbers and stems are looked up.

    Returns
    -------
    list of Job

    Raises
    ------
    ValueError, TypeError
        If a notebook or parameter is unknown, or a value is not accepted.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> cell = {"cell_type": "code", "source": "seed = 0", "metadata": {"tags": ["parameters"]}}
    >>> _ = (folder / "01_noise.ipynb").write_text(json.dumps({"cells": [cell]}))
    >>> [job.stem for job in make_plan(["01"], {"seed": 3}, folder)]
    ['01_noise']
    >>> make_plan(["01"], {"sed": 3}, folder)
    Traceback (most recent call last):
    ...
    ValueError: unknown parameter 'sed'; did you mean 'seed'? known: seed
    """
    given = dict(given or {})
    jobs = [_job(path, given) for path in select(names, find(folder))]
    stems = [job.stem for job in jobs]
    twice = {stem for stem in stems if stems.count(stem) > 1}
    if twice:
        raise ValueError(f"two notebooks are named {twice.pop()!r}: their outputs would collide")
    if not jobs:
        raise ValueError(f"no notebooks in {folder}: give --notebooks or the path of one")
    return jobs


def find(folder: str | Path) -> list[Path]:
    """The notebooks of a folder, in the order of their names."""
    return sorted(Path(folder).glob("[!.]*.ipynb"))


def select(names: Iterable[str], known: Sequence[Path]) -> list[Path]:
    """The notebooks that are meant, each once, in the order given; all known ones if none is.

    Examples
    --------
    >>> [path.name for path in select(["1"], [Path("00_a.ipynb"), Path("01_b.ipynb")])]
    ['01_b.ipynb']
    >>> select(["01_bb"], [Path("00_a.ipynb"), Path("01_b.ipynb")])
    Traceback (most recent call last):
    ...
    ValueError: unknown notebook '01_bb'; did you mean '01_b'? known: 00_a, 01_b
    """
    chosen = [_resolve(name, known) for name in names] or list(known)
    return list(dict.fromkeys(chosen))


def parameter_defaults(notebook: Mapping, where: str) -> dict[str, object]:
    """Names and defaults in the cell tagged ``parameters``; empty without such a cell.

    Raises
    ------
    ValueError
        If the cell holds anything but names assigned plain literals.

    Examples
    --------
    >>> cell = {"cell_type": "code", "source": "seed = 3  # >= 0", "metadata":
    ...         {"tags": ["parameters"]}}
    >>> parameter_defaults({"cells": [cell]}, "01_x.ipynb")
    {'seed': 3}
    """
    tagged = [cell for cell in _code_cells(notebook) if "parameters" in _tags(cell)]
    if not tagged:
        return {}
    try:
        statements = ast.parse(_source(tagged[0])).body
        return dict(_assignment(statement) for statement in statements)
    except (SyntaxError, ValueError) as error:
        raise ValueError(
            f"{where}: its parameters cell accepts names assigned plain literals only: {error}"
        ) from error


def _resolve(name: str, known: Sequence[Path]) -> Path:
    for path in known:
        if name in (path.stem, path.name):
            return path
    if name.isdecimal():
        numbered = [path for path in known if _number(path) == int(name)]
        if len(numbered) == 1:
            return numbered[0]
    elif name.endswith(".ipynb") and Path(name).is_file():
        return Path(name)
    stems = [path.stem for path in known]
    raise ValueError(
        f"unknown notebook {name!r}{parameters.nearest_and_known(Path(name).stem, stems)}"
    )


def _number(path: Path) -> int | None:
    head = path.stem.partition("_")[0]
    return int(head) if head.isdecimal() else None


def _job(path: Path, given: Mapping[str, object]) -> Job:
    notebook = _load(path)
    defaults = parameter_defaults(notebook, str(path))
    parameters.check_names(given, defaults)
    if CLAIMS_PATH in given:
        raise ValueError(f"{CLAIMS_PATH}: a batch run sets it; choose the folder with --out")
    for name, value in given.items():
        if name not in parameters.TABLE:
            parameters.check_like_default(name, value, defaults[name])
    for name, value in {**defaults, **given}.items():
        if name in parameters.TABLE:
            parameters.check_value(name, value)
    cells = [cell for cell in _code_cells(notebook) if _source(cell).strip()]
    return Job(path, dict(given), CLAIMS_PATH in defaults, len(cells))


def _load(path: Path) -> Mapping:
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a notebook: {error}") from error
    if not isinstance(notebook, Mapping) or "cells" not in notebook:
        raise ValueError(f"{path}: not a notebook of format 4: it has no cells")
    return notebook


def _code_cells(notebook: Mapping) -> list[Mapping]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def _source(cell: Mapping) -> str:
    return "".join(cell["source"])


def _tags(cell: Mapping) -> list[str]:
    return cell.get("metadata", {}).get("tags", [])


def _assignment(statement: ast.stmt) -> tuple[str, object]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, ast.literal_eval(value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, ast.literal_eval(value)
    raise ValueError(f"line {statement.lineno} is not one")
