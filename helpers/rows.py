"""Makes rows what Keras takes, weighs them, and sets some apart to be watched."""

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from helpers.quiet import keras


def as_floats(X):
    """Turn rows, sparse ones too, into an array of Keras' precision.

    Examples
    --------
    >>> as_floats([[1, 2]]).dtype
    dtype('float32')
    """
    X = X.toarray() if issparse(X) else X
    return np.ascontiguousarray(X, dtype=keras.config.floatx())


def as_inputs(encoded, n_rows):
    """Turn what a feature encoder returns into what a model takes: an array, or several.

    Raises
    ------
    ValueError
        If an array has other rows than there were.

    Examples
    --------
    >>> as_inputs((np.zeros((2, 1)), np.zeros(2, int)), n_rows=2)[0].dtype
    dtype('float32')
    """
    encoded = list(encoded) if isinstance(encoded, tuple) else encoded
    inputs = keras.tree.map_structure(_as_input, encoded)
    for each in keras.tree.flatten(inputs):
        if each.shape[:1] != (n_rows,):
            raise ValueError(
                f"feature_encoder makes an array of shape {each.shape} of {n_rows} rows: arrays of "
                "as many rows are accepted, one, or a list or dict of them"
            )
    return inputs


def _as_input(values):
    values = values.toarray() if issparse(values) else np.asarray(values)
    return as_floats(values) if values.dtype.kind == "f" else values


def with_mean_one(weights):
    """Scale weights so that the loss is divided by their sum, as if rows had been repeated.

    Raises
    ------
    ValueError
        If one is negative, or all are 0.

    Examples
    --------
    >>> with_mean_one(np.array([1.0, 3.0])).tolist()
    [0.5, 1.5]
    """
    if (weights < 0).any() or not weights.sum() > 0:
        raise ValueError("sample_weight: numbers >= 0 are accepted, not all of them 0")
    return weights / weights.mean()


def split(rows, share, seed, *, groups=None, labels=None):
    """Set a shuffled, where possible stratified part of the rows apart.

    Parameters
    ----------
    rows : Rows
    share : float in [0, 1)
        Of the rows, or of the groups.
    seed : int
    groups : ndarray, shape (n_samples,), default=None
        Rows of one group stay together; nothing is stratified then.
    labels : ndarray of int, shape (n_samples,), default=None
        Classes that both parts should have in equal shares.

    Returns
    -------
    training : Rows
    validation : Rows or None
        None where the share is no row, or all of them.
    """
    n_validation = round(share * len(rows))
    if not n_validation or n_validation >= len(rows):
        return rows, None
    places = np.arange(len(rows))
    if groups is not None:
        splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
        training, validation = next(splitter.split(places, groups=groups))
        return rows[training], rows[validation]
    training, validation = train_test_split(
        places,
        test_size=n_validation,
        random_state=seed,
        stratify=labels if _can_stratify(labels, n_validation) else None,
    )
    return rows[np.sort(training)], rows[np.sort(validation)]


def _can_stratify(labels, n_validation):
    if labels is None:
        return False
    counts = np.bincount(labels)
    return counts.min() >= 2 and min(n_validation, len(labels) - n_validation) >= len(counts)
