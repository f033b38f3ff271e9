"""Early stopping whose patience is shorter than the plateau."""

from helpers.cases import Case
from helpers.cases._budgets import ENOUGH, N_TRAINING, fresh_rows, network, repetitions, rows
from helpers.quiet import keras
from helpers.workers import each_repetition


def faulty(task):
    return stopped(task, patience=1)


def fixed(task):
    return stopped(task, patience=15)


def stopped(task, patience):
    """Train with a stopper that watches a fifth of the training rows."""

    def fit(repeat, seed):
        X, y, _ = rows(seed)
        stopper = keras.callbacks.EarlyStopping(
            "val_accuracy", patience=patience, restore_best_weights=True
        )
        fitted = network(
            seed, optimizer__learning_rate=0.05, epochs=ENOUGH, validation_split=0.2,
            metrics=["accuracy"], callbacks=stopper,
        ).fit(X[:N_TRAINING], y[:N_TRAINING])  # fmt: skip
        return {
            "repeat": repeat, "patience": patience, "epochs_asked": ENOUGH,
            "epochs_run": fitted.n_epochs_, "value": fitted.score(*fresh_rows(seed)),
        }  # fmt: skip

    return each_repetition(fit, repetitions(task))


CASE = Case(
    code="budget/impatient-stopper",
    title="A stopper that takes a plateau for the end",
    statement="With a patience of one epoch, training stops on the plateau before anything is "
    "learnt: the accuracy on fresh rows is lower than with a patience of fifteen (rows of "
    "xor_like).",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on fresh rows",
    unit="accuracy",
    expect="lower",
    margin=0.01,
    on=("repeat",),
    source="KT#450",
)
