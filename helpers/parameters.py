"""The notebooks' parameters: what each accepts.

Every notebook has the same names in its ``parameters`` cell and gives them to
:func:`check` in the next one; those of :data:`OPTIONAL` only where they mean something. The batch
run asks the same table before it starts a kernel.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from helpers import spelling

PROFILES: dict[str, dict[str, int | None]] = {
    "ci": {"n_splits": 4, "n_repeats": 1, "epochs": 10, "max_rows": 300},
    "default": {"n_splits": 3, "n_repeats": 2, "epochs": 20, "max_rows": 500},
    "full": {"n_splits": 5, "n_repeats": 10, "epochs": 100, "max_rows": None},
}
FILE_SUFFIXES = (".csv", ".parquet", ".npz")
MAX_SEED = 2**32 - 1  # NumPy's legacy seeding, which scikit-learn uses, takes no more


@dataclass(frozen=True)
class Parameter:
    """One row of the table: a name, what it accepts, what it means.

    ``optional`` numbers may be None, which means what the profile says.
    """

    name: str
    default: object
    meaning: str
    low: int | None = None
    high: int | None = None
    optional: bool = False

    @property
    def is_number(self) -> bool:
        return self.low is not None

    @property
    def accepts(self) -> str:
        """What the parameter accepts, in words."""
        if not self.is_number:
            return "a text"
        bounds = f">= {self.low}" if self.high is None else f"from {self.low} to {self.high}"
        none = ", or None for what the profile says" if self.optional else ""
        return f"an integer {bounds}{none}"


TABLE: dict[str, Parameter] = {
    row.name: row
    for row in (
        Parameter("dataset", "digits", "a data set's name, or the path of a .csv, .parquet, .npz"),
        Parameter("target", "", "column of a file that is predicted; empty for a named data set"),
        Parameter("profile", "default", "how much is computed: ci, default or full"),
        Parameter("seed", 0, "everything random follows from it", 0, MAX_SEED),
        Parameter("n_splits", None, "folds of a cross-validation", 2, 20, True),
        Parameter("n_repeats", None, "repetitions with other folds and seeds", 1, 100, True),
        Parameter("epochs", None, "passes over the training rows", 1, 10_000, True),
        Parameter("max_rows", None, "rows kept, drawn at random", 60, None, True),
        Parameter("search", "", "FILE.py:FUNC that makes a search of your own; empty for none"),
        Parameter("claims_path", "claims.json", "file that the notebook's claims are written to"),
    )
}
OPTIONAL = ("search",)


@dataclass(frozen=True)
class Settings:
    """Checked parameters with the profile's numbers filled in.

    Attributes
    ----------
    dataset : str
        Name of a data set, or path of a file.
    target : str or None
        Column to predict; None where the data set says it itself.
    profile : {"ci", "default", "full"}
    seed : int
    n_splits, n_repeats, epochs : int
    max_rows : int or None
        None: all rows.
    search : str or None
        ``FILE.py:FUNC``; None where there is none.
    claims_path : str
    """

    dataset: str
    target: str | None
    profile: str
    seed: int
    n_splits: int
    n_repeats: int
    epochs: int
    max_rows: int | None
    search: str | None = None
    claims_path: str = "claims.json"


def check(**given) -> Settings:
    """Check a notebook's parameters and fill in what the profile says.

    Parameters
    ----------
    **given
        Any of the names of :data:`TABLE`; the others take their default.

    Returns
    -------
    Settings

    Raises
    ------
    TypeError
        If a value is of the wrong type.
    ValueError
        If a name is unknown or a value out of range; the message says what is accepted.

    Examples
    --------
    >>> from helpers import parameters
    >>> parameters.check(dataset="wine", profile="ci", seed=3).epochs
    10
    >>> parameters.check(profile="ci", epochs=25).epochs
    25
    >>> parameters.check(epochs=0)
    Traceback (most recent call last):
    ...
    ValueError: epochs=0: accepts an integer from 1 to 10000, or None for what the profile says
    """
    check_names(given, TABLE)
    values = {name: row.default for name, row in TABLE.items()} | given
    for name, value in values.items():
        check_value(name, value)
    for name, value in PROFILES[values["profile"]].items():
        values[name] = value if values[name] is None else int(values[name])
    texts = {name: values[name] or None for name in ("target", "search")}
    return Settings(**values | texts | {"seed": int(values["seed"])})


def check_names(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise ValueError for the first name that is not known, with the nearest one that is.

    Examples
    --------
    >>> check_names(["sed"], ["seed", "epochs"])
    Traceback (most recent call last):
    ...
    ValueError: unknown parameter 'sed'; did you mean 'seed'? known: seed, epochs
    """
    known = list(known)
    for name in given:
        if name not in known:
            raise ValueError(f"unknown parameter {name!r}{nearest_and_known(name, known)}")


def nearest_and_known(name: str, known: Iterable[str]) -> str:
    """The end of an error about an unknown name: the nearest known one, then all of them.

    Examples
    --------
    >>> nearest_and_known("wyne", ["wine", "digits"])
    "; did you mean 'wine'? known: wine, digits"
    """
    known = list(known)
    near = spelling.nearest(name, known)
    hint = ";" if near is None else f"; did you mean {near!r}?"
    return f"{hint} known: {', '.join(known) or 'none'}"


def check_value(name: str, value: object) -> None:
    """Check one value against its row of the table.

    Raises
    ------
    TypeError, ValueError
        Naming the parameter, the value and what is accepted.
    """
    row = TABLE[name]
    if row.is_number:
        _check_number(row, value)
    elif name in ("target", "search") and value is None:
        return
    elif not isinstance(value, str):
        raise TypeError(f"{name}={value!r}: accepts {row.accepts} ({row.meaning})")
    elif name in _TEXT_CHECKS:
        _TEXT_CHECKS[name](value)


def parse(name: str, text: str) -> object:
    """The value that a command line's ``-p name text`` stands for.

    A text parameter keeps its text, so that a column may be named ``3`` or ``None``.

    Examples
    --------
    >>> parse("seed", "3"), parse("max_rows", "None"), parse("target", "3")
    (3, None, '3')
    """
    if name in TABLE and not TABLE[name].is_number:
        return text
    constants = {"True": True, "False": False, "None": None}
    if text in constants:
        return constants[text]
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def check_like_default(name: str, value: object, default: object) -> None:
    """Check a parameter that only one notebook has: its default says the type.

    Examples
    --------
    >>> check_like_default("units", "many", 64)
    Traceback (most recent call last):
    ...
    TypeError: units='many': accepts int, as its default 64
    """
    if default is None:
        return
    accepted = (int, float) if type(default) is float else type(default)
    if not isinstance(value, accepted) or isinstance(value, bool) != isinstance(default, bool):
        kind = type(default).__name__
        raise TypeError(f"{name}={value!r}: accepts {kind}, as its default {default!r}")


def _check_number(row: Parameter, value: object) -> None:
    if value is None and row.optional:
        return
    message = f"{row.name}={value!r}: accepts {row.accepts}"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(message)
    if not row.low <= value <= (math.inf if row.high is None else row.high):
        raise ValueError(message)


def _check_profile(value: str) -> None:
    if value not in PROFILES:
        raise ValueError(f"profile={value!r}{nearest_and_known(value, PROFILES)}")


def _check_dataset(value: str) -> None:
    from helpers import datasets  # the names; pandas and scikit-learn come with them

    if value in datasets.NAMES:
        return
    path = Path(value).expanduser()
    if path.suffix.lower() not in FILE_SUFFIXES:
        files = f", or the path of a file: {', '.join(FILE_SUFFIXES)}"
        raise ValueError(f"dataset={value!r}{nearest_and_known(value, datasets.NAMES)}{files}")
    if not path.is_file():
        raise ValueError(f"dataset={value!r}: no such file (looked in {Path.cwd()})")


def _check_search(value: str) -> None:
    if not value:
        return
    file, colon, function = value.rpartition(":")
    if not colon or Path(file).suffix != ".py" or not function.isidentifier():
        raise ValueError(f"search={value!r}: accepts FILE.py:FUNC, or an empty text")
    if not Path(file).expanduser().is_file():
        raise ValueError(f"search={value!r}: no such file (looked in {Path.cwd()})")


def _check_claims_path(value: str) -> None:
    if not value.endswith(".json"):
        raise ValueError(f"claims_path={value!r}: accepts the path of a .json file")


_TEXT_CHECKS = {
    "profile": _check_profile,
    "dataset": _check_dataset,
    "search": _check_search,
    "claims_path": _check_claims_path,
}
