"""Raw data with the rows of a fold changed: what must not move what is made of the others."""

import numpy as np
import pandas as pd
from sklearn.utils.validation import _num_samples

__all__ = ["other_targets", "relabelled", "scrambled", "skewed"]


def scrambled(raw, rows, strength):
    """Raw data with the values of these rows exchanged and, with strength, moved away."""
    X, y, groups = raw
    rng = np.random.default_rng(len(rows))
    if hasattr(X, "columns"):
        X = X.copy()
        for position, name in enumerate(X.columns):
            values = X[name].to_numpy(copy=True)
            values[rows] = _other_values(values[rows], rng, strength, values)
            X[X.columns[position]] = pd.Series(values, index=X.index).astype(X[name].dtype)
        return X, y, groups
    values = np.array(X)
    values[rows] = _other_values(values[rows], rng, strength, values)
    return values, y, groups


def _other_values(values, rng, strength, everything):
    """Values in another order, away from where they were; gaps stay where they are."""
    if values.dtype.kind not in "iuf":
        return values[rng.permutation(len(values))]
    if values.dtype.kind in "iu":  # codes and pixels have a range that code may rely upon
        large = np.sort(values, axis=0)[len(values) // 2 :]
        return large[rng.integers(0, len(large), len(values))]
    spread = np.nanstd(everything, axis=0)
    middle = np.nanmean(everything, axis=0)
    shuffled = values[rng.permutation(len(values))]
    shuffled = np.where(np.isnan(shuffled), middle, shuffled)
    moved = shuffled * (1 + strength) + strength * 0.7 * spread
    return np.where(np.isnan(values), np.nan, moved).astype(values.dtype)


def relabelled(raw, rows, strength):
    """Raw data with labels of these rows drawn from all rows."""
    X, y, groups = raw
    drawn = np.random.default_rng(len(rows)).integers(0, _num_samples(X), len(rows))
    return X, _with_labels(y, rows, drawn), groups


def _with_labels(y, rows, drawn):
    values = y.to_numpy(copy=True) if hasattr(y, "to_numpy") else np.array(y)
    values[rows] = values[drawn]
    return _like(y, values)


def _like(y, values):
    if isinstance(y, pd.Series):
        return pd.Series(values, index=y.index, name=y.name).astype(y.dtype)
    if isinstance(y, pd.DataFrame):
        return pd.DataFrame(values, index=y.index, columns=y.columns).astype(y.dtypes)
    return values.tolist() if isinstance(y, list) else values


def other_targets(y, is_classification):
    """Targets that no score can take for the same: others for each row, or one for all."""
    values = np.asarray(y)
    if is_classification:
        classes, codes = np.unique(values, return_inverse=True)
        codes = codes.reshape(values.shape)
        made = [classes[(codes + 1) % len(classes)]]
        made += [np.full_like(values, each) for each in (classes[0], classes[-1])]
    else:
        made = [-values - 1, 2 * values[::-1] + 1]
    return [_like(y, each) for each in made]


def skewed(y):
    """Labels with a third of the rows given that of one row: other counts of each class."""
    n = _num_samples(y)
    rows = np.arange(0, n, 3)
    return _with_labels(y, rows, np.full(len(rows), 1))
