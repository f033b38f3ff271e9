"""Cross-validated scores as a table, one row per fold."""

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold, check_cv, cross_validate

__all__ = ["auc", "draws", "fold_scores", "repeats", "stratified"]

_NOT_GIVEN = object()


def fold_scores(
    estimator,
    X,
    y,
    *,
    cv,
    repeat,
    candidate=_NOT_GIVEN,
    groups=None,
    scoring="accuracy",
    evidence=None,
    last_only=False,
):
    """Fit on each fold's training rows, score on its test rows.

    Parameters
    ----------
    estimator : estimator
        Cloned for each fold.
    X, y : array-like
    cv : splitter or iterable of (train, test)
    repeat : int
        Number of the repetition, for the table.
    candidate : object, default=(no column)
        What was fitted, for the table.
    groups : array-like, default=None
        For splitters that keep groups together.
    scoring : str or callable, default="accuracy"
    evidence : callable (fitted_estimator, train, test) -> dict, default=None
        More columns for the row of a fold; `train` and `test` are positions of rows.
    last_only : bool, default=False
        Fit and score the last fold alone (of ordered folds the one with most training rows): for
        repetitions that draw rows of their own, of which more folds say less than more draws.

    Returns
    -------
    DataFrame
        Columns ``repeat``, ``fold`` (from 0), ``candidate`` if given, ``value``, and those of
        `evidence`.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.dummy import DummyClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> fold_scores(DummyClassifier(), X, y, cv=3, repeat=0).to_dict("list")["fold"]
    [0, 1, 2]
    """
    if last_only:
        cv = list(check_cv(cv, y, classifier=True).split(X, y, groups))[-1:]
    result = cross_validate(
        estimator, X, y, cv=cv, groups=groups, scoring=scoring, error_score="raise",
        return_estimator=evidence is not None, return_indices=evidence is not None,
    )  # fmt: skip
    table = pd.DataFrame({"repeat": repeat, "fold": range(len(result["test_score"]))})
    if candidate is not _NOT_GIVEN:
        table["candidate"] = candidate
    table["value"] = result["test_score"]
    if evidence is None:
        return table
    rows = zip(
        result["estimator"], result["indices"]["train"], result["indices"]["test"], strict=True
    )
    return table.join(pd.DataFrame([evidence(*row) for row in rows]))


def repeats(task, at_least=1):
    """Number and seed of each repetition that the settings ask for.

    Every random choice of a repetition (rows, folds, initial weights, shuffling) follows from its
    seed, in all arms of a case alike: the arms are paired.

    Parameters
    ----------
    task : Task
    at_least : int, default=1
        Repetitions below which the case says nothing.

    Returns
    -------
    list of (int, int)
    """
    n_repeats = max(at_least, task.settings.n_repeats)
    seeds = np.random.SeedSequence(task.settings.seed).generate_state(n_repeats) >> 1
    return [(repeat, int(seed)) for repeat, seed in enumerate(seeds)]


def draws(task):
    """Number and seed of each repetition of a case that draws its own rows or labels.

    Five at least: each is scored on one test fold, so that they are independent.
    """
    return repeats(task, at_least=5)


def stratified(task, seed):
    """Shuffled folds that keep the shares of the classes.

    Parameters
    ----------
    task : Task
    seed : int

    Returns
    -------
    StratifiedKFold
    """
    return StratifiedKFold(task.settings.n_splits, shuffle=True, random_state=seed)


def auc(y):
    """Name of scikit-learn's ROC AUC scorer for these labels: of one class against the rest."""
    return "roc_auc" if len(np.unique(y)) == 2 else "roc_auc_ovr"
