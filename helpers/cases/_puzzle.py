"""The article's puzzle: three searches over one grid, judged by what their models do on fresh rows.

Each repetition draws its own training rows. A search delivers ``best_estimator_``; what it loses is
the accuracy of the best candidate, trained on the same rows for as long as suits it, minus its own,
both on the same fresh rows. Which candidate is best, and how long suits it, is read from the mean
over all repetitions, so that no lucky fit decides.
"""

from functools import cache, partial

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

from helpers.cases._builders import in_pipeline, mlp
from helpers.errors import DivergedError
from helpers.quiet import keras
from helpers.workers import each_repetition
from helpers.wrapper import KerasClassifier

__all__ = ["long_curves", "losses"]

#: The grid of all searches: fast, middling and slow learners (the last with profile full). Without
#: momentum, whose variables would make Keras trace each training step twice.
LEARNING_RATES = (1.0, 0.1, 0.01)
#: A candidate is trained "long" for this many times the epochs that our search trains it.
LONG = 2
N_TRAINING, N_FRESH = 400, 4000
#: Repetitions; a search with one epoch picks by chance, so that what it loses varies.
AT_LEAST, AT_LEAST_CI = 6, 5
#: Fewer epochs than this would make our own search the under-trained one.
MIN_EPOCHS = 30


@cache
def losses(task, search):
    """Run one kind of search in every repetition and say what it lost.

    Parameters
    ----------
    task : Task
    search : callable (X, y, rates, epochs, seed) -> (GridSearchCV, str)
        Fitted, with the name of the parameter that was searched.

    Returns
    -------
    DataFrame
        One row per repetition: ``repeat``; ``value``, the accuracy that the delivered model loses;
        ``delivered``, its accuracy on fresh rows; ``reported``, the search's ``best_score_``;
        ``pick``, the learning rate it chose; ``pick_lost``, what that candidate loses even when
        it is trained for as long as suits it.
    """
    curves = long_curves(task)
    means = curves.groupby(["learning_rate", "epoch"])["accuracy"].mean()
    tuned = curves.set_index(["learning_rate", "epoch"]).loc[[means.idxmax()]]
    tuned = tuned.set_index("repeat")["accuracy"]
    by_rate = means.groupby("learning_rate").max()

    table = each_repetition(partial(_delivered, task, search), _repetitions(task))
    table["value"] = table["repeat"].map(tuned) - table["delivered"]
    table["pick_lost"] = by_rate.max() - table["pick"].map(by_rate)
    return table


@cache
def long_curves(task):
    """Accuracy on fresh rows of every candidate while it is trained long, in every repetition.

    Parameters
    ----------
    task : Task

    Returns
    -------
    DataFrame
        Columns ``repeat``, ``learning_rate``, ``epoch``, ``accuracy``; the accuracy of a candidate
        that diverges is 0 at all epochs.
    """
    return each_repetition(partial(_curves, task), _repetitions(task))


def _repetitions(task):
    at_least = AT_LEAST_CI if task.settings.profile == "ci" else AT_LEAST
    n_repeats = max(at_least, task.settings.n_repeats)
    return [(repeat, 2 * (1000 * task.settings.seed + repeat)) for repeat in range(n_repeats)]


def _delivered(task, search, repeat, seed):
    X, y, X_fresh, y_fresh = _rows(task, seed)
    fitted, name = search(X, y, _rates(task), _epochs(task), seed)
    return {
        "repeat": repeat,
        "delivered": accuracy_score(y_fresh, fitted.predict(X_fresh)),
        "reported": fitted.best_score_,
        "pick": fitted.best_params_[name],
    }


def _curves(task, repeat, seed):
    X, y, X_fresh, y_fresh = _rows(task, seed)
    prepared = in_pipeline("passthrough").fit(X)
    watch = _FreshAccuracy(prepared.transform(X_fresh), y_fresh)
    tables = []
    for rate in _rates(task):
        classifier = KerasClassifier(
            mlp, optimizer="sgd", optimizer__learning_rate=rate, epochs=LONG * _epochs(task),
            callbacks=[watch], random_state=seed,
        )  # fmt: skip
        epochs = [epoch for epoch in range(1, classifier.epochs + 1) if _FreshAccuracy.looks(epoch)]
        try:
            accuracies = classifier.fit(prepared.transform(X), y).history_["fresh_accuracy"]
        except DivergedError:
            accuracies = [0.0] * len(epochs)  # no model to judge, so nobody tunes to this rate
        tables.append(
            pd.DataFrame({"learning_rate": rate, "epoch": epochs, "accuracy": accuracies})
        )
    return pd.concat(tables, ignore_index=True).assign(repeat=repeat)


class _FreshAccuracy(keras.callbacks.Callback):
    """Logs the accuracy on fresh rows, of which the training knows nothing."""

    def __init__(self, X, y):
        super().__init__()
        self.X, self.y = np.asarray(X, "float32"), y

    def on_epoch_end(self, epoch, logs=None):
        if self.looks(epoch + 1):
            outputs = keras.ops.convert_to_numpy(self.model(self.X, training=False))
            logs["fresh_accuracy"] = float((outputs.argmax(axis=1) == self.y).mean())

    @staticmethod
    def looks(epoch):
        return epoch == 1 or epoch % 3 == 0


def _rows(task, seed):
    """Training rows of a repetition and fresh rows to judge by, labels as numbers."""
    data = task.data
    if data.sample is not None:
        X, y, _ = data.sample(N_TRAINING, seed)
        X_fresh, y_fresh, _ = data.sample(N_FRESH, seed + 1)
        return X, y, X_fresh, y_fresh
    y = np.unique(data.y, return_inverse=True)[1]
    X = np.asarray(data.X, "float32").reshape(len(y), -1)
    X, X_fresh, y, y_fresh = train_test_split(X, y, stratify=y, test_size=0.5, random_state=seed)
    return X, y, X_fresh, y_fresh


def _rates(task):
    return LEARNING_RATES if task.settings.profile == "full" else LEARNING_RATES[:2]


def _epochs(task):
    return max(MIN_EPOCHS, task.settings.epochs)
