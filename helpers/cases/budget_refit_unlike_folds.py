"""A final fit that does not stop where the folds stopped."""

from functools import cache

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedKFold, cross_validate

from helpers.cases import Case
from helpers.cases._budgets import N_TRAINING, fresh_rows, network, repetitions, rows
from helpers.quiet import keras
from helpers.workers import each_repetition, side_by_side

PATIENCE, MAX_EPOCHS = 5, 40


def faulty(task):
    def final(stopping, epochs_in_folds):
        # All rows are trained on, so that nothing is left for the stopper to watch.
        return clone(stopping).set_params(validation_split=0.0, callbacks=None)

    return delivered(task, final)


def fixed(task):
    def final(stopping, epochs_in_folds):
        return clone(stopping).set_params(
            validation_split=0.0, callbacks=None, epochs=round(np.mean(epochs_in_folds))
        )

    return delivered(task, final)


def delivered(task, final):
    """Cross-validate with early stopping, then train the final model on all rows."""
    repeats = tuple(repetitions(task)[:3])  # the epochs hardly differ between them
    folds = all_validated(repeats)

    def fit(repeat, seed):
        stopping, X, y, score, epochs_in_folds = folds[repeat]
        fitted = final(stopping, epochs_in_folds).fit(X, y)
        return {
            "repeat": repeat, "epochs_in_folds": epochs_in_folds, "epochs_run": fitted.n_epochs_,
            "cv_score": score, "accuracy": fitted.score(*fresh_rows(seed)),
            "value": fitted.n_epochs_ - np.mean(epochs_in_folds),
        }  # fmt: skip

    return each_repetition(fit, repeats)


@cache  # both arms start from the same folds
def all_validated(repeats):
    return side_by_side(validated, [(seed,) for _, seed in repeats])


def validated(seed):
    X, y, _ = rows(seed)
    X, y = X[:N_TRAINING], y[:N_TRAINING]
    stopper = keras.callbacks.EarlyStopping(
        "val_loss", patience=PATIENCE, restore_best_weights=True
    )
    stopping = network(
        seed, optimizer__learning_rate=0.5, epochs=MAX_EPOCHS, validation_split=0.2,
        callbacks=stopper,
    )  # fmt: skip
    folds = StratifiedKFold(2, shuffle=True, random_state=seed)
    results = cross_validate(stopping, X, y, cv=folds, return_estimator=True)
    best = [1 + int(np.argmin(each.history_["val_loss"])) for each in results["estimator"]]
    return stopping, X, y, results["test_score"].mean(), tuple(best)


CASE = Case(
    code="budget/refit-unlike-folds",
    title="The final fit does not stop where the folds did",
    statement="A final fit without the folds' early stopping runs on to the last epoch allowed, "
    "many epochs past where the folds stopped (rows of xor_like).",
    faulty=faulty,
    fixed=fixed,
    value="epochs of the final fit beyond those of the folds",
    unit="epochs",
    expect="higher",
    margin=5,
    on=("repeat",),
    source="skorch-dev/skorch#740, K#2388",
)
