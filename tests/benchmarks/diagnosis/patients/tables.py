"""The tables of rows that the searches here are run on."""

import numpy as np
from sklearn.datasets import load_digits, make_circles
from sklearn.model_selection import StratifiedKFold

__all__ = ["digits", "rings", "shifted", "stratified"]


def rings(n=360, noise=0.12, seed=0):
    """Two classes, one inside the other: a network needs a hidden layer for them."""
    X, y = make_circles(n, noise=noise, factor=0.5, random_state=seed)
    return X.astype("float32"), y


def digits(n=400):
    """The first rows of the handwritten digits, in pixel values from 0 to 1."""
    X, y = load_digits(return_X_y=True)
    return (X[:n] / 16).astype("float32"), y[:n]


def shifted(n, n_columns, shift, seed=0):
    """Two balanced normal classes in random order, `shift` apart along the diagonal."""
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n) % 2)
    X = rng.standard_normal((n, n_columns))
    X += np.outer(y - 0.5, np.full(n_columns, shift / np.sqrt(n_columns)))
    return X.astype("float32"), y


def stratified(seed=0):
    return StratifiedKFold(3, shuffle=True, random_state=seed)
