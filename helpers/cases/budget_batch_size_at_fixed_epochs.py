"""Batch sizes compared at one number of epochs."""

import pandas as pd
from sklearn.model_selection import GridSearchCV

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp
from helpers.cases._fits import rows
from helpers.cases._scores import repeats, stratified
from helpers.recorder import FitRecorder
from helpers.wrapper import KerasClassifier

SMALL, LARGE = 8, 64


def faulty(task):
    return compared(task, {SMALL: few(task), LARGE: few(task)})


def fixed(task):
    return compared(task, {SMALL: few(task), LARGE: few(task) * LARGE // SMALL})


def few(task):
    return max(1, task.settings.epochs // 5)


def compared(task, epochs_of):
    """Search; the value of a fold is how far the small batches are ahead of the large ones."""
    repeat, seed = repeats(task)[0]
    network = KerasClassifier(mlp, optimizer="sgd", optimizer__learning_rate=0.1, random_state=seed)
    grid = [
        {"net__batch_size": [size], "net__epochs": [epochs]} for size, epochs in epochs_of.items()
    ]
    search = GridSearchCV(
        in_pipeline(network), grid, cv=stratified(task, seed), scoring="accuracy", refit=False
    )
    with FitRecorder() as recorder:
        search.fit(*rows(task))
    folds = range(task.settings.n_splits)
    scores = [search.cv_results_[f"split{fold}_test_score"] for fold in folds]
    keys = [
        {"repeat": repeat, "fold": fold, "batch_size": size, "accuracy": scores[fold][candidate],
         "value": scores[fold][0] - scores[fold][1]}
        for candidate, size in enumerate(epochs_of)
        for fold in folds
    ]  # fmt: skip
    return pd.DataFrame(keys).assign(
        epochs_run=[fit.epochs_run for fit in recorder.fits],
        updates=[fit.iterations_end for fit in recorder.fits],
    )


CASE = Case(
    code="budget/batch-size-at-fixed-epochs",
    title="Batch sizes at one number of epochs",
    statement=f"At a fixed, small number of epochs, batches of {SMALL} rows are further ahead of "
    f"batches of {LARGE} than at an equal number of updates.",
    faulty=faulty,
    fixed=fixed,
    value=f"accuracy with batches of {SMALL} minus accuracy with {LARGE}",
    unit="accuracy",
    expect="higher",
    margin=0.01,
    reused_folds=True,
    source="KT#122, KT#613",
)
