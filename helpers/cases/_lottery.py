"""Labels drawn by lot: rows of any data set, with a truth that is known."""

import numpy as np

__all__ = ["drawn"]


def drawn(n_samples, seed, share=0.5):
    """Labels that have nothing to do with any row: the true AUC of every model is 0.5.

    Parameters
    ----------
    n_samples : int
    seed : int
    share : float in (0, 1), default=0.5
        Share of ones, exact up to rounding.

    Returns
    -------
    ndarray of int, shape (n_samples,)

    Examples
    --------
    >>> int(drawn(60, 0, share=0.15).sum())
    9
    """
    y = np.zeros(n_samples, dtype=int)
    y[: round(share * n_samples)] = 1
    return np.random.default_rng(seed).permutation(y)
