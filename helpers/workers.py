"""Independent parts of a case side by side, in processes.

A part is a function of its arguments: whatever process runs it, after whatever other part, its
result is the same. The fits within a part are trained in lockstep where they can be.
"""

import contextlib
import importlib
import threading
import warnings

import pandas as pd
from joblib import Parallel, cpu_count, delayed, parallel_config

__all__ = ["each_repetition", "side_by_side", "start"]

#: Each worker holds a TensorFlow of its own: with many cores, memory would be short first.
MOST = 6


def start():
    """Start the worker processes, and do not wait for them.

    Each needs some seconds to load TensorFlow. `side_by_side` starts them where nobody has; called
    early, this lets them load it while the notebook does something else. With one core there are
    no workers, and nothing happens.

    Returns
    -------
    threading.Thread or None
        Ends when all of them are ready; None if there are none.

    Examples
    --------
    >>> from helpers import workers
    >>> thread = workers.start()
    """
    if _n_workers() == 1:
        return None
    thread = threading.Thread(target=_load_in_all, name="start workers", daemon=True)
    thread.start()
    return thread


def side_by_side(function, calls):
    """Call a function several times, in as many processes as there are cores, six at most.

    Parameters
    ----------
    function : callable
    calls : list of tuple
        Arguments of each call.

    Returns
    -------
    list
        What the calls returned, in their order.

    Examples
    --------
    >>> side_by_side(divmod, [(7, 2), (9, 4)])
    [(3, 1), (2, 1)]
    """
    n_jobs = _n_workers() if len(calls) > 1 else 1
    with warnings.catch_warnings():
        # joblib replaces a worker that has grown much, as the graphs of many Keras fits make it
        # grow. No result is lost.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were", UserWarning)
        return Parallel(n_jobs)(delayed(_in_lockstep)(function, *each) for each in calls)


def each_repetition(table, repetitions):
    """Call a function for each repetition and put the tables that it returns together.

    Parameters
    ----------
    table : callable (repeat, seed) -> DataFrame or dict
        A dict is one row.
    repetitions : list of (int, int)
        Number and seed of each.

    Returns
    -------
    DataFrame
    """
    tables = side_by_side(table, repetitions)
    if isinstance(tables[0], dict):
        return pd.DataFrame(tables)
    return pd.concat(tables, ignore_index=True)


def _in_lockstep(function, *arguments):
    with parallel_config(backend="lockstep"):
        return function(*arguments)


def _n_workers():
    return min(MOST, cpu_count())


def _load_in_all():
    # A worker that cannot be started is reported by the call that needs it.
    with contextlib.suppress(Exception):
        side_by_side(_load, [()] * _n_workers())


def _load():
    importlib.import_module("helpers.wrapper")  # by name: the notebook shall not wait for it here
