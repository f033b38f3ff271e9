"""What a data set is to the rest of the package."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

# A column with more levels than this is an identifier or free text: one-hot columns of it would
# fill the memory and say nothing.
MOST_LEVELS = 1000


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Rows, labels, and what is known about where they come from.

    Parameters
    ----------
    name : str
        Known name, or the path of the file.
    X : ndarray of float32 or DataFrame
        Rows. A frame where there are string columns: these have a `category` dtype whose levels
        are fixed, so that every subset of rows has the same one-hot columns.
    y : ndarray
        Labels (classification) or numbers (regression), one per row.
    groups : ndarray or None
        Which rows belong together (patient, nest), one per row.
    task : {"classification", "regression"}
    description : str
        What the rows are and, for a synthetic set, what the truth is.
    sample : callable ``(n_samples, seed) -> (X, y, groups)`` or None
        Fresh rows from the same truth; synthetic sets only.
    best_accuracy : float or None
        Accuracy on fresh rows that no classifier of single rows exceeds; synthetic sets only.

    Examples
    --------
    >>> from helpers import datasets
    >>> wine = datasets.load("wine")
    >>> wine
    Dataset('wine': 178 rows of shape (13,), 3 classes)
    """

    name: str
    X: np.ndarray | pd.DataFrame
    y: np.ndarray
    groups: np.ndarray | None = None
    task: str = "classification"
    description: str = ""
    sample: Callable | None = field(default=None)
    best_accuracy: float | None = None

    def __repr__(self):
        what = f"{len(np.unique(self.y))} classes"
        if self.task == "regression":
            what = "a number to predict"
        if self.groups is not None:
            what += f", {len(np.unique(self.groups))} groups"
        return f"Dataset({self.name!r}: {len(self.y)} rows of shape {self.X.shape[1:]}, {what})"

    def take(self, rows):
        """The same data set with the rows at these positions only.

        Examples
        --------
        >>> from helpers import datasets
        >>> len(datasets.load("wine").take([0, 5, 9]).y)
        3
        """
        X = self.X.iloc[rows].reset_index(drop=True) if self.is_frame else self.X[rows]
        groups = None if self.groups is None else self.groups[rows]
        return replace(self, X=X, y=self.y[rows], groups=groups)

    def numeric(self):
        """The same data set with `X` as one float32 matrix, for a network.

        Category columns become one-hot columns of their fixed levels. Nothing is learnt from the
        rows: missing numbers stay NaN (impute them inside a pipeline, on training rows), and a
        missing category is a row of zeros. An array `X` is already numeric and stays as it is.

        Raises
        ------
        ValueError
            If a category column has more than 1,000 levels.

        Examples
        --------
        >>> from helpers import datasets
        >>> penguins = datasets.load("penguins")
        >>> penguins.X.shape, penguins.numeric().X.shape
        ((344, 9), (344, 13))
        """
        if not self.is_frame:
            return self
        sample = self.sample and NumericSample(self.sample)
        return replace(self, X=one_hot(self.X), sample=sample)

    @property
    def is_frame(self):
        """Whether `X` is a DataFrame."""
        return isinstance(self.X, pd.DataFrame)


@dataclass(frozen=True)
class NumericSample:
    """`sample` of a data set made numeric. A class, not a closure, so that it can be pickled."""

    sample: Callable

    def __call__(self, n_samples, seed):
        X, y, groups = self.sample(n_samples, seed)
        return one_hot(X), y, groups


def one_hot(frame):
    """A float32 matrix: numbers as they are, each category column as zeros and ones.

    Examples
    --------
    >>> import pandas as pd
    >>> one_hot(pd.DataFrame({"a": [1.5, None], "b": pd.Categorical(["x", "y"])}))
    array([[1.5, 1. , 0. ],
           [nan, 0. , 1. ]], dtype=float32)
    """
    for column in frame.select_dtypes("category"):
        n_levels = len(frame[column].cat.categories)
        if n_levels > MOST_LEVELS:
            raise ValueError(
                f"column {column!r} has {n_levels} levels: numeric() makes one column per level "
                f"and accepts at most {MOST_LEVELS}. Drop the column, or encode it in a pipeline."
            )
    return pd.get_dummies(frame, dtype="float32").to_numpy(dtype="float32", na_value=np.nan)


def as_category(column, levels=None):
    """A string column with fixed levels: those given, else the sorted ones that occur."""
    levels = sorted(column.dropna().unique()) if levels is None else levels
    # object, so that the dtype of the levels does not depend on the version of pandas
    return column.astype(object).astype(pd.CategoricalDtype(pd.Index(levels, dtype=object)))


def whole_number(value, name, owner, least=1):
    """`value` as an int, or an error that names the parameter and what it accepts."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name}={value!r}: {owner} accepts an integer >= {least}.")
    if value < least:
        raise ValueError(f"{name}={value!r}: {owner} accepts an integer >= {least}.")
    return int(value)
