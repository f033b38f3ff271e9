"""What ``epochs="auto"`` trains: up to the best epoch on a part of the rows, then on all."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.epochs import FEWEST, NOTABLE, PATIENCE, Present, train_auto
from helpers.errors import InertCallbackError
from helpers.quiet import keras
from helpers.training import FitJob, Rows, train
from tests import laws

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 4)).astype("float32")
# A fifth of the labels is wrong: the loss on other rows falls, then rises.
Y = ((X[:, :1] > 0) != (RNG.random((90, 1)) < 0.2)).astype("float32")
OPTIMIZERS = {
    "momentum": lambda: keras.optimizers.SGD(0.2, momentum=0.9),
    "moments": lambda: keras.optimizers.Adam(0.05),
    "schedule": lambda: keras.optimizers.SGD(
        keras.optimizers.schedules.ExponentialDecay(0.5, 3, 0.97)
    ),
}


class Told(keras.callbacks.Callback):
    """Losses of the rows set apart, as they are to be."""

    def __init__(self, losses):
        super().__init__()
        self.losses = losses

    def on_epoch_end(self, epoch, logs=None):
        logs["val_loss"] = self.losses[epoch]


def job_with(optimizer, **changes):
    def build(sample):
        layers = [keras.layers.Dense(16, "relu"), keras.layers.Dropout(0.2)]
        model = keras.Sequential(
            [keras.Input((4,)), *layers, keras.layers.Dense(1, activation="sigmoid")]
        )
        model.compile(optimizer(), "binary_crossentropy")
        return model, model(sample)

    given = {
        "build": build, "encode": lambda y, model, outputs: y, "rows": Rows(X[:60], Y[:60]),
        "validation": Rows(X[60:], Y[60:]), "seed": 3, "epochs": 60, "batch_size": 16,
    }  # fmt: skip
    return FitJob(**given | changes)


def state(model):
    return [v.numpy() for v in [*model.variables, *model.optimizer.variables]]


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_it_is_a_fit_that_ends_at_the_best_epoch_and_goes_on(optimizer):
    """The oracle: two fits of known numbers of epochs, without any search."""
    part, rows = job_with(optimizer), Rows(X, Y)
    result, search = train_auto(part, rows)
    best = 1 + int(np.argmin(search["val_loss"]))
    assert 1 < best < len(search["val_loss"]) <= best + PATIENCE
    first = train(replace(part, epochs=best))
    n_epochs = best + max(FEWEST, round(best / 3))
    rest = train(
        replace(
            part, rows=rows, validation=None, build=Present(first.model), initial_epoch=best,
            epochs=n_epochs,
        )
    )  # fmt: skip
    laws.assert_equal_weights(state(result.model), state(rest.model))
    assert result.history == {"loss": first.history["loss"] + rest.history["loss"]}
    assert result.n_epochs == n_epochs


def test_nothing_follows_where_all_rows_have_been_trained_on():
    part = job_with(OPTIMIZERS["moments"])
    result, search = train_auto(part, part.rows)
    best = 1 + int(np.argmin(search["val_loss"]))
    assert best < len(search["val_loss"])
    laws.assert_equal_weights(state(result.model), state(train(replace(part, epochs=best)).model))
    assert result.history == {name: values[:best] for name, values in search.items()}


@pytest.mark.parametrize(("most", "searched"), [(1, 1), (2, 1), (7, 5), (8, 6)])
def test_both_together_are_no_more_epochs_than_were_asked_for(most, searched):
    part = job_with(OPTIMIZERS["schedule"], epochs=most)
    result, search = train_auto(part, Rows(X, Y))
    assert len(search["loss"]) == searched
    assert result.n_epochs == most


def test_callbacks_count_on_and_those_that_watch_have_had_their_say():
    seen = []

    class Seen(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append((epoch, float(self.model.optimizer.learning_rate)))

    slower = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=0, min_delta=0.05)
    losses = Told([5.0, 4.0, 4.0, 3.0, *[3.5] * 9])
    part = job_with(OPTIMIZERS["momentum"], callbacks=[Seen, losses, slower])
    result, search = train_auto(part, Rows(X, Y))
    n_searched, best = len(search["loss"]), 1 + int(np.argmin(search["val_loss"]))
    assert [epoch for epoch, _ in seen[:n_searched]] == list(range(n_searched))
    assert [epoch for epoch, _ in seen[n_searched:]] == list(range(best, result.n_epochs))
    rates = [rate for _, rate in seen]
    assert rates[n_searched - 1] < rates[best] < rates[0]
    assert set(rates[n_searched:]) == {rates[best]}  # lowered while rows were watched, kept after


def test_a_callback_that_never_acts_is_told_wherever_counting_begins():
    stopper = keras.callbacks.EarlyStopping("accuracy")
    part = job_with(OPTIMIZERS["momentum"], callbacks=stopper)
    first = train(replace(part, callbacks=None, epochs=2))
    with pytest.raises(InertCallbackError, match="never act"):
        train(replace(part, build=Present(first.model), initial_epoch=2, epochs=4))


@pytest.mark.parametrize(
    ("fall", "searched"),
    [(2 * NOTABLE, 20), (NOTABLE / 10, 1 + PATIENCE), (0.4 * NOTABLE, 20), (0.0, 1 + PATIENCE)],
)
@pytest.mark.parametrize("first", [1.0, 500.0, -3.0])
def test_a_loss_that_hardly_falls_ends_the_search_at_its_lowest(first, fall, searched):
    losses = first - fall * abs(first) * np.arange(20)
    part = job_with(OPTIMIZERS["momentum"], callbacks=[Told(losses)], epochs=20)
    result, search = train_auto(part, part.rows)
    assert len(search["val_loss"]) == searched
    assert result.n_epochs == (searched if fall else 1)


def test_where_the_best_epoch_comes_early_some_follow_on_all_rows():
    part = job_with(OPTIMIZERS["momentum"], callbacks=[Told(np.arange(60.0))])
    result, _ = train_auto(part, Rows(X, Y))
    assert result.n_epochs == 1 + FEWEST


def test_losses_that_are_no_numbers_are_never_best():
    spoilt = Told([np.nan, 3.0, np.inf, 2.0, np.nan, 2.5, 2.5, 2.5, 2.5])
    part = job_with(OPTIMIZERS["momentum"], callbacks=spoilt)
    result, search = train_auto(part, part.rows)
    assert len(search["val_loss"]) == 9
    laws.assert_equal_weights(state(result.model), state(train(replace(part, epochs=4)).model))
