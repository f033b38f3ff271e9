"""Batch sizes compared at one number of epochs, so at very different numbers of updates."""

import pandas as pd
from sklearn.model_selection import GridSearchCV

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp
from helpers.cases._fits import rows
from helpers.cases._scores import repeats, stratified
from helpers.wrapper import KerasClassifier

SMALL, LARGE, EPOCHS = 8, 128, 3


def faulty(task):
    return compared(task, {SMALL: EPOCHS, LARGE: EPOCHS})


def fixed(task):
    return compared(task, {SMALL: EPOCHS, LARGE: EPOCHS * LARGE // SMALL})


def compared(task, epochs_of):
    """Search the batch size; the value is how far the large batch is ahead of the small one."""
    grid = [
        {"net__batch_size": [size], "net__epochs": [epochs]} for size, epochs in epochs_of.items()
    ]
    tables = []
    for repeat, seed in repeats(task)[:2]:
        classifier = KerasClassifier(
            mlp, optimizer="sgd", optimizer__learning_rate=0.05, random_state=seed
        )
        X, y = rows(task)
        results = (
            GridSearchCV(in_pipeline(classifier), grid, cv=stratified(task, seed), refit=False)
            .fit(X, y)
            .cv_results_
        )
        n_training = len(y) * (task.settings.n_splits - 1) // task.settings.n_splits
        for fold in range(task.settings.n_splits):
            small, large = results[f"split{fold}_test_score"]
            for (size, epochs), score in zip(epochs_of.items(), (small, large), strict=True):
                tables.append(
                    {"repeat": repeat, "fold": fold, "candidate": f"batch of {size}",
                     "epochs": epochs, "updates": epochs * -(-n_training // size),
                     "score": score, "value": large - small}
                )  # fmt: skip
    return pd.DataFrame(tables)


CASE = Case(
    code="budget/batch-size-at-fixed-epochs",
    title="Batch sizes at a fixed number of epochs",
    statement="Compared with small batches, large ones score lower at an equal number of epochs "
    "than at an equal number of updates.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy with large batches minus accuracy with small ones",
    unit="accuracy",
    expect="lower",
    margin=0.01,
    reused_folds=True,
    source="KT#122, KT#613",
)
