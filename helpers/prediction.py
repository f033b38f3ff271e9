"""Runs rows through a trained model, in the same way however many they are."""

import numpy as np

from helpers.quiet import keras
from helpers.targets import only
from helpers.training import Rows

#: Rows that go through the model at once.
PREDICT_ROWS = 4096
#: Rows are filled up to a multiple of this many.
FILL_ROWS = 32


def outputs_of(model, X, arguments):
    """What a model returns for rows.

    Parameters
    ----------
    model : keras.Model
    X : ndarray, shape (n_samples, ...), or list or dict of them
    arguments : mapping
        Arguments of ``keras.Model.predict``.

    Returns
    -------
    ndarray, shape (n_samples, ...), or list or dict of them
        One for each output.
    """
    rows = Rows(X, None)
    if arguments or type(model).predict_step is not keras.Model.predict_step:
        if arguments.get("batch_size") == -1:
            arguments = arguments | {"batch_size": len(rows)}
        return only(model.predict(x=X, **({"verbose": 0} | arguments)))
    # A graph for keras.Model.predict takes longer to make than a small model to run.
    # A product with one row takes another way than one with many and differs in the last digit:
    # filled up, a row's prediction does not depend on how many others are asked for.
    n_filled = len(rows) + -len(rows) % FILL_ROWS
    filled = rows[np.minimum(np.arange(n_filled), len(rows) - 1)]
    parts = [
        keras.tree.map_structure(
            keras.ops.convert_to_numpy,
            only(model(filled[start : start + PREDICT_ROWS].X, training=False)),
        )
        for start in range(0, n_filled, PREDICT_ROWS)
    ]
    return keras.tree.map_structure(lambda *same: np.concatenate(same)[: len(rows)], *parts)
