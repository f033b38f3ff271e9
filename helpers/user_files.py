"""A user's own CSV, Parquet or NPZ file as a data set."""

from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from helpers._dataset import Dataset, as_category
from helpers.spelling import did_you_mean

EXTENSIONS = (".csv", ".parquet", ".npz")
# Whole numbers with more distinct values than this are a quantity, not classes.
MOST_CLASSES = 20


def is_path(name):
    """Whether `name` means a file rather than a known data set.

    Examples
    --------
    >>> is_path("my/data.csv"), is_path("digits")
    (True, False)
    """
    if not isinstance(name, str | Path):
        raise TypeError(f"name={name!r}: load accepts a name or a path, as str or Path.")
    path = Path(name)
    return isinstance(name, Path) or bool(path.suffix) or len(path.parts) > 1 or path.is_file()


def read(path, *, target=None, groups=None, allow_strings=False):
    """Read a CSV, Parquet or NPZ file; :func:`helpers.datasets.load` has the parameters.

    Raises
    ------
    ValueError
        If the file is missing or unreadable, a column is missing, the target has gaps or one class
        only, or a column of X is not numeric.

    Examples
    --------
    >>> read("missing.csv", target="y")
    Traceback (most recent call last):
    ValueError: name='missing.csv': there is no such file.
    """
    path = Path(path).expanduser()
    _check_path(path)
    parts = _split_arrays if path.suffix.lower() == ".npz" else _split_columns
    X, y, of_group = parts(path, target, groups)
    y, task = _labels(path, pd.Series(y), target or "y")
    of_group = _group_ids(path, of_group, groups)
    if isinstance(X, pd.DataFrame):
        X = _features(path, X, allow_strings)
    else:
        X = _finite(path, X, lambda bad: f"column {bad[1]}")
    return Dataset(str(path), X, y, of_group, task, f"{path.name}: {task} of {target or 'y'}.")


def _check_path(path):
    if path.suffix.lower() not in EXTENSIONS:
        raise ValueError(
            f"name={str(path)!r}: unknown extension {path.suffix!r}; "
            f"load accepts {', '.join(EXTENSIONS)}."
        )
    if not path.is_file():
        siblings = [one.name for one in path.parent.glob("*")] if path.parent.is_dir() else []
        raise ValueError(
            f"name={str(path)!r}: there is no such file.{did_you_mean(path.name, siblings)}"
        )


def _read_frame(path):
    try:
        frame = pd.read_csv(path) if path.suffix.lower() == ".csv" else pd.read_parquet(path)
    except (ValueError, OSError) as error:  # pandas' and pyarrow's parse errors are ValueErrors
        raise ValueError(f"name={str(path)!r}: cannot be read: {error}") from error
    if frame.empty:
        raise ValueError(f"name={str(path)!r}: the file has no rows.")
    return frame


def _split_columns(path, target, groups):
    frame = _read_frame(path)
    if target is None:
        raise ValueError(
            f"target=None: name the column of {path.name} to predict; {_listed(frame.columns)}."
        )
    for parameter, column in (("target", target), ("groups", groups)):
        if column is not None and column not in frame.columns:
            raise _missing(parameter, column, path, "column", frame.columns)
    if target == groups:
        raise ValueError(f"groups={groups!r}: is the target, too; name another column.")
    if groups is None:
        return frame.drop(columns=target), frame[target], None
    return frame.drop(columns=[target, groups]), frame[target], frame[groups]


def _split_arrays(path, target, groups):
    arrays = _read_arrays(path)
    for parameter, name in (("X", "X"), ("target", target or "y"), ("groups", groups)):
        if name is not None and name not in arrays:
            raise _missing(parameter, name, path, "array", arrays)
    X, y = arrays["X"], arrays[target or "y"]
    of_group = None if groups is None else arrays[groups]
    if X.ndim < 2 or not X.size:
        raise ValueError(f"X of {path.name}: shape {X.shape}; expected (rows, columns) or images.")
    if X.dtype.kind not in "biuf":
        raise ValueError(f"X of {path.name}: dtype {X.dtype}; expected numbers.")
    for name, array in ((target or "y", y), (groups, of_group)):
        if array is not None and array.shape != (len(X),):
            raise ValueError(f"{name} of {path.name}: shape {array.shape}; expected ({len(X)},).")
    return X, y, of_group


def _read_arrays(path):
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    # TypeError: a renamed .npy gives an array, which is no context manager
    except (ValueError, OSError, EOFError, BadZipFile, TypeError) as error:
        raise ValueError(
            f"name={str(path)!r}: cannot be read as NPZ: {error} Write it with "
            "np.savez(path, X=X, y=y), X and y being plain arrays of numbers or text."
        ) from error


def _missing(parameter, name, path, kind, known):
    return ValueError(
        f"{parameter}={name!r}: {path.name} has no such {kind}; {_listed(known)}."
        f"{did_you_mean(name, known)}{_separator_hint(known)}"
    )


def _separator_hint(columns):
    """One column named "a;b;c" is a file with another separator."""
    columns = list(columns)
    wrong = len(columns) == 1 and next((mark for mark in ";\t|" if mark in str(columns[0])), None)
    return f" Its columns are separated by {wrong!r}: save it with commas." if wrong else ""


def _listed(names, most=20):
    names = [str(name) for name in names]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"it has {', '.join(names[:most])}{more}"


def _features(path, X, allow_strings):
    """A float32 array, or a frame with float32 and category columns if there are strings."""
    if X.shape[1] == 0:
        raise ValueError(f"{path.name}: has no column besides target and groups.")
    X = X.apply(lambda column: _as_numbers(path, column))
    texts = [column for column in X if not is_numeric_dtype(X[column])]
    if texts and not allow_strings:
        raise ValueError(
            f"{path.name}: columns {', '.join(map(repr, texts))} are not numbers. Drop them, or "
            "keep them as categories: load(..., allow_strings=True).numeric()."
        )
    numbers = [column for column in X if column not in texts]
    values = X[numbers].to_numpy(dtype="float64", na_value=np.nan)
    values = _finite(path, values, lambda bad: f"column {numbers[bad[1]]!r}")
    if not texts:
        return values
    frame = pd.DataFrame(values, columns=numbers)
    for column in texts:
        frame[column] = as_category(X[column].astype("str").where(X[column].notna()))
    return frame[list(X)]


def _as_numbers(path, column):
    """The column as numbers if its values are; unchanged if most are not; else an error."""
    if is_numeric_dtype(column):
        return column
    numbers = pd.to_numeric(column.astype("object"), errors="coerce").astype("float64")
    bad = column[numbers.isna() & column.notna()]
    if bad.empty:
        return numbers
    if len(bad) > column.notna().sum() / 2:
        return column
    raise ValueError(
        f"column {column.name!r} of {path.name}: {len(bad)} of its {len(column)} values are not "
        f"numbers, such as {str(bad.iloc[0])!r}. Correct them, or leave the cells empty (missing)."
    )


def _finite(path, values, name_of):
    with np.errstate(over="ignore"):
        narrow = values.astype("float32")
    bad = np.argwhere(np.isinf(narrow))
    if len(bad):
        raise ValueError(
            f"{name_of(bad[0])} of {path.name}: {values[tuple(bad[0])]} in row {bad[0][0]} is "
            "infinite, or too large for float32. Correct it, or leave it empty (missing)."
        )
    return narrow


def _labels(path, y, name):
    """The labels as an array, and the task."""
    gaps = np.flatnonzero(y.isna())
    if len(gaps):
        raise ValueError(
            f"target={name!r}: {path.name} has no value in {len(gaps)} of {len(y)} rows (row "
            f"{', '.join(map(str, gaps[:3]))}{', ...' if len(gaps) > 3 else ''}). Drop these rows."
        )
    if y.nunique() < 2:
        raise ValueError(
            f"target={name!r}: {path.name} has one value only, {y.tolist()[0]!r}; "
            "there is nothing to tell apart."
        )
    if is_bool_dtype(y):
        return y.to_numpy(dtype=bool), "classification"
    if not is_numeric_dtype(y):
        return y.astype("str").to_numpy(dtype=str), "classification"
    numbers = y.to_numpy(dtype="float64")
    if not np.isfinite(numbers).all():
        raise ValueError(f"target={name!r}: {path.name} has infinite values. Drop these rows.")
    if y.nunique() > MOST_CLASSES or (numbers != np.round(numbers)).any():
        return numbers.astype("float32"), "regression"
    return numbers.astype("int64"), "classification"


def _group_ids(path, column, name):
    if column is None:
        return None
    column = pd.Series(column)
    if column.isna().any() or column.nunique() < 2:
        trouble = "gaps" if column.isna().any() else "one group only"
        raise ValueError(f"groups={name!r}: {path.name} has {trouble} in it.")
    return (
        column.to_numpy() if is_numeric_dtype(column) else column.astype("str").to_numpy(dtype=str)
    )
