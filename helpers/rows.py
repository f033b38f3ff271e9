"""Makes rows what Keras takes, weighs them, and sets some apart to be watched."""

import numpy as np
from scipy.sparse import issparse
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from helpers.quiet import keras


def as_floats(X, name="X"):
    """Turn rows, sparse ones too, into an array of Keras' precision.

    Raises
    ------
    TypeError
        They are dates.
    ValueError
        A number is too large for that precision.

    Examples
    --------
    >>> as_floats([[1, 2]]).dtype
    dtype('float32')
    """
    X = X.toarray() if issparse(X) else np.asarray(X)
    if X.dtype.kind in "mM":
        raise TypeError(f"{name} holds dates, dtype={X.dtype}: numbers are accepted")
    with np.errstate(over="ignore"):
        floats = np.ascontiguousarray(X, dtype=keras.config.floatx())
    if not np.can_cast(X.dtype, floats.dtype) and not np.isfinite(floats).all():
        raise ValueError(
            f"{name} holds a number of size {np.abs(X).max():.3g}: at most "
            f"{np.finfo(floats.dtype).max:.3g} is accepted, the largest {floats.dtype} (scale it)"
        )
    return floats


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


def with_mean_one(weights, name="sample_weight"):
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
    if not (weights >= 0).all():
        raise ValueError(f"{name}: numbers >= 0 are accepted")
    if not weights.any():
        raise ValueError(f"only zeros were passed in {name}: one row at least has to count")
    return weights / weights.mean()


def check_split(share, n_rows, n_classes=1):
    """Refuse a ``validation_split`` that leaves no row to judge by, or no row of a class to train.

    Parameters
    ----------
    share : float in [0, 1)
    n_rows : int
    n_classes : int, default=1

    Raises
    ------
    ValueError

    Examples
    --------
    >>> check_split(0.01, n_rows=24)
    Traceback (most recent call last):
        ...
    ValueError: validation_split=0.01 sets 0 of 24 rows apart: from 1 to 23 are accepted
    """
    n_apart = round(share * n_rows)
    if share and not 1 <= n_apart <= n_rows - n_classes:
        each = f", so that {n_classes} classes are left to train" if n_classes > 1 else ""
        raise ValueError(
            f"validation_split={share!r} sets {n_apart} of {n_rows} rows apart: from 1 to "
            f"{n_rows - n_classes} are accepted{each}"
        )


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
    if labels is not None and not _can_stratify(labels, n_validation):
        apart = _nearly_stratified(labels, n_validation, seed)
        return rows[~apart], rows[apart]
    training, validation = train_test_split(
        places, test_size=n_validation, random_state=seed, stratify=labels
    )
    return rows[np.sort(training)], rows[np.sort(validation)]


def _can_stratify(labels, n_validation):
    """Whether scikit-learn can: it wants a row of each class in both parts."""
    counts = np.unique(labels, return_counts=True)[1]
    return counts.min() >= 2 and min(n_validation, len(labels) - n_validation) >= len(counts)


def _nearly_stratified(labels, n_apart, seed):
    """Rows to set apart, evenly over the classes; one of each stays, while there are enough."""
    random = np.random.default_rng(seed)
    shuffled = random.permutation(len(labels))
    stay = shuffled[np.unique(labels[shuffled], return_index=True)[1]]
    free = shuffled if n_apart > len(labels) - len(stay) else np.setdiff1d(shuffled, stay)
    by_class = random.permutation(free)
    by_class = by_class[np.argsort(labels[by_class], kind="stable")]
    steps = (np.arange(n_apart) + random.random()) * (len(by_class) / n_apart)
    apart = np.zeros(len(labels), dtype=bool)
    apart[by_class[steps.astype(int)]] = True
    return apart
