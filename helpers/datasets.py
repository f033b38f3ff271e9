"""Data sets by name or by path, all of them offline."""

import hashlib
from dataclasses import replace
from importlib import resources
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

from helpers import synthetic, user_files
from helpers._dataset import Dataset, as_category, whole_number
from helpers.spelling import did_you_mean

__all__ = ["NAMES", "Dataset", "load"]

# The levels come from the study's design, not from the rows at hand.
PENGUIN_LEVELS = {
    "species": ["Adelie", "Chinstrap", "Gentoo"],
    "island": ["Biscoe", "Dream", "Torgersen"],
    "sex": ["female", "male"],
    "clutch_complete": ["no", "yes"],
}
PENGUINS_SHA256 = "0f1faf5f6987ba53d8d7d8f4b676b9740cdb2bd8535b01ae8c58e4b4bd0cc47f"


def load(name, *, target=None, groups=None, max_rows=None, random_state=0, allow_strings=False):
    """Load a data set by name, or a file of your own by path.

    Parameters
    ----------
    name : str or Path
        One of `NAMES`, or the path of a CSV, Parquet or NPZ file.
    target : str, default=None
        File: the column to predict (of an NPZ: the array, ``"y"`` if None). ``"penguins"``:
        ``"species"`` (if None) or the harder ``"sex"``. Other names take none.
    groups : str, default=None
        File: the column (array) that says which rows belong together. Names take none.
    max_rows : int >= 2, default=None
        Use at most so many rows: a seeded subsample with the shares of the classes kept, whole
        groups kept together, in the order of the file. Synthetic sets are drawn that small. None:
        all rows.
    random_state : int >= 0, default=0
        Seed of the subsample, and of the rows of a synthetic set.
    allow_strings : bool, default=False
        File: keep string columns, as columns of a DataFrame. False: they are an error.

    Returns
    -------
    Dataset
        `X` is a float32 array; a DataFrame for ``"penguins"``, ``"categories"`` and files with
        string columns: ``.numeric()`` makes a float32 array of these, too.

    Raises
    ------
    TypeError, ValueError
        If a parameter or the file is not usable; the message says what would be.

    Notes
    -----
    The target of a file is a number to predict (`task` is ``"regression"``) if it has fractions or
    more than 20 distinct numbers, else a class. Write classes as text to have it otherwise.

    Examples
    --------
    >>> load("digits", max_rows=500)
    Dataset('digits': 500 rows of shape (64,), 10 classes)
    >>> load("digit")
    Traceback (most recent call last):
    ValueError: name='digit': load accepts digits, digits_images, breast_cancer, wine, penguins, \
pure_noise, patients, xor_like, series, categories, or the path of a .csv, .parquet or .npz file. \
Did you mean 'digits'?
    """
    random_state = whole_number(random_state, "random_state", "load", least=0)
    if max_rows is not None:
        max_rows = whole_number(max_rows, "max_rows", "load", least=2)
    if user_files.is_path(name) and name not in NAMES:
        data = user_files.read(name, target=target, groups=groups, allow_strings=allow_strings)
        return _subsample(data, max_rows, random_state)
    if name not in NAMES:
        raise ValueError(
            f"name={name!r}: load accepts {', '.join(NAMES)}, or the path of a .csv, .parquet or "
            f".npz file.{did_you_mean(name, NAMES)}"
        )
    _refuse_columns(name, target, groups)
    if name in SYNTHETIC:
        return _synthetic(name, max_rows, random_state)
    data = _penguins(target or "species") if name == "penguins" else REAL[name]()
    return _subsample(data, max_rows, random_state)


def _digits():
    bunch = load_digits()
    # 16 is the largest value a pixel can have: a constant of the format, not learnt from the rows.
    X = (bunch.data / 16).astype("float32")
    about = "8x8 images of handwritten digits as rows of 64 pixels, scaled to 0..1 by 16."
    return Dataset("digits", X, bunch.target.astype("int64"), description=about)


def _digits_images():
    rows = _digits()
    about = "8x8 images of handwritten digits, one channel, scaled to 0..1 by 16."
    return replace(rows, name="digits_images", X=rows.X.reshape(-1, 8, 8, 1), description=about)


def _breast_cancer():
    bunch = load_breast_cancer()
    about = "30 measurements of cell nuclei; 0 malignant, 1 benign."
    X, y = bunch.data.astype("float32"), bunch.target.astype("int64")
    return Dataset("breast_cancer", X, y, description=about)


def _wine():
    bunch = load_wine()
    about = "13 chemical measurements of wines of three cultivars."
    X, y = bunch.data.astype("float32"), bunch.target.astype("int64")
    return Dataset("wine", X, y, description=about)


def _penguins(target):
    """The Palmer penguins: `data/README.md` has source and licence."""
    frame = pd.read_csv(BytesIO(_checked_bytes("penguins.csv", PENGUINS_SHA256)))
    for column, levels in PENGUIN_LEVELS.items():
        frame[column] = as_category(frame[column], levels)
    frame = frame[frame[target].notna()].reset_index(drop=True)
    X = frame.drop(columns=["nest", target])
    numbers = X.select_dtypes("number").columns
    return Dataset(
        "penguins",
        X.astype(dict.fromkeys(numbers, "float32")),
        frame[target].to_numpy(dtype=str),
        groups=frame["nest"].to_numpy(dtype=str),
        description=f"Penguins of the Palmer Archipelago: predict {target}. Two birds per nest "
        "(the groups), category columns, missing values.",
    )


def _checked_bytes(filename, sha256):
    content = _data_file(filename).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ValueError(
            f"data file {filename}: its SHA-256 is {found}, expected {sha256}. The file was "
            "changed (line endings, perhaps): restore it with git checkout, or reinstall."
        )
    return content


def _data_file(filename):
    """Installed, data/ lies inside the package; in a checkout, beside it."""
    inside = resources.files("helpers") / "data" / filename
    return inside if inside.is_file() else Path(__file__).parents[1] / "data" / filename


def _synthetic(name, max_rows, random_state):
    data = SYNTHETIC[name](random_state=random_state)
    if max_rows is None or max_rows >= len(data.y):
        return data
    try:
        return SYNTHETIC[name](max_rows, random_state=random_state)
    except ValueError as error:  # speaks of n_samples, which the caller did not give
        raise ValueError(f"max_rows={max_rows}: too few for {name}: {error}") from error


REAL = {
    "digits": _digits,
    "digits_images": _digits_images,
    "breast_cancer": _breast_cancer,
    "wine": _wine,
}
SYNTHETIC = {
    "pure_noise": synthetic.pure_noise,
    "patients": synthetic.patients,
    "xor_like": synthetic.xor_like,
    "series": synthetic.series,
    "categories": synthetic.categories,
}
NAMES = (*REAL, "penguins", *SYNTHETIC)


def _refuse_columns(name, target, groups):
    choices = ("species", "sex") if name == "penguins" else ()
    if target is not None and target not in choices:
        accepted = " or ".join(map(repr, choices)) or "no target: it has one"
        raise ValueError(
            f"target={target!r}: {name} accepts {accepted}.{did_you_mean(target, choices)}"
        )
    if groups is not None:
        raise ValueError(f"groups={groups!r}: {name} accepts none; only your own file takes it.")


def _subsample(data, max_rows, random_state):
    """At most `max_rows` rows: classes keep their shares, groups stay whole, order is kept."""
    if max_rows is None or max_rows >= len(data.y):
        return data
    rng = np.random.default_rng(random_state)
    units = np.arange(len(data.y)) if data.groups is None else data.groups
    _, unit = np.unique(units, return_inverse=True)
    strata = _strata(data, unit)
    kept = []
    for stratum, quota in enumerate(_quotas(np.bincount(strata[unit]), max_rows)):
        kept.extend(_fill(quota, np.flatnonzero(strata == stratum), np.bincount(unit), rng))
    rows = np.flatnonzero(np.isin(unit, kept))
    _check_classes(data, rows, max_rows)
    return data.take(rows)


def _strata(data, unit):
    """Of each unit (a row, or a group of rows) the class: the most frequent one of its rows."""
    if data.task == "regression":
        return np.zeros(unit.max() + 1, dtype=int)
    classes, label = np.unique(data.y, return_inverse=True)
    counts = np.zeros((unit.max() + 1, len(classes)), dtype=int)
    np.add.at(counts, (unit, label), 1)
    _, strata = np.unique(counts.argmax(axis=1), return_inverse=True)
    return strata


def _quotas(sizes, total):
    """Split `total` in proportion to `sizes`, at least 1 each (largest remainders).

    Examples
    --------
    >>> _quotas(np.array([70, 25, 5]), 10)
    array([7, 2, 1])
    """
    exact = sizes * total / sizes.sum()
    quotas = np.maximum(exact.astype(int), 1)
    while quotas.sum() < total:
        quotas[np.argmax(exact - quotas)] += 1
    while quotas.sum() > total and quotas.max() > 1:
        quotas[np.argmax(np.where(quotas > 1, quotas - exact, -np.inf))] -= 1
    return quotas


def _fill(quota, units, sizes, rng):
    """Units in random order, each taken if it still fits into `quota` rows."""
    for unit in rng.permutation(units):
        if sizes[unit] <= quota:
            quota -= sizes[unit]
            yield unit


def _check_classes(data, rows, max_rows):
    lost = [] if data.task == "regression" else np.setdiff1d(data.y, data.y[rows]).tolist()
    if lost or not 0 < len(rows) <= max_rows:
        of = f" of class {lost[0]!r}" if lost else " of every class" if len(rows) else ""
        unit = "a row" if data.groups is None else "a whole group"
        raise ValueError(f"max_rows={max_rows}: too few for {unit}{of} of {data.name}.")
