"""What a callback asks of the logs is noted, and nothing else changes."""

import pytest

from helpers.asked_logs import asked_by
from helpers.quiet import keras


class Stops(keras.callbacks.Callback):
    """Hands the logs to a function, and may stop a fit."""

    def __init__(self, look):
        super().__init__()
        self.look = look
        self.set_model(keras.Sequential())

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = bool(self.look(logs))


class Shows(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        self.shown = logs.get("val_acc")


def asked(look, logs):
    callback = Stops(look)
    with asked_by(callback) as noted:
        callback.on_epoch_end(0, logs)
    return noted


@pytest.mark.parametrize(
    "look",
    [
        lambda logs: logs.get("val_acc", 0),
        lambda logs: "val_acc" in logs and logs["val_acc"],
        lambda logs: (logs or {}).get("val_acc"),
    ],
    ids=["get", "in", "or"],
)
def test_what_is_not_there_is_asked_in_vain(look):
    noted = asked(look, {"loss": 1.0})
    assert (noted.names, noted.is_answered) == ({"val_acc"}, False)


@pytest.mark.parametrize(
    "look",
    [
        lambda logs: logs["loss"],
        lambda logs: logs.get("val_acc", logs.get("loss")),
        lambda logs: sorted(logs),
        lambda logs: dict(logs.items()),
        lambda logs: list(logs.values()),
        lambda logs: list(logs.keys()),
    ],
    ids=["there", "otherwise", "names", "items", "values", "keys"],
)
def test_what_is_there_answers(look):
    assert asked(look, {"loss": 1.0}).is_answered


def test_what_a_callback_writes_is_there_for_the_next():
    logs = {"loss": 1.0, "lr": 0.1}

    def write(logs):
        logs["f1"] = 0.5
        del logs["lr"]

    asked(write, logs)
    assert logs == {"loss": 1.0, "f1": 0.5}


def test_the_callback_is_as_it_was_after_an_error():
    callback = Stops(lambda logs: logs["val_acc"])
    with pytest.raises(KeyError), asked_by(callback):
        callback.on_epoch_end(0, {"loss": 1.0})
    assert "on_epoch_end" not in vars(callback)


@pytest.mark.parametrize(
    "callback", [Shows(), keras.callbacks.EarlyStopping("val_acc")], ids=["shows", "Keras'"]
)
def test_who_does_not_act_or_is_keras_own_is_left_alone(callback):
    with asked_by(callback) as noted:
        assert noted is None
        assert "on_epoch_end" not in vars(callback)


def test_logs_that_are_no_dict_are_handed_on():
    callback = Stops(lambda logs: logs is None)
    with asked_by(callback):
        callback.on_epoch_end(0)
    assert callback.model.stop_training
