"""Finds the number of epochs on rows set apart, and trains on all rows."""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from helpers.quiet import keras
from helpers.training import FitResult, train

#: Share of the training rows that is set apart where the user sets none apart.
VALIDATION_SHARE = 0.2
#: Epochs without a notably lower validation loss after which the search ends.
PATIENCE = 5
#: Share of the first epoch's loss by which another is notably lower. Where classes can be told
#: apart for certain, the loss falls for ever, and the accuracy has been at its best for long.
NOTABLE = 0.001
#: Fewest epochs on all rows. Where labels are mostly noise, the loss is at its lowest after a few
#: epochs, and the accuracy at its best later.
FEWEST = 3


def train_auto(part, rows, train=train):
    """Train on a part of the rows as long as the others are told better, then on all of them.

    Training stops at the best epoch for the rows set apart: weights, moments and rates are what
    they were at its end. From there it goes on with all rows, for the share of those epochs that
    the rows set apart are of them, and for `FEWEST` epochs at least.

    Parameters
    ----------
    part : FitJob
        With the rows to search on, those to watch, and most epochs of both together.
    rows : Rows
        All rows that may be trained on.
    train : callable (FitJob) -> FitResult, optional
        Another function that trains, such as one that looks fits up.

    Returns
    -------
    result : FitResult
        The history is that of the model, without what was trained after its best epoch.
    search : dict of str to list of float
        The history of the search, one value per epoch.
    """
    monitor = "loss" if part.validation is None else "val_loss"
    n_rows, n_apart = len(rows), len(rows) - len(part.rows)
    most = max(1, part.epochs * n_rows // (n_rows + n_apart))  # which leaves epochs for all rows
    stopper = StopAtBest(monitor, patience=PATIENCE)
    searched = train(replace(part, epochs=most, extra_callbacks=[stopper]))
    losses = np.array(searched.history[monitor])
    n_best = 1 + int(np.where(np.isnan(losses), np.inf, losses).argmin())
    n_more = min(epochs_owed(n_best, n_apart / n_rows), part.epochs - n_best)
    history = {name: values[:n_best] for name, values in searched.history.items()}
    if n_more == 0:
        return FitResult(searched.model, history), searched.history
    job = replace(
        part, rows=rows, validation=None, build=Present(searched.model), epochs=n_best + n_more,
        initial_epoch=n_best, epochs_settled=True,
    )  # fmt: skip
    rest = train(job)
    # What the rows set apart were told has no values for the epochs that train on them.
    history = {name: history.get(name, []) + values for name, values in rest.history.items()}
    return FitResult(rest.model, history), searched.history


def epochs_owed(n_best, share_apart):
    """Epochs on all rows that follow the best number on a part of them.

    Examples
    --------
    >>> epochs_owed(50, share_apart=0.2)
    10
    >>> epochs_owed(1, share_apart=0.2)
    3
    >>> epochs_owed(50, share_apart=0.0)
    0
    """
    return max(FEWEST, round(n_best * share_apart)) if share_apart else 0


class StopAtBest(keras.callbacks.Callback):
    """Early stopping that leaves model *and optimizer* as they were after the best epoch.

    Parameters
    ----------
    monitor : str
        What is to be low.
    patience : int
        Epochs without a notably lower value (by the share `NOTABLE` of the first) after which
        training stops.
    """

    only_reads = True  # in a stack of fits: it changes the model when training has ended

    def __init__(self, monitor, patience):
        super().__init__()
        self.monitor, self.patience = monitor, patience

    def on_train_begin(self, logs=None):
        self.best, self.notable, self.least = math.inf, math.inf, 0.0
        self.waited, self.state = 0, None

    def on_epoch_end(self, epoch, logs=None):
        value, is_first = logs[self.monitor], self.state is None
        if value < self.best or is_first:  # the first may be NaN, which is never less
            self.state = [variable.numpy() for variable in self._variables()]
            self.best = min(self.best, value)
        if value < self.notable - self.least or is_first:
            self.waited, self.notable = 0, min(self.notable, value)
            if math.isfinite(value) and not self.least:
                self.least = NOTABLE * abs(value)
            return
        self.waited += 1
        if self.waited >= self.patience:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        for variable, value in zip(self._variables(), self.state, strict=True):
            variable.assign(value)

    def _variables(self):
        return [*self.model.variables, *self.model.optimizer.variables]


@dataclass(frozen=True)
class Present:
    """Builder of a fit that goes on with a model that is there."""

    model: Any

    def __call__(self, sample):
        return self.model, self.model(sample, training=False)
