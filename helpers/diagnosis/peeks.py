"""Rows that models are asked about while an estimator is fitted, beside its Keras fits' own."""

import functools
from contextlib import contextmanager

import numpy as np

from helpers.diagnosis.subject import rows_of
from helpers.digests import row_digests
from helpers.quiet import keras, tf

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
        self.depth = 0  # of Keras' methods within each other: the calls that they make are theirs
        self.rows, self.models = np.array([], dtype=np.uint64), []

    def seen(self, model, x):
        """Note what is asked; the rows that the model is to be given."""
        digests = None if _is_symbolic(x) else row_digests(x)
        if digests is None:
            return x
        self.rows = np.union1d(self.rows, digests)
        if all(model is not each for each in self.models):
            self.models.append(model)
        if self.hidden is None:
            return x
        places = np.flatnonzero(np.isin(digests, self.hidden))
        if len(places) < 2:
            return x
        self.n_hidden += len(places)
        order = np.arange(len(digests))
        order[places] = np.random.default_rng(len(places)).permutation(places)
        if isinstance(x, np.ndarray) or hasattr(x, "iloc"):
            return rows_of(x, order)
        return tf.nest.map_structure(lambda each: tf.gather(each, order), x)


@contextmanager
def peeking(hidden=None):
    """Watch what models are asked in the block.

    Yields
    ------
    Peeks
    """
    peeks, originals = Peeks(hidden), []
    for name in (*_WAYS, "fit"):
        owner = next(each for each in keras.Model.__mro__ if name in vars(each))
        originals.append((owner, name, vars(owner)[name]))
        setattr(owner, name, _watched(vars(owner)[name], peeks, looks=name != "fit"))
    # A plain call of a model: of its own, so that calls of its layers are not looked at.
    plain = vars(keras.Model).get("__call__")
    keras.Model.__call__ = _watched(keras.Model.__call__, peeks, is_plain=True)
    try:
        yield peeks
    finally:
        if plain is None:
            del keras.Model.__call__
        else:
            keras.Model.__call__ = plain
        for owner, name, original in originals:
            setattr(owner, name, original)


def _is_symbolic(x):
    """Whether rows are not there yet: a model is traced, or built."""
    return any(
        isinstance(each, keras.KerasTensor) or tf.is_symbolic_tensor(each)
        for each in tf.nest.flatten(x)
        if not isinstance(each, np.ndarray)
    )


def _watched(original, peeks, *, looks=True, is_plain=False):
    @functools.wraps(original)
    def ask(model, *args, **kwargs):
        if looks and not (is_plain and peeks.depth) and _OF_VALIDATION not in kwargs:
            if args:
                args = peeks.seen(model, args[0]), *args[1:]
            elif "x" in kwargs:
                kwargs["x"] = peeks.seen(model, kwargs["x"])
        peeks.depth += 1
        try:
            return original(model, *args, **kwargs)
        finally:
            peeks.depth -= 1

    return ask
