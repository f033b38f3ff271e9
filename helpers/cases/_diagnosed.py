"""What `helpers.diagnose` says of a search, as a row of a case's table."""

from functools import partial

from sklearn.model_selection import GridSearchCV, StratifiedKFold

from helpers.cases._builders import in_pipeline
from helpers.cases._fits import rows
from helpers.cases._scores import repeats
from helpers.workers import each_repetition

__all__ = ["ROWS", "each_diagnosis", "folds", "patient_of", "some_rows"]

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


def patient_of(task, network, **grid):
    """A search over a network behind a scaler, as the arguments of `helpers.diagnose`.

    Parameters
    ----------
    task : Task
    network : estimator
    **grid : list
        Values of parameters of the network.

    Returns
    -------
    dict
    """
    X, y = some_rows(task)
    search = GridSearchCV(
        in_pipeline(network), {f"net__{name}": values for name, values in grid.items()},
        cv=folds(task, repeats(task)[0][1]), scoring="accuracy", refit=False,
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


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
