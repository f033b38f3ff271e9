"""Confidence intervals of paired differences.

Examples
--------
Scores of a faulty and a fixed search on the same five folds of one data set:

>>> from helpers.intervals import paired_interval
>>> faulty, fixed = [0.81, 0.84, 0.80, 0.83, 0.82], [0.90, 0.91, 0.90, 0.92, 0.89]
>>> differences = [a - b for a, b in zip(faulty, fixed)]
>>> mean, low, high = paired_interval(differences, test_fraction=1 / 4)
>>> print(f"{mean:.3f} [{low:.3f}, {high:.3f}]")
-0.084 [-0.109, -0.059]
"""

import math
from typing import NamedTuple

import numpy as np
from scipy import stats

__all__ = ["Interval", "mean_interval", "paired_interval"]


class Interval(NamedTuple):
    """A mean and the two ends of its confidence interval."""

    mean: float
    low: float
    high: float


def paired_interval(differences, *, test_fraction=None, confidence=0.95):
    """Student's t interval of the mean of paired differences.

    Parameters
    ----------
    differences : array-like of shape (n,), n >= 2
        One number per pair. Pairs are independent (a repetition with fresh rows each), or they
        are the folds of one data set: then pass `test_fraction`.
    test_fraction : float > 0, default=None
        Test rows divided by training rows of one fold: 1 / (k - 1) for k folds. The training rows
        of different folds overlap, so their differences vary less than those of fresh data sets
        would; the variance of the mean becomes ``s**2 * (1 / n + test_fraction)``
        instead of ``s**2 / n`` (Nadeau and Bengio, 2003). None: plain t.
    confidence : float in (0, 1), default=0.95
        Share of intervals that are to cover the true mean.

    Returns
    -------
    Interval
        ``(mean, low, high)``. Differences that are all equal give ``low == high == mean``: such
        data say that the effect is exact (epochs run, say), not how sure one may be of it.

    Raises
    ------
    TypeError, ValueError
        Fewer than two differences: one has no variance, so no interval can be had from it. A
        difference that is not finite; parameters out of range.

    Notes
    -----
    C. Nadeau and Y. Bengio, "Inference for the generalization error", Machine Learning 52 (2003).
    The correction is a heuristic: it is too wide for stable models, and it is no licence to
    compare the *selected* best candidate with the rest.

    Examples
    --------
    >>> [round(number, 3) for number in paired_interval([1.0, 2.0, 3.0, 4.0])]
    [2.5, 0.446, 4.554]
    >>> paired_interval([29, 29, 29])
    Interval(mean=29.0, low=29.0, high=29.0)
    """
    values = _finite_vector("differences", differences)
    correction = 0.0 if test_fraction is None else _positive("test_fraction", test_fraction)
    quantile = stats.t.ppf((1 + _share("confidence", confidence)) / 2, len(values) - 1)
    mean = float(values.mean())
    if np.ptp(values) == 0:  # values.mean() of equal numbers may differ from them in the last digit
        return Interval(float(values[0]), float(values[0]), float(values[0]))
    half = float(quantile * values.std(ddof=1) * math.sqrt(1 / len(values) + correction))
    return Interval(mean, mean - half, mean + half)


def mean_interval(values, *, confidence=0.95):
    """Student's t interval of the mean of independent values, one per repetition.

    Parameters
    ----------
    values : array-like of shape (n,), n >= 2
        Regrets of one search strategy, say, each from a repetition with its own rows and seed.
    confidence : float in (0, 1), default=0.95

    Returns
    -------
    Interval

    Examples
    --------
    >>> mean_interval([0.02, 0.03, 0.04]).low < 0.03
    True
    """
    return paired_interval(_finite_vector("values", values), confidence=confidence)


def _finite_vector(name, values):
    vector = np.asarray(values)
    if vector.dtype.kind not in "biuf":
        raise TypeError(f"{name}: expected numbers, got dtype {vector.dtype}.")
    if vector.ndim != 1 or len(vector) < 2:
        raise ValueError(
            f"{name} of shape {vector.shape}: an interval needs one dimension of >= 2 numbers."
        )
    if not np.isfinite(vector).all():
        raise ValueError(
            f"{name}: {int((~np.isfinite(vector)).sum())} of {len(vector)} are not finite; "
            "leave failed fits out, and say how many there were."
        )
    return vector.astype(float)


def _positive(name, value):
    if not (_is_number(value) and math.isfinite(value) and value > 0):
        raise ValueError(f"{name}={value!r}: accepts a number > 0, or None.")
    return float(value)


def _share(name, value):
    if not (_is_number(value) and 0 < value < 1):
        raise ValueError(f"{name}={value!r}: accepts a number between 0 and 1, ends excluded.")
    return float(value)


def _is_number(value):
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)
