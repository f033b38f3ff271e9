"""What there is to know of one Keras fit, once it has ended: fingerprints and numbers."""

import math
from dataclasses import dataclass, field

import numpy as np

from helpers.digests import combined, is_constant, rows_digest

__all__ = ["FitRecord"]


@dataclass(eq=False)
class FitRecord:
    """One call of `keras.Model.fit`. Holds fingerprints and numbers, neither model nor rows.

    Attributes
    ----------
    start, end : dict of str to str
        Digest of each weight by variable path, when training began (after the callbacks'
        `on_train_begin`, which may load weights) and when `fit` returned or raised. Weights that
        a model without input shape creates in its first step are new, and not in `start`.
    optimizer_start, optimizer_end : dict of str to str
        The same of the optimizer's variables.
    iterations_start, iterations_end : int or None
        Updates that the optimizer had made.
    iterations_first : int or None
        The same after the first epoch.
    learning_rate_given, learning_rate_start, learning_rate_end : float
        As `fit` found it; in the first epoch, after the callbacks' `on_epoch_begin`; as left.
    steps : int or None
        Batches of an epoch, where Keras knew it beforehand.
    train_rows, val_rows : ndarray of uint64, or None
        Digest of each training and validation row, see `helpers.digests.row_digests`. None for
        a `tf.data.Dataset` or `PyDataset`, except for fits by `helpers.training`.
    train_targets, val_targets : ndarray of uint64, or None
        The same of their targets: equal targets have equal digests.
    epoch_seconds : float
        What an epoch after the first took, which has to trace the step as well; NaN of one epoch.
    stop_training : bool
        Whether a callback had asked to stop by the end.
    history : dict of str to list of float
        What Keras logged at the end of each epoch, up to the error if there was one.
    facts : dict
        See `helpers.model_facts.model_facts`; when training began.
    callback_facts : list of dict
        See `helpers.model_facts.callback_facts`; after all `on_train_begin`, in the order of
        `callbacks`. ``saw_monitor``: whether one that monitors a metric had met it by the end.
        ``asked_in_vain``: all that a stopper of the user's own asks the logs for, where none of it
        was ever there.
    initial_epoch : int
        Number of the first epoch, as `fit` was asked for.
    first_epoch : int
        The epoch that ran first, from there. Above zero if a callback took up an earlier fit.
    batch_size : int or None
        As `fit` was asked for.
    validation_split : float
        Share of the rows, the last ones, that Keras was asked to set apart.
    is_finite : bool
        Whether all weights are numbers at the end. The loss may be one where they are not: a relu
        makes zero of what is none.
    weights_put_back : bool
        Whether training ended with other weights than its last epoch. Noted where a callback of
        the user's own holds rows.
    """

    model_id: int
    optimizer_id: int | None
    callbacks: list[tuple[str, int]]
    epochs_asked: int
    train_rows: np.ndarray | None
    val_rows: np.ndarray | None
    learning_rate_given: float
    train_targets: np.ndarray | None = None
    val_targets: np.ndarray | None = None
    start: dict[str, str] | None = None
    end: dict[str, str] = field(default_factory=dict)
    optimizer_start: dict[str, str] = field(default_factory=dict)
    optimizer_end: dict[str, str] = field(default_factory=dict)
    iterations_start: int | None = None
    iterations_end: int | None = None
    iterations_first: int | None = None
    learning_rate_start: float = math.nan
    learning_rate_end: float = math.nan
    epochs_run: int = 0
    steps: int | None = None
    history: dict[str, list[float]] = field(default_factory=dict)
    stop_training: bool = False
    seconds: float = math.nan
    epoch_seconds: float = math.nan
    error: str | None = None
    facts: dict = field(default_factory=dict)
    callback_facts: list[dict] = field(default_factory=list)
    initial_epoch: int = 0
    first_epoch: int = 0
    batch_size: int | None = None
    validation_split: float = 0.0
    is_finite: bool = True
    weights_put_back: bool = False

    @property
    def start_digest(self):
        return combined(self.start.values()) if self.start else None

    @property
    def end_digest(self):
        return combined(self.end.values())

    @property
    def trained(self):
        """Digests at the end, of the weights that this fit changed."""
        return {
            path: digest
            for path, digest in self.end.items()
            if digest != self.start.get(path) and not is_constant(digest)
        }

    @property
    def stopped_early(self):
        """Whether a callback ended it; fewer epochs run than asked may have other causes."""
        return self.stop_training and self.epochs_run < self.epochs_asked

    @property
    def is_taken_up(self):
        """Whether it went on, or might have, from what a callback had saved of another fit."""
        names = [name for name, _ in self.callbacks]
        return bool(self.first_epoch) or "BackupAndRestore" in names

    @property
    def rows_digest(self):
        return rows_digest(self.train_rows)

    @property
    def val_rows_digest(self):
        return rows_digest(self.val_rows)

    @property
    def n_rows(self):
        return None if self.train_rows is None else len(self.train_rows)

    @property
    def n_val_rows(self):
        return None if self.val_rows is None else len(self.val_rows)

    @property
    def val_rows_trained_on(self):
        """Number of validation rows that equal a training row; None if either is unknown."""
        if self.train_rows is None or self.val_rows is None:
            return None
        return int(np.isin(self.val_rows, self.train_rows).sum())

    @property
    def loss_first(self):
        return self.history.get("loss", [math.nan])[0]

    @property
    def loss_last(self):
        return self.history.get("loss", [math.nan])[-1]
