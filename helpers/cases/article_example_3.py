"""Example 3 of the article: Keras Tuner, which sets the last rows apart to judge its trials."""

import logging
import tempfile
from contextlib import contextmanager

import numpy as np
from sklearn.model_selection import train_test_split

from helpers.cases._builders import layers
from helpers.cases._case import Case
from helpers.cases._steps import rows, tried
from helpers.quiet import keras
from helpers.randomness import isolated
from helpers.recorder import FitRecorder

N_TRIALS = 2


def faulty(task):
    """A random search as published: ``validation_split=0.2``, the last fifth of the rows."""
    X, y = _sorted_rows(task)
    n_training = int(len(y) * 0.8)  # as Keras cuts
    return _judged(
        y[:n_training], y[n_training:], lambda: _search(task, X, y, validation_split=0.2)
    )


def fixed(task):
    """The same tuner; its validation rows drawn and stratified before."""
    X, y = _sorted_rows(task)
    X_fit, X_val, y_fit, y_val = train_test_split(
        X, y, test_size=0.2, stratify=y, random_state=task.settings.seed
    )
    return _judged(
        y_fit, y_val, lambda: _search(task, X_fit, y_fit, validation_data=(X_val, y_val))
    )


def _judged(y_training, y_validation, search):
    majority = np.bincount(y_validation).max() / len(y_validation)
    return tried(
        validation_and_training_rows_have_the_same_classes=lambda: (
            set(y_training) == set(y_validation)
        ),
        the_winner_beats_a_constant_guess_on_the_validation_rows=lambda: max(search()) > majority,
    )


def _sorted_rows(task):
    """Rows in the order of their labels, as many files come."""
    X, y = rows(task)
    codes = np.unique(y, return_inverse=True)[1]
    order = np.argsort(codes, kind="stable")
    return (X / max(1.0, np.abs(X).max()))[order], codes[order]


def _search(task, X, y, **validation):
    """Accuracies on the validation rows, one per trial of a random search."""
    import keras_tuner

    def build(hp):
        units = hp.Int("units", 16, 64, step=16)
        rate = hp.Float("rate", 0.2, 0.5, step=0.1)
        model = keras.Sequential(layers(X.shape[1], int(y.max()) + 1, units=units, rate=rate))
        model.compile(
            keras.optimizers.SGD(0.3),
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return model

    seed = task.settings.seed
    with tempfile.TemporaryDirectory() as folder, isolated(seed), _quiet_tuner():
        tuner = keras_tuner.RandomSearch(
            build, objective="val_accuracy", max_trials=N_TRIALS, executions_per_trial=1, seed=seed,
            directory=folder, project_name="example", overwrite=True,
        )  # fmt: skip
        with FitRecorder() as recorder:
            tuner.search(X, y, epochs=5, verbose=0, **validation)
    return [fit.history["val_accuracy"][-1] for fit in recorder.fits]


@contextmanager
def _quiet_tuner():
    # The tuner logs that each trial's checkpoint was loaded; nothing of it is about the example.
    logger = logging.getLogger("absl")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


CASE = Case(
    code="article/example-3",
    title="Example 3: Keras Tuner",
    statement="When rows come sorted by label, the article's Example 3 (Keras Tuner) judges its "
    "trials on classes that they hardly trained on: its winner does not beat a constant guess.",
    faulty=faulty,
    fixed=fixed,
    value="step works (1) or not (0)",
    unit="share of steps",
    expect="lower",
    margin=0.5,
    on=("step",),
    source="seed article, Example 3",
)
