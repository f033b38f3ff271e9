"""The best epoch, chosen on the rows that score."""

import numpy as np

from helpers import synthetic
from helpers.cases import Case
from helpers.cases._network import network
from helpers.cases._scores import repeats
from helpers.quiet import keras
from helpers.workers import each_repetition


def faulty(task):
    return on_noise(task, lambda inner, test: test)


def fixed(task):
    return on_noise(task, lambda inner, test: inner)


class KeepBest(keras.callbacks.Callback):
    """The weights of the epoch that was the most accurate on the rows given."""

    def __init__(self, X, y):
        super().__init__()
        self.X, self.y = X, y
        self.best, self.weights = -1.0, None

    def on_epoch_end(self, epoch, logs=None):
        accuracy = right(self.model, self.X, self.y)
        if accuracy > self.best:
            self.best = accuracy
            self.weights = self.model.get_weights()

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)


def on_noise(task, watched_of):
    def draw(repeat, seed):
        noise = synthetic.pure_noise(120, n_features=5, random_state=seed)
        X, y = noise.X, noise.y
        train, inner, test = np.split(np.arange(len(X)), 3)
        watched = watched_of(inner, test)
        # At this rate the accuracy on forty rows goes up and down, as that of few rows does.
        model = network(
            task, seed, optimizer__learning_rate=1.0, batch_size=8,
            epochs=max(20, task.settings.epochs), callbacks=KeepBest(X[watched], y[watched]),
        )  # fmt: skip
        keras_model = model.fit(X[train], y[train]).model_
        fresh_X, fresh_y, _ = noise.sample(1000, seed)
        return {
            "repeat": repeat,
            "value": right(keras_model, X[test], y[test]),
            "watched_rows": right(keras_model, X[watched], y[watched]),
            "fresh_rows": right(keras_model, fresh_X, fresh_y),
        }

    return each_repetition(draw, repeats(task, at_least=10))


def right(model, X, y):
    """Share of the rows that the model gets right."""
    return float(np.mean(np.argmax(model(X, training=False), axis=1) == y))


CASE = Case(
    code="leak/stopping-on-test-fold",
    title="Early stopping on the rows that score",
    statement="On pure noise, where an accuracy of 0.5 is the truth, keeping the epoch "
    "that is best on the test rows, not on an inner part, raises the accuracy on them by more than "
    "0.02.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on the test rows",
    unit="accuracy",
    expect="higher",
    margin=0.02,
    on=("repeat",),
    source="ageron/handson-ml2#103",
)
