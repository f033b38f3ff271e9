"""Example 2 of the article: a wrapper that is gone, a callback that watches nothing."""

import importlib

import numpy as np
from sklearn.model_selection import GridSearchCV

from helpers.cases._builders import in_pipeline, mlp
from helpers.cases._case import Case
from helpers.cases._steps import rows, tried
from helpers.quiet import keras
from helpers.recorder import FitRecorder
from helpers.wrapper import KerasClassifier


class StopBelow(keras.callbacks.Callback):
    """Stop once the validation loss is low enough: what the article's callback was meant for."""

    def __init__(self, threshold=0.1):
        super().__init__()
        self.threshold = threshold

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.threshold:
            self.model.stop_training = True


def faulty(task):
    """The import, the callback factory and the training as published."""
    X, y = rows(task)
    codes = np.unique(y, return_inverse=True)[1]

    def custom_callback(param1, param2):
        class MyCallback(keras.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None):
                if logs is not None and logs.get("val_loss") < param1:
                    self.model.stop_training = True

        return MyCallback, {"param1": param1, "param2": param2}

    callback, arguments = custom_callback(0.1, 0.001)

    def stop_early():
        model = mlp({"n_features_in_": X.shape[1], "n_classes_": int(codes.max()) + 1})
        model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
        model.fit(X, codes, epochs=2, verbose=0, callbacks=[callback()])

    return tried(
        the_wrapper_can_be_imported=lambda: bool(
            importlib.import_module("tensorflow.keras.wrappers.scikit_learn")
        ),
        the_callback_can_be_made=lambda: bool(callback(**arguments)),
        the_callback_finds_a_validation_loss=stop_early,
    )


def fixed(task):
    """The same idea inside a search: rows set apart in each fit, a callback for each fit."""
    X, y = rows(task)
    classifier = KerasClassifier(
        mlp, optimizer="sgd", optimizer__learning_rate=0.1, epochs=8, validation_split=0.2,
        callbacks=StopBelow, callbacks__threshold=1.0, random_state=task.settings.seed,
    )  # fmt: skip
    search = GridSearchCV(in_pipeline(classifier), {"net__units": [16, 64]}, cv=2, refit=False)

    def fit():
        with FitRecorder() as recorder:
            search.fit(X, y)
        return all("val_loss" in fit.history for fit in recorder.fits)

    return tried(
        the_wrapper_can_be_imported=lambda: bool(importlib.import_module("helpers.wrapper")),
        the_callback_can_be_made=lambda: bool(StopBelow(threshold=0.1)),
        the_callback_finds_a_validation_loss=fit,
    )


CASE = Case(
    code="article/example-2",
    title="Example 2: early stopping by a callback",
    statement="Of the article's Example 2 (early stopping in a search), no step runs.",
    faulty=faulty,
    fixed=fixed,
    value="step works (1) or not (0)",
    unit="share of steps",
    expect="lower",
    margin=0.5,
    on=("step",),
    source="seed article, Example 2",
)
