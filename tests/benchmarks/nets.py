"""The networks that are trained: each in Keras, and the same layers in PyTorch.

The Keras builders do not compile. PyTorch is imported when one of its networks is made, so that the
bench runs without it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from helpers.quiet import keras

N_CLASSES = 10


@dataclass(frozen=True)
class Net:
    """One network.

    Parameters
    ----------
    keras, torch : callable (**hyper-parameters) -> model
    is_mlp : bool, default=False
        Whether it is the one that `tests.benchmarks.jax_limit` has by hand.
    """

    keras: Callable
    torch: Callable
    is_mlp: bool = False


def _keras(*layers):
    return keras.Sequential([*layers, keras.layers.Dense(N_CLASSES, activation="softmax")])


def _torch(*layers, width):
    """The loss takes logits: its softmax is PyTorch's own."""
    from torch import nn

    return nn.Sequential(*layers, nn.Linear(width, N_CLASSES))


def keras_mlp(units=64, dropout=0.2):
    return _keras(
        keras.Input((64,)),
        keras.layers.Dense(units, activation="relu"),
        keras.layers.Dropout(dropout),
    )


def torch_mlp(units=64, dropout=0.2):
    from torch import nn

    return _torch(nn.Linear(64, units), nn.ReLU(), nn.Dropout(dropout), width=units)


def keras_small_cnn(dropout=0.2):
    return _keras(
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dropout(dropout),
    )


def torch_small_cnn(dropout=0.2):
    from torch import nn

    convolution = (nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2))
    return _torch(*convolution, nn.Flatten(), nn.Dropout(dropout), width=16 * 3 * 3)


def keras_cnn(dropout=0.2):
    return _keras(
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(16, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(32, 3, activation="relu"),
        keras.layers.MaxPooling2D(),
        keras.layers.Flatten(),
        keras.layers.Dropout(dropout),
    )


def torch_cnn(dropout=0.2):
    from torch import nn

    first = (nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2))
    second = (nn.Conv2d(16, 32, 3), nn.ReLU(), nn.MaxPool2d(2))
    return _torch(*first, *second, nn.Flatten(), nn.Dropout(dropout), width=32 * 5 * 5)


def keras_lstm(dropout=0.2):
    return _keras(
        keras.Input((20, 20)),
        keras.layers.LSTM(32),
        keras.layers.Dropout(dropout),
    )


def torch_lstm(dropout=0.2):
    from torch import nn

    class LastOutput(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(20, 32, batch_first=True)

        def forward(self, sequences):
            return self.lstm(sequences)[0][:, -1]

    return _torch(LastOutput(), nn.Dropout(dropout), width=32)


MLP = Net(keras_mlp, torch_mlp, is_mlp=True)
SMALL_CNN = Net(keras_small_cnn, torch_small_cnn)
CNN = Net(keras_cnn, torch_cnn)
LSTM = Net(keras_lstm, torch_lstm)
