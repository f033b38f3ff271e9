"""Short fingerprints of arrays, so that what a fit saw can be compared without keeping a copy.

Examples
--------
>>> import numpy as np
>>> from helpers.digests import digest, row_digests
>>> X = np.arange(6.0).reshape(3, 2)
>>> digest(X) == digest(X.copy()), digest(X) == digest(X + 1)
(True, False)
>>> bool(row_digests(X)[2] == row_digests(X[::-1])[0])
True
"""

import hashlib

import numpy as np
import pandas as pd

from helpers.quiet import keras, tf

__all__ = ["combined", "digest", "is_constant", "row_digests", "rows_digest", "variable_digests"]

# 8 bytes: among a million digests two agree by chance once in 37 million times.
_SIZE = 8
_CONSTANT = "all "
_NUMBERS = "biuf"


def digest(array):
    """Fingerprint of an array's values, shape and dtype.

    An array of nothing but zeros or ones reads ``"all 0 (64,) float32"``: it is what initialisers
    of biases and scales give everyone, so its equality proves nothing. See `is_constant`.

    Parameters
    ----------
    array : ndarray

    Returns
    -------
    str
    """
    kind = f"{array.shape} {array.dtype}"
    for value in (0, 1):
        if array.size and (array == value).all():
            return f"{_CONSTANT}{value} {kind}"
    return _hex(kind.encode() + np.ascontiguousarray(array).tobytes())


def is_constant(fingerprint):
    """Whether `digest` saw an array of zeros or of ones."""
    return fingerprint.startswith(_CONSTANT)


def variable_digests(variables):
    """Fingerprint of each Keras variable, by its path.

    Parameters
    ----------
    variables : iterable of keras.Variable
        Two of one path (Keras allows it) are told apart by their order: ``"w"``, ``"w #2"``.

    Returns
    -------
    dict of str to str
    """
    digests, seen = {}, {}
    for variable in variables:
        seen[variable.path] = nth = seen.get(variable.path, 0) + 1
        name = variable.path if nth == 1 else f"{variable.path} #{nth}"
        digests[name] = digest(variable.value.numpy())
    return digests


def combined(digests):
    """One fingerprint of several, whatever their names; None of none (a model not yet built)."""
    return _hex("\n".join(digests).encode()) if digests else None


def row_digests(x):
    """Fingerprint of each row, the same in whatever order and dtype the rows come.

    Parameters
    ----------
    x : array, DataFrame, Series, tf.Tensor, or a list, tuple or dict of them
        Rows along the first axis. Numbers are compared as float32, as networks see them.

    Returns
    -------
    ndarray of uint64, shape (n_rows,), or None
        None where rows cannot be read without using them up or training on them: a
        `tf.data.Dataset`, a `PyDataset`, a generator, sparse and ragged tensors.
    """
    if x is None or isinstance(x, str):
        return None
    parts = [_rows_of_one(part) for part in keras.tree.flatten(x)]
    if not parts or any(part is None for part in parts):
        return None
    if len({len(part) for part in parts}) > 1:
        return None
    return parts[0] if len(parts) == 1 else _hash_rows(np.column_stack(parts))


def rows_digest(rows):
    """One fingerprint of a set of rows, from their `row_digests`, whatever their order."""
    return None if rows is None else _hex(np.sort(rows).tobytes())


def _rows_of_one(part):
    if isinstance(part, tf.Tensor | tf.Variable):
        part = part.numpy()
    if isinstance(part, pd.Series):
        part = part.to_frame()
    if isinstance(part, np.ndarray) and part.ndim and part.dtype.kind not in _NUMBERS:
        part = pd.DataFrame(part.reshape(len(part), -1))
    if isinstance(part, pd.DataFrame):
        if not all(isinstance(kind, np.dtype) and kind.kind in _NUMBERS for kind in part.dtypes):
            return pd.util.hash_pandas_object(part, index=False).to_numpy()
        part = part.to_numpy()
    if not isinstance(part, np.ndarray) or part.ndim == 0:
        return None
    return _hash_rows(part.astype(np.float32) + np.float32(0))  # -0.0 and 0.0 are one value


def _hash_rows(array):
    rows = np.ascontiguousarray(array).reshape(len(array), -1)
    hashes = b"".join(hashlib.blake2b(row.tobytes(), digest_size=_SIZE).digest() for row in rows)
    return np.frombuffer(hashes, dtype=np.uint64)


def _hex(data):
    return hashlib.blake2b(data, digest_size=_SIZE).hexdigest()
