"""What is timed, and what is to be reached: the rows of the bench.

A `Task` is one search, the same for all contestants: data, folds, candidates, epochs, batches of
`BATCH_SIZE`, Adam. A `Goal` is a row of the table: a number made from the seconds of one or two
tasks, and how large or small it has to be.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import zoom
from sklearn.model_selection import (
    ParameterGrid,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
)

from helpers import datasets
from tests.benchmarks import nets

BATCH_SIZE = 32
#: Share of the training rows that an early-stopping search watches.
WATCHED = 0.2
SPEED, STEP, OVERHEAD, GROWTH = "times faster", "ms per model-step", "share", "ratio"


def pixels():
    """Digits as rows of 64 pixels, scaled to 0..1 by a constant."""
    data = datasets.load("digits")
    return data.X, data.y, None


def images():
    data = datasets.load("digits_images")
    return data.X, data.y, None


def enlarged(size):
    """Digits as images of ``size`` times ``size`` pixels, interpolated."""
    X, y, _ = images()
    return zoom(X[..., 0], (1, size / 8, size / 8), order=1).astype("float32"), y


def large_images(n_images=2000):
    """Digits of 28 x 28; copies shifted by two pixels fill up, and stay with their original."""
    X, y = enlarged(28)
    n_copies = n_images - len(X)
    X = np.concatenate([X, np.roll(X[:n_copies], 2, axis=2)])[..., None]
    originals = np.concatenate([np.arange(len(y)), np.arange(n_copies)])
    return X, y[originals], originals


def sequences():
    """Digits of 20 x 20 as sequences of 20 rows of pixels."""
    return *enlarged(20), None


@dataclass(frozen=True)
class Task:
    """One search.

    Parameters
    ----------
    name, title : str
    net : Net
    candidates : sequence of dict
        ``learning_rate``, and parameters of the network.
    data : callable () -> (X, y, groups or None)
    splitter : cross-validation splitter
    epochs : int
    patience : int, optional
        Of early stopping on a share of the training rows.
    contestants : tuple of str, optional
        Those that take part; all if None.
    """

    name: str
    title: str
    net: nets.Net
    candidates: Sequence
    data: Callable = pixels
    splitter: object = StratifiedKFold(3, shuffle=True, random_state=0)
    epochs: int = 20
    patience: int | None = None
    contestants: tuple | None = None

    def splits(self):
        """X, y and the list of (training rows, test rows): the same for all contestants."""
        X, y, groups = self.data()
        return X, y, list(self.splitter.split(np.zeros(len(y)), y, groups))

    def updates(self, n_rows):
        """Updates that a fit on so many rows takes; None if early stopping has a say."""
        if self.patience is not None:
            return None
        return self.epochs * math.ceil(n_rows / BATCH_SIZE)

    def shortened(self):
        """A try of the same kind, that takes seconds: what it says of speed means nothing."""
        return replace(self, candidates=self.candidates[:2], epochs=max(1, self.epochs // 10))


def grid(**values):
    return list(ParameterGrid(values))


SIX = grid(learning_rate=[0.001, 0.003, 0.01], dropout=[0.2, 0.5])
SIXTY = grid(
    learning_rate=np.geomspace(0.0005, 0.02, 10).tolist(),
    dropout=np.linspace(0.05, 0.55, 6).tolist(),
)
ONE = grid(learning_rate=[0.003], dropout=[0.2])
WIDTHS = grid(learning_rate=[0.003], units=[16, 32, 48, 64, 96, 128])

TASKS = {
    task.name: task
    for task in (
        Task("mlp-20", "MLP, 6 candidates x 3 folds, 20 epochs", nets.MLP, SIX),
        Task("mlp-100", "MLP, 6 candidates x 3 folds, 100 epochs", nets.MLP, SIX, epochs=100),
        Task("widths", "MLP, 6 widths x 3 folds, 20 epochs", nets.MLP, WIDTHS),
        Task("cnn-8x8", "CNN on 8 x 8 pixels, 6 x 3, 20 epochs", nets.SMALL_CNN, SIX, images),
        Task(
            "cnn-28x28", "CNN on 2,000 images of 28 x 28 pixels, 6 x 3, 5 epochs", nets.CNN, SIX,
            large_images, StratifiedGroupKFold(3, shuffle=True, random_state=0), 5,
        ),
        Task("lstm", "LSTM on sequences of 20, 6 x 3, 10 epochs", nets.LSTM, SIX, sequences,
             epochs=10),
        Task(
            "repeated", "one MLP, 10 x repeated 5-fold, 20 epochs", nets.MLP, ONE,
            splitter=RepeatedStratifiedKFold(n_splits=5, n_repeats=10, random_state=0),
        ),
        Task("stopping", "MLP, 6 x 3, early stopping (patience 3), per update", nets.MLP,
             SIX, epochs=100, patience=3),
        Task(
            "single", "one fit of the MLP, 20 epochs", nets.MLP, ONE,
            splitter=StratifiedShuffleSplit(1, test_size=1 / 3, random_state=0),
        ),
        Task("mlp-180", "MLP, 60 candidates x 3 folds, 20 epochs", nets.MLP, SIXTY,
             contestants=("lockstep", "jax")),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Goal:
    """One row of the table.

    Parameters
    ----------
    name, title : str
    tasks : tuple of str
        Whose seconds are needed.
    value : callable (*seconds) -> float
        What is looked at, of one contestant: less is better.
    unit : str
    against : str, optional
        Contestant: its value over that of the lockstep run has to be at least `bound`. None: the
        value itself has to be at most `bound`.
    bound : float
    hoped : float, optional
        Beyond the bound.
    """

    name: str
    title: str
    tasks: tuple
    value: Callable
    unit: str
    bound: float
    against: str | None = None
    hoped: float | None = None

    def reached(self, figure):
        """Whether the bound is kept."""
        return figure >= self.bound if self.against else figure <= self.bound


def seconds_of(seconds):
    return seconds


def slope(short, long):
    """Seconds per epoch of the search, from runs of 20 and 100 epochs: what does not depend on
    the epochs (tracing, planning, scoring) drops out."""
    return (long - short) / (TASKS["mlp-100"].epochs - TASKS["mlp-20"].epochs)


def milliseconds_per_model_step(short, long):
    task = TASKS["mlp-20"]
    _, _, splits = task.splits()
    n_steps = sum(math.ceil(len(train) / BATCH_SIZE) for train, _ in splits)
    return 1000 * slope(short, long) / (n_steps * len(task.candidates))


def share_outside_epochs(short, long):
    return 1 - slope(short, long) * TASKS["mlp-20"].epochs / short


def growth(few, many):
    """Seconds per model of the large search over those of the small one."""
    return (many / len(SIXTY)) / (few / len(SIX))


def speed(task, bound, hoped=None, against="scikeras"):
    return Goal(
        task, TASKS[task].title, (task,), seconds_of, SPEED, bound, against=against, hoped=hoped
    )


GOALS = {
    goal.name: goal
    for goal in (
        speed("mlp-20", 10, hoped=15),
        speed("mlp-100", 15, hoped=25),
        speed("widths", 4),
        speed("cnn-8x8", 8),
        speed("cnn-28x28", 2.5),
        speed("lstm", 3),
        speed("repeated", 25, hoped=50),
        speed("stopping", 8),
        speed("single", 3, against="keras"),
        Goal("step", "time per model-step, 18 models", ("mlp-20", "mlp-100"),
             milliseconds_per_model_step, STEP, 0.5, against="jax"),
        Goal("overhead", "tracing, planning and scoring in mlp-20", ("mlp-20", "mlp-100"),
             share_outside_epochs, OVERHEAD, 0.15),
        Goal("growth", "time per model, 180 models over 18", ("mlp-20", "mlp-180"),
             growth, GROWTH, 1.0),
    )
}  # fmt: skip
