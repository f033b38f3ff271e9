"""Independent parts of a case side by side, in processes.

A part is a function of its arguments: whatever process runs it, after whatever other part, its
result is the same.
"""

import pandas as pd
from joblib import Parallel, cpu_count, delayed

__all__ = ["each_repetition", "side_by_side"]


def side_by_side(function, calls):
    """Call a function several times, in as many processes as there are cores.

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
    n_jobs = min(len(calls), cpu_count())
    return Parallel(n_jobs)(delayed(function)(*arguments) for arguments in calls)


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
