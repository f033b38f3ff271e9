"""Scores of the fits of a search, each beside what the recorder saw of that fit."""

import functools
import warnings
from contextlib import contextmanager, nullcontext

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, cross_validate

from helpers.cases._builders import in_pipeline
from helpers.cases._scores import repeats, stratified
from helpers.cases._wrappers import unprinted
from helpers.randomness import isolated
from helpers.recorder import FitRecorder

__all__ = [
    "each_fold",
    "equal_candidates",
    "evidence",
    "few_epochs",
    "rows",
    "searched",
    "seeded",
    "several_epochs",
    "two_folds",
    "two_repeats",
    "weights_are_saved",
]

_COLUMNS = [
    "iterations_start", "learning_rate_start", "epochs_asked", "epochs_run", "stopped_early",
    "start_digest", "end_digest", "rows_digest", "error",
]  # fmt: skip


def seeded(arm):
    """Let an arm draw from global generators that start from the task's seed.

    As in a fresh kernel after ``keras.utils.set_random_seed(seed)``: models that are made outside
    the wrapper are the same on each run. Afterwards the generators are as they were.
    """

    @functools.wraps(arm)
    def run(task):
        with isolated(task.settings.seed):
            return arm(task)

    return run


def rows(task):
    """The data set as a matrix of numbers, and its labels.

    Returns
    -------
    X : ndarray of float32, shape (n_samples, n_features)
    y : ndarray, shape (n_samples,)
    """
    X = task.data.numeric().X
    return X.reshape(len(X), -1), task.data.y  # images become rows of pixels


def few_epochs(task):
    """Epochs of a fit so short that what it starts from still shows in its score."""
    return max(1, task.settings.epochs // 20)


def several_epochs(task):
    """Epochs enough to tell apart fits that run them all and fits that do not."""
    return max(3, task.settings.epochs // 5)


def two_repeats(task):
    """Number and seed of the first two repetitions: two even where the settings ask for one.

    For values that are exact: a third would cost fits and say nothing new, one has no interval.
    """
    return repeats(task, at_least=2)[:2]


def two_folds(task, seed):
    """The first two folds of `stratified`: enough for values that are exact.

    Parameters
    ----------
    task : Task
    seed : int

    Returns
    -------
    list of (train, test)
    """
    X, y = rows(task)
    return list(stratified(task, seed).split(X, y))[:2]


def searched(estimator, grid, task, *, seed, repeat=0, n_folds=None, seed_globally=True):
    """Search a grid, and set each fit's accuracy on its test fold beside the recorder's row.

    Parameters
    ----------
    estimator : estimator
    grid : dict of str to list
        Candidates are fitted in its order; one value several times makes equal candidates.
    task : Task
    seed : int
        Of the folds.
    repeat : int, default=0
        Number of the repetition, for the table.
    n_folds : int, default=None
        Use the first so many folds only; None: all.
    seed_globally : bool, default=True
        Start the global generators from `seed`, see `seeded`. An estimator with a seed of its own
        needs none.

    Returns
    -------
    DataFrame
        One row per fit, in the order of time: ``repeat``, ``candidate`` (from 1), ``fold`` (from
        0), ``value`` (accuracy, NaN if the fit failed), ``rank`` of the candidate, and the columns
        of `evidence`.
    """
    X, y = rows(task)
    folds = list(stratified(task, seed).split(X, y))[:n_folds]
    search = GridSearchCV(estimator, grid, cv=folds, scoring="accuracy", refit=False)
    with isolated(seed) if seed_globally else nullcontext(), FitRecorder() as recorder:
        search.fit(X, y)
    return _scores(search, len(folds)).assign(repeat=repeat).join(evidence(recorder))


def each_fold(estimator, task, *, seed, fit_params):
    """Score two folds, each from the same state of the global generators.

    Two arms that do the same give the same numbers, then, whatever draws lie between their folds.

    Parameters
    ----------
    estimator : estimator
        Cloned for each fold.
    task : Task
    seed : int
        Of the folds, the order of the training rows and the generators.
    fit_params : callable () -> dict
        Called for each fold: what its ``fit`` is given.

    Returns
    -------
    DataFrame
        One row per fold: ``fold`` (from 0), ``value`` (accuracy), and the columns of `evidence`.
    """
    X, y = rows(task)
    scores = []
    with FitRecorder() as recorder, unprinted():
        for train, test in two_folds(task, seed):
            train = np.random.default_rng(seed).permutation(train)  # validation_split cuts its end
            with isolated(seed):
                result = cross_validate(
                    estimator, X, y, cv=[(train, test)], scoring="accuracy", params=fit_params(),
                    error_score="raise",
                )  # fmt: skip
            scores += list(result["test_score"])
    return pd.DataFrame({"fold": range(len(scores)), "value": scores}).join(evidence(recorder))


def equal_candidates(task, new_network, *, n_repeats=2, n_folds=None):
    """Search over one batch size, listed twice; then the same with other folds.

    Parameters
    ----------
    task : Task
    new_network : callable (X, y) -> estimator
        Called once per repetition: what its fits share lives as long as that search.
    n_repeats : int, default=2
        Repetitions, if the settings ask for as many.
    n_folds : int, default=None
        Use the first so many folds only; None: all.

    Returns
    -------
    DataFrame
        Of `searched`: the scores of all fits in ``accuracy``, and as the ``value`` of each fold
        what the candidate listed last scores on it.
    """
    parts = []
    for repeat, seed in repeats(task)[:n_repeats]:
        with isolated(seed):
            network = new_network(*rows(task))
        grid = {"net__batch_size": [32, 32]}
        estimator = in_pipeline(network)
        table = searched(estimator, grid, task, seed=seed, repeat=repeat, n_folds=n_folds)
        parts.append(_listed_last(table))
    return pd.concat(parts, ignore_index=True)


def evidence(recorder):
    """What a recorder saw, one row per fit.

    Returns
    -------
    DataFrame
        ``order`` (1 for the first fit), ``taken_over`` of ``n_weights`` weight variables that
        were as another fit had trained them, and the recorder's columns of the fit's start, its
        epochs and its error.
    """
    shared = recorder.shared_starts().groupby("fit")["n_shared"].sum()
    frame = recorder.to_frame()
    table = frame[_COLUMNS].assign(
        order=frame["fit"] + 1,
        taken_over=frame["fit"].map(shared).fillna(0).astype(int),
        n_weights=[len(record.start) for record in recorder.fits],
    )
    return table[["order", "taken_over", "n_weights", *_COLUMNS]]


@contextmanager
def weights_are_saved():
    """For fits that write weights to a file, or copy a model: Keras does it by saving it.

    TensorFlow's variables know no `copy` keyword yet, of which NumPy 2 warns for each of them; a
    user does not see it, since it is a DeprecationWarning inside a library, but a test would.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "__array__ implementation doesn't accept a copy", DeprecationWarning
        )
        yield


def _listed_last(table):
    last = table[table["candidate"] == table["candidate"].max()].set_index("fold")["value"]
    return table.assign(accuracy=table["value"], value=table["fold"].map(last))


def _scores(search, n_splits):
    """Rows in the order in which the search makes its fits: all folds of a candidate, then on."""
    results = search.cv_results_
    ranks = results["rank_test_score"]
    rows = [
        (candidate + 1, fold, results[f"split{fold}_test_score"][candidate], ranks[candidate])
        for candidate in range(len(results["params"]))
        for fold in range(n_splits)
    ]
    return pd.DataFrame(rows, columns=["candidate", "fold", "value", "rank"])
