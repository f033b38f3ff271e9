"""Searches whose candidates need different times to learn, and what their picks are worth.

The rows are `xor_like`'s. Each repetition draws its own, so that repetitions are independent, and
all cases and arms draw the same ones, so that they are paired. A candidate is worth what it reaches
on fresh rows when it is trained for about `ENOUGH` epochs.
"""

import math
from functools import cache, partial

import numpy as np
import pandas as pd
from sklearn.model_selection import GridSearchCV, PredefinedSplit

from helpers import synthetic
from helpers.cases._builders import mlp
from helpers.quiet import keras
from helpers.recorder import FitRecorder
from helpers.workers import each_repetition
from helpers.wrapper import KerasClassifier

__all__ = [
    "ENOUGH", "FEW", "GRID", "N_TRAINING", "RATE", "fresh_rows", "network", "repetitions", "rows",
    "tried", "worth",
]  # fmt: skip

RATE = "optimizer__learning_rate"
#: Learning rates of a fast, a middling and a slow learner.
GRID = {RATE: [1.0, 0.1, 0.05]}
#: Epochs of a hurried search, and epochs after which the slow learner has arrived.
FEW, ENOUGH = 2, 30
#: The mean over these epochs is what a candidate is worth: one epoch's accuracy is partly luck.
LAST = (22, 24, 26, 28, ENOUGH)
#: After these epochs the candidates are followed on fresh rows.
WATCHED = (1, FEW, 5, 10, 20, *LAST)
#: Many rows judge the candidates: how a small test fold picks at random is another notebook's.
N_TRAINING, N_JUDGING, N_FRESH = 300, 3000, 4000


def repetitions(task):
    """Number and seed of each repetition.

    Two more than the settings ask for, four at least: with two or three an interval says next to
    nothing.

    Parameters
    ----------
    task : Task

    Returns
    -------
    list of (int, int)
    """
    n_repetitions = max(4, task.settings.n_repeats + 2)
    seeds = np.random.SeedSequence(task.settings.seed).generate_state(n_repetitions)
    return [(repeat, int(seed) >> 1) for repeat, seed in enumerate(seeds)]


def rows(seed):
    """Rows of a repetition, and the split that trains on the first of them and judges on the rest.

    Parameters
    ----------
    seed : int

    Returns
    -------
    X, y : ndarray
    split : PredefinedSplit
    """
    data = synthetic.xor_like(N_TRAINING + N_JUDGING, random_state=seed)
    return data.X, data.y, PredefinedSplit(np.repeat([-1, 0], [N_TRAINING, N_JUDGING]))


def fresh_rows(seed):
    """Rows that no search sees.

    Parameters
    ----------
    seed : int

    Returns
    -------
    X, y : ndarray
    """
    X, y, _ = synthetic.xor_like(N_TRAINING).sample(N_FRESH, seed)
    return X, y


def network(seed, **parameters):
    """A candidate.

    Parameters
    ----------
    seed : int
    **parameters
        Of `KerasClassifier`, beside those here.

    Returns
    -------
    KerasClassifier
    """
    # SGD without momentum: its training graph is made in half the time.
    usual = {"optimizer": "sgd", "batch_size": 16, "model__units": 64, "random_state": seed}
    return KerasClassifier(mlp, **usual | parameters)


def tried(task, epochs):
    """Search the learning rates of `GRID`, and follow each candidate on fresh rows.

    Parameters
    ----------
    task : Task
    epochs : int
        For which all candidates are trained.

    Returns
    -------
    DataFrame
        One row per repetition, candidate and watched epoch: ``repeat``, ``candidate`` (the learning
        rate), ``score`` (what the search gives it), ``epochs``, ``value`` (accuracy on fresh rows
        after so many).
    """
    return _tried(tuple(repetitions(task)), epochs)


def worth(task):
    """Accuracy on fresh rows of the learning rates of `GRID`, trained long: mean over `LAST`.

    Returns
    -------
    Series
        By ``repeat`` and ``candidate``.
    """
    long = tried(task, ENOUGH).query("epochs in @LAST")
    return long.groupby(["repeat", "candidate"])["value"].mean()


@cache  # several cases judge their picks by the same long training
def _tried(repetitions, epochs):
    return each_repetition(partial(_tried_once, epochs), repetitions)


def _tried_once(epochs, repeat, seed):
    X, y, split = rows(seed)
    watched = network(seed, epochs=epochs, callbacks=_FreshAccuracy(*fresh_rows(seed)))
    search = GridSearchCV(watched, GRID, cv=split, refit=False)
    with FitRecorder() as recorder:
        search.fit(X, y)
    curves = recorder.curves().query("metric == 'fresh_accuracy'").dropna()
    curves = curves.rename(columns={"epoch": "epochs"})[["fit", "epochs", "value"]]
    scores = pd.DataFrame(
        {"repeat": repeat, "candidate": GRID[RATE], "score": search.cv_results_["mean_test_score"]}
    )
    return scores.merge(curves, left_index=True, right_on="fit").drop(columns="fit")


class _FreshAccuracy(keras.callbacks.Callback):
    """Logs the accuracy on rows of which the training and the search know nothing."""

    def __init__(self, X, y):
        super().__init__()
        self.X, self.y = X, y

    def on_epoch_end(self, epoch, logs=None):
        logs["fresh_accuracy"] = self._accuracy() if epoch + 1 in WATCHED else math.nan

    def _accuracy(self):
        outputs = keras.ops.convert_to_numpy(self.model(self.X, training=False))
        return float((outputs.argmax(axis=1) == self.y).mean())
