"""Refuses what cannot be read as rows or targets, naming the parameter and what is accepted."""

import numbers
import re
from collections.abc import Sequence
from contextlib import contextmanager

import numpy as np
from scipy.sparse import issparse

from helpers.quiet import keras, tf


def check_readable(name, values):
    """Refuse what scikit-learn would take for a single value, or read without its mask.

    Parameters
    ----------
    name : str
        The parameter, for the message.
    values : object
        What the user gave as rows or targets.

    Raises
    ------
    TypeError, ValueError

    Examples
    --------
    >>> check_readable("X", {"a": [1.0]})
    Traceback (most recent call last):
        ...
    TypeError: X is a dict: an array, a list, a data frame, a tensor or a sparse matrix is accepted
    """
    if isinstance(values, tf.data.Dataset | keras.utils.PyDataset):
        raise TypeError(
            f"{name} is a {type(values).__name__}, whose rows come in an order and in batches of "
            "its own: pass arrays, X and y (of a batched tf.data.Dataset: "
            "`X, y = map(np.concatenate, zip(*dataset.as_numpy_iterator()))`)"
        )
    is_text = isinstance(values, str | bytes)
    is_array = hasattr(values, "__array__") or issparse(values) or isinstance(values, Sequence)
    if is_text or not is_array:
        raise TypeError(
            f"{name} is a {type(values).__name__}: an array, a list, a data frame, a tensor or a "
            "sparse matrix is accepted"
        )
    if np.ma.is_masked(values):
        raise ValueError(
            f"{name} is an array with {np.ma.count_masked(values)} masked values: an array "
            "without is accepted (impute them, or leave out their rows)"
        )


def check_one_type(name, labels):
    """Refuse labels that have no order among them: words and numbers, words and None.

    Raises
    ------
    TypeError

    Examples
    --------
    >>> check_one_type("y", np.array(["a", None], dtype=object))
    Traceback (most recent call last):
        ...
    TypeError: y has labels of several types, NoneType, str: labels of one type are accepted
    """
    if labels.dtype != object:
        return
    for column in labels.T if labels.ndim > 1 else [labels]:
        kinds = {_kind(label) for label in column}
        if len(kinds) > 1:
            raise TypeError(
                f"{name} has labels of several types, {', '.join(sorted(kinds))}: labels of one "
                "type are accepted"
            )


@contextmanager
def named(name):
    """Begin the message of an error with the parameter that it is about, unless it is there.

    Examples
    --------
    >>> with named("X"):
    ...     raise ValueError("complex data not supported")
    Traceback (most recent call last):
        ...
    ValueError: X: complex data not supported
    """
    try:
        yield
    except (TypeError, ValueError) as error:
        if re.search(rf"\b{name}\b", str(error)):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name}: {error}") from error


def _kind(label):
    if isinstance(label, str):
        return "str"
    return "number" if isinstance(label, numbers.Number) else type(label).__name__
