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
    epochs = few(task)
    return compared(
        task,
        [
            {"net__batch_size": [SMALL], "net__epochs": [epochs]},
            {"net__batch_size": [LARGE], "net__epochs": [epochs]},
        ],
    )


def fixed(task):
    epochs = few(task)
    return compared(
        task,
        [
            {"net__batch_size": [SMALL], "net__epochs": [epochs]},
            {"net__batch_size": [LARGE], "net__epochs": [epochs * LARGE // SMALL]},
        ],
    )


def few(task):
    return max(1, task.settings.epochs // 5)


def compared(task, grid):
    """Search; the value of a fold is how far the small batches are ahead of the large ones."""
    repeat, seed = repeats(task)[0]
    network = KerasClassifier(mlp, optimizer="sgd", optimizer__learning_rate=0.1, random_state=seed)
    search = GridSearchCV(
        in_pipeline(network), grid, cv=stratified(task, seed), scoring="accuracy", refit=False
    )
    with FitRecorder() as recorder:
        search.fit(*rows(task))
    n_splits = task.settings.n_splits
    table = pd.DataFrame(
        {"repeat": repeat, "fold": [*range(n_splits)] * 2, "batch_size": [SMALL] * n_splits + [LARGE] * n_splits,
         "epochs_run": recorder.to_frame()["epochs_run"], "updates": [each.iterations_end for each in recorder.fits]}
    )  # fmt: skip
    scores = pd.concat(
        [pd.DataFrame(search.cv_results_)[f"split{fold}_test_score"] for fold in range(n_splits)],
        axis=1,
    ).to_numpy()
    return table.assign(accuracy=scores.ravel(), value=[*(scores[0] - scores[1])] * 2)


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
