"""What `helpers.diagnose` says of a search, as a row of a case's table."""

from functools import partial

from sklearn.model_selection import StratifiedKFold

from helpers.cases._fits import rows
from helpers.cases._scores import repeats
from helpers.workers import each_repetition

__all__ = ["each_diagnosis", "folds", "some_rows"]

#: More rows and more folds than these change nothing but the time it takes.
ROWS, FOLDS = 300, 3


def some_rows(task):
    """The first `ROWS` rows of the data set, as from `helpers.cases._fits.rows`.

    Parameters
    ----------
    task : Task

    Returns
    -------
    X, y : ndarray
    """
    X, y = rows(task)
    return X[:ROWS], y[:ROWS]


def folds(task, seed):
    """Shuffled and stratified folds: as many as the settings say, `FOLDS` at most."""
    return StratifiedKFold(min(FOLDS, task.settings.n_splits), shuffle=True, random_state=seed)


def each_diagnosis(task, diagnosed):
    """Diagnose a search once per repetition, two at least: one alone has no interval.

    Parameters
    ----------
    task : Task
    diagnosed : callable (task, seed) -> helpers.diagnosis.Report
        At the top level of its module. Folds, weights and what the checks draw follow from the
        seed.

    Returns
    -------
    DataFrame
        Columns ``repeat``, ``value`` (faults of severity "warning" or "serious"), ``codes`` (of
        these, worst first), ``best_score`` (of the search), ``report``.
    """
    return each_repetition(partial(_row, task, diagnosed), repeats(task, at_least=2))


def _row(task, diagnosed, repeat, seed):
    report = diagnosed(task, seed)
    faults = report.faults("warning")
    return {
        "repeat": repeat,
        "value": len(faults),
        "codes": ", ".join(each.code for each in faults) or "none",
        "best_score": report.search["best_score"],
        "report": report,
    }
