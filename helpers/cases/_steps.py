"""Runs the steps of an example one by one and notes which of them work, with the exact error."""

import numpy as np
import pandas as pd

__all__ = ["rows", "tried"]


def rows(task, n_rows=200):
    """A few rows as a plain table: whether an example runs does not depend on how many.

    Parameters
    ----------
    task : Task
    n_rows : int, default=200

    Returns
    -------
    X : ndarray of float32, shape (at most n_rows, n_features)
        Missing values are 0.
    y : ndarray
    """
    chosen = np.random.default_rng(task.settings.seed).permutation(len(task.data.y))[:n_rows]
    X = np.nan_to_num(np.asarray(task.data.X, dtype="float32"))
    return X.reshape(len(X), -1)[chosen], np.asarray(task.data.y)[chosen]


def tried(**steps):
    """Run each step; a step that raises, or whose result is False, does not work.

    Parameters
    ----------
    **steps : callable () -> bool or None
        By name, underscores for blanks, in the order in which they are run.

    Returns
    -------
    DataFrame
        One row per step: ``step``, ``value`` (1 where it works, else 0), ``error`` (type and text,
        or empty).

    Examples
    --------
    >>> tried(divide=lambda: 1 / 0, compare=lambda: 1 == 1)["value"].tolist()
    [0.0, 1.0]
    """
    rows = []
    for name, step in steps.items():
        error = ""
        try:
            result = step()
            works = result is None or bool(result)
        except Exception as raised:  # noqa: BLE001 - the error is the finding, whatever it is
            works = False
            error = f"{type(raised).__name__}: {raised}".split("\n")[0]
        rows.append({"step": name.replace("_", " "), "value": float(works), "error": error})
    return pd.DataFrame(rows)
