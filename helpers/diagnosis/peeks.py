"""Rows that models are asked about while an estimator is fitted, beside its Keras fits' own."""

import functools
from contextlib import contextmanager

import numpy as np

from helpers.diagnosis.subject import rows_of
from helpers.digests import row_digests
from helpers.quiet import keras

__all__ = ["Peeks", "peeking"]

_WAYS = ("predict", "predict_on_batch", "evaluate", "test_on_batch")
#: What `keras.Model.fit` adds where it validates, by rows that a recorder sees anyway.
_OF_VALIDATION = "_use_cached_eval_dataset"


class Peeks:
    """What was asked.

    Parameters
    ----------
    hidden : ndarray of uint64, default=None
        Digests of rows that are given to the model in another order, so that nobody learns from
        it what they score.

    Attributes
    ----------
    rows : ndarray of uint64
        Digests of all of them.
    models : list of keras.Model
        That were asked.
    n_hidden : int
        Rows that were put in another order.
    """

    def __init__(self, hidden=None):
        self.hidden, self.n_hidden = hidden, 0
        self.rows, self.models = np.array([], dtype=np.uint64), []

    def seen(self, model, x):
        """Note what is asked; the rows that the model is to be given."""
        digests = row_digests(x)
        if digests is None:
            return x
        self.rows = np.union1d(self.rows, digests)
        if all(model is not each for each in self.models):
            self.models.append(model)
        if self.hidden is None or not (isinstance(x, np.ndarray) or hasattr(x, "iloc")):
            return x
        places = np.flatnonzero(np.isin(digests, self.hidden))
        if len(places) < 2:
            return x
        self.n_hidden += len(places)
        order = np.arange(len(digests))
        order[places] = np.random.default_rng(len(places)).permutation(places)
        return rows_of(x, order)


@contextmanager
def peeking(hidden=None):
    """Watch what models are asked in the block.

    Yields
    ------
    Peeks
    """
    peeks, originals = Peeks(hidden), []
    for name in _WAYS:
        owner = next(each for each in keras.Model.__mro__ if name in vars(each))
        originals.append((owner, name, vars(owner)[name]))
        setattr(owner, name, _watched(vars(owner)[name], peeks))
    try:
        yield peeks
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def _watched(original, peeks):
    @functools.wraps(original)
    def ask(model, x=None, *args, **kwargs):
        if _OF_VALIDATION not in kwargs:
            x = peeks.seen(model, x)
        return original(model, x, *args, **kwargs)

    return ask
