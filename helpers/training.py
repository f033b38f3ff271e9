"""Trains one Keras model: the result is a function of the job alone.

Everything that a fit depends on comes in by argument, as a `FitJob`; no search, no fold and no
global random state is known here.
"""

import math
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from joblib.parallel import get_active_backend

from helpers.building import instantiate, make_callback, mark_trained
from helpers.class_state import watched_class_state
from helpers.errors import DivergedError, InertCallbackError
from helpers.graphs import TracedGraphs
from helpers.quiet import keras, tf
from helpers.randomness import Isolation

#: Longest run of steps that one graph call executes; bounds how long Ctrl-C can go unheard.
MAX_STEPS_PER_CALL = 128
#: Share of their first values in moving averages, above which it is warned of them.
MOVING_AVERAGE_LEFT = 0.2
#: Validation rows that go through the model at once where nobody asks for a number.
VALIDATION_ROWS = 1024
#: Seconds of training that a kill may lose, and how many times longer than keeping it they last.
KEEP_EVERY, KEEP_SHARE = 10.0, 20

#: The job whose ``keras.Model.fit`` is running in this context, for those who watch.
current_job = ContextVar("current_job", default=None)
#: Functions (fit) -> context manager, entered around fits that do not go through
#: ``keras.Model.fit``, for those who watch.
observers = []


@dataclass(frozen=True)
class Rows:
    """Training or validation rows as Keras takes them.

    Parameters
    ----------
    X : ndarray, shape (n_samples, ...), or list or dict of them
        One array for each input of the model.
    y : ndarray, shape (n_samples, ...), or list or dict of them
        Not yet encoded for the loss.
    sample_weight : ndarray, shape (n_samples,), or None
    """

    X: Any
    y: Any
    sample_weight: np.ndarray | None = None

    def __len__(self):
        return len(keras.tree.flatten(self.X)[0])

    def __getitem__(self, index):
        return Rows(*(_at(index, each) for each in (self.X, self.y, self.sample_weight)))


def _at(index, columns):
    return keras.tree.map_structure(lambda each: None if each is None else each[index], columns)


@dataclass(frozen=True)
class FitJob:
    """All that one fit depends on.

    Parameters
    ----------
    build : callable (sample) -> (keras.Model, outputs)
        Makes a new compiled model; called inside the fit's own random state.
    encode : callable (y, model, outputs) -> ndarray
        Gives the targets the form that the model's loss wants.
    rows : Rows
        What the model is trained on.
    seed : int
        Starts initialisers, dropout and shuffling.
    epochs : int
        Passes over the rows, those before `initial_epoch` counted.
    batch_size : int
        Rows per update.
    validation : Rows, optional
        Watched after each epoch; never trained on.
    validation_batch_size : int, optional
        Rows of them that go through the model at once, -1 for all; None: as many as for a batch,
        or `VALIDATION_ROWS` where those are more.
    callbacks : object or list, optional
        Callback classes or objects; objects are copied.
    callback_parameters : mapping, optional
        Routed to them, without the prefix.
    more_callbacks : object or list, optional
        As `callbacks`, for this fit: nothing is routed to them.
    extra_callbacks : sequence of keras.callbacks.Callback, optional
        Made for this fit alone; used as they are, after the others.
    epochs_settled : bool, default=False
        The number of epochs was found by watching validation rows; callbacks that watch them have
        had their say and are left out.
    shuffle : bool, default=True
        Whether each epoch has an order of its own.
    run_eagerly : bool, default=False
        Run step by step without a graph, to find a mistake in a layer.
    fit_arguments : mapping, optional
        More arguments of ``keras.Model.fit``.
    initial_epoch : int, default=0
        Epochs that the model which ``build`` returns has been trained for; the order of the rows
        goes on after them.
    keep : callable (epochs, result) -> object, optional
        Told what has come of the fit so far, every few seconds, and by a stack of fits when this
        one ends; no part of what the fit depends on.
    """

    build: Callable
    encode: Callable
    rows: Rows
    seed: int
    epochs: int
    batch_size: int
    validation: Rows | None = None
    validation_batch_size: int | None = None
    callbacks: Any = None
    callback_parameters: Mapping = field(default_factory=dict)
    more_callbacks: Any = None
    extra_callbacks: Sequence = ()
    epochs_settled: bool = False
    shuffle: bool = True
    run_eagerly: bool = False
    fit_arguments: Mapping = field(default_factory=dict)
    initial_epoch: int = 0
    keep: Callable | None = None

    @property
    def steps_per_epoch(self):
        """Updates per epoch, the last of which may have fewer rows."""
        return math.ceil(len(self.rows) / self.batch_size)

    @property
    def validation_rows_at_once(self):
        """Validation rows that go through the model at once."""
        if self.validation_batch_size == -1:
            return len(self.validation)
        return self.validation_batch_size or max(self.batch_size, VALIDATION_ROWS)

    @property
    def all_callbacks(self):
        """What was given of callbacks, by whichever way."""
        return [
            each for each in (self.callbacks, self.more_callbacks, self.extra_callbacks) if each
        ]

    @property
    def is_kept_on_the_way(self):
        """Whether `keep` is told before the end; what callbacks know by then could not be kept."""
        return self.keep is not None and not self.all_callbacks


@dataclass(frozen=True)
class FitResult:
    """What a fit leaves behind.

    Parameters
    ----------
    model : keras.Model
        The trained model.
    history : dict of str to list of float
        One value per epoch.
    """

    model: Any
    history: dict

    @property
    def n_epochs(self):
        """Epochs that ran, fewer than asked for if a callback stopped the fit."""
        return len(self.history["loss"])


def train(job):
    """Train a new model as ``job`` says.

    Equal jobs give equal weights, whatever was fitted before, in whatever order or thread.

    Parameters
    ----------
    job : FitJob

    Returns
    -------
    FitResult

    Raises
    ------
    DivergedError
        If the loss or a weight is no longer a finite number at the end.
    InertCallbackError
        If a callback watches a quantity that is not there after the first epoch.

    Warns
    -----
    UserWarning
        If the class of a callback has other attributes after the fit than before.
    """
    # A backend that trains (lockstep) is handed the job; others know nothing of training.
    backend, _ = get_active_backend()
    return getattr(backend, "train", train_alone)(job)


def train_alone(job):
    """Train a new model by ``keras.Model.fit``, whatever backend is active; see `train`."""
    return Fit(job).alone()


class Fit:
    """A job whose model is built, and not yet trained.

    Parameters
    ----------
    job : FitJob

    Attributes
    ----------
    model : keras.Model
        Compiled, its optimizer and metrics built.
    outputs : tensor, or list or dict of them
        What the untrained model returns for a row.
    callbacks : list of keras.callbacks.Callback
        Made for this fit.
    """

    def __init__(self, job):
        self.job = job
        self.own_state = Isolation(job.seed)
        with self.own_state.entered():
            self.model, self.outputs = job.build(job.rows[:1].X)
            if job.run_eagerly:
                self.model.run_eagerly = True
            self.callbacks = _callbacks(job)
            mark_trained(self.model)
            _make_metrics(self.model, job, self.outputs)

    @property
    def given_callbacks(self):
        """Callbacks as the user gave them, whose classes a fit should leave as they were."""
        return [self.job.callbacks, self.job.more_callbacks]

    def columns(self, rows):
        """Inputs, encoded targets and weights, if there are any, as Keras takes them."""
        return _encoded(rows, self.job, self.model, self.outputs)

    def alone(self):
        """Train by ``keras.Model.fit``.

        Returns
        -------
        FitResult
        """
        job, model = self.job, self.model
        token = current_job.set(job)
        try:
            with self.own_state.entered(), watched_class_state(self.given_callbacks):
                validation = _validation_batches(job, model, self.outputs)
                n_validation_batches = 0 if validation is None else int(validation.cardinality())
                n_steps = _steps_per_call(model, job, self.callbacks)
                with _many_steps_per_call(model, n_steps, n_validation_batches):
                    history = model.fit(
                        _training_batches(job, model, self.outputs),
                        batch_size=job.batch_size,  # told to those who watch; the batches are made
                        epochs=job.epochs,
                        initial_epoch=job.initial_epoch,
                        steps_per_epoch=job.steps_per_epoch,
                        validation_data=validation,
                        callbacks=[_KeptOnTheWay(self)]
                        if job.is_kept_on_the_way
                        else self.callbacks,
                        shuffle=False,  # the batches come shuffled, by a seed of their own
                        **({"verbose": 0} | dict(job.fit_arguments)),
                    )
        finally:
            current_job.reset(token)
        return self.result(history.history)

    def keep(self, epochs, history):
        """Have kept what has come of it so far, if anybody keeps it and it is numbers.

        Parameters
        ----------
        epochs : int
            How many it was trained for; those that were asked for, if it has ended.
        history : dict of str to list
            One value per epoch.
        """
        if self.job.keep is not None:
            with suppress(DivergedError), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # whoever asked for the fit is warned at its end
                self.job.keep(epochs, self.result(history))

    def result(self, history):
        """What the fit leaves behind, if that is numbers.

        Parameters
        ----------
        history : dict of str to list
            One value per epoch.

        Returns
        -------
        FitResult

        Raises
        ------
        DivergedError
        """
        history = {name: list(map(float, values)) for name, values in history.items()}
        result = FitResult(self.model, history)
        _check_finite(result, self.job.initial_epoch)
        check_moving_averages(self.model)
        return result


class Pace:
    """Says when what has been trained is kept: now and then, and for a small share of the time."""

    def __init__(self):
        self._wait, self._last = KEEP_EVERY, time.monotonic()

    def is_due(self):
        """Whether it is time."""
        return time.monotonic() - self._last >= self._wait

    @contextmanager
    def keeping(self):
        """Time what is done in here, and wait the longer for the next time."""
        began = time.monotonic()
        yield
        self._last = time.monotonic()
        self._wait = max(KEEP_EVERY, KEEP_SHARE * (self._last - began))


class _KeptOnTheWay(keras.callbacks.Callback):
    """Has a fit kept while it trains."""

    def __init__(self, fit):
        super().__init__()
        self.fit, self.pace, self.history = fit, Pace(), {}

    def on_epoch_end(self, epoch, logs=None):
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.pace.is_due() and epoch + 1 < self.fit.job.epochs:
            with self.pace.keeping():
                self.fit.keep(epoch + 1, self.history)


class _InertStopperGuard(keras.callbacks.Callback):
    """Raises after the first epoch for each callback whose quantity was not reported."""

    only_logs = True  # it needs nothing of the model

    def __init__(self, watched, initial_epoch):
        super().__init__()
        self.watched, self.initial_epoch = watched, initial_epoch

    def on_epoch_end(self, epoch, logs=None):
        for callback in self.watched if epoch == self.initial_epoch else ():
            if _needs(callback) and _needs(callback) not in (logs or {}):
                raise _inert(callback, sorted(logs or {}))


def _callbacks(job):
    made = []
    for callbacks, routed in (
        (job.callbacks, dict(job.callback_parameters)), (job.more_callbacks, {}),
    ):  # fmt: skip
        if callbacks is None:
            continue
        own = instantiate(callbacks, routed, make_callback, prefix="callbacks__")
        own = list(own.values()) if isinstance(own, dict) else own
        made += own if isinstance(own, list) else [own]
    made += job.extra_callbacks
    if job.epochs_settled:
        made = [each for each in made if not _needs(each).startswith("val_")]
    if job.validation is None:
        for callback in made:
            if _needs(callback).startswith("val_"):
                raise _inert(callback, "nothing on validation rows")
    return [_InertStopperGuard(made, job.initial_epoch), *made] if made else []


def _needs(callback):
    """The quantity without which a callback does nothing; "" if it acts in any case."""
    monitor = getattr(callback, "monitor", None)
    saves_all = not getattr(callback, "save_best_only", True)  # a checkpoint of each epoch
    return "" if saves_all or not isinstance(monitor, str) else monitor


def _inert(callback, reported):
    return InertCallbackError(
        f"{type(callback).__name__}(monitor={callback.monitor!r}) can never act: training reports "
        f"{reported}. Quantities with val_ need validation rows (validation_split=0.2)"
    )


def _training_batches(job, model, outputs):
    """Batches of all epochs; the order within an epoch depends on the seed and its number only."""
    n_samples = len(job.rows)

    def order(epoch):
        index = tf.range(n_samples)
        if job.shuffle:
            seed = tf.stack([tf.constant(job.seed, tf.int64), epoch])
            index = tf.random.experimental.stateless_shuffle(index, seed=seed)
        return tf.data.Dataset.from_tensor_slices(index).batch(job.batch_size)

    columns = _columns(job.rows, job, model, outputs)
    batches = (
        tf.data.Dataset.range(job.initial_epoch, job.epochs)
        .flat_map(order)
        .map(lambda index: keras.tree.map_structure(lambda each: tf.gather(each, index), columns))
    )
    n_batches = (job.epochs - job.initial_epoch) * job.steps_per_epoch
    return batches.apply(tf.data.experimental.assert_cardinality(n_batches)).prefetch(2)


def _validation_batches(job, model, outputs):
    if job.validation is None:
        return None
    columns = _columns(job.validation, job, model, outputs)
    return tf.data.Dataset.from_tensor_slices(columns).batch(job.validation_rows_at_once)


def _columns(rows, job, model, outputs):
    return keras.tree.map_structure(tf.constant, _encoded(rows, job, model, outputs))


def _encoded(rows, job, model, outputs):
    columns = [rows.X, job.encode(rows.y, model, outputs)]
    if rows.sample_weight is not None:
        columns.append(rows.sample_weight)
    # tf.data makes one tensor of a list: several inputs or outputs travel as tuples.
    return keras.tree.lists_to_tuples(tuple(columns))


def _make_metrics(model, job, outputs):
    """Make the metrics that were given by name, of which Keras waits for the first rows.

    Where that is inside a graph, TensorFlow traces the whole step twice.
    """
    columns = _columns(job.rows[:1], job, model, outputs)
    model.compute_metrics(*columns[:2], outputs, *columns[2:])
    model.reset_metrics()


def _steps_per_call(model, job, callbacks):
    """Steps that one graph call may run without anybody noticing.

    Keras returns to Python after each step, which costs more than the step of a small model. Only
    callbacks that act on batches need that; epochs stay whole.
    """
    if model.run_eagerly or model.steps_per_execution != 1 or any(map(_acts_on_batches, callbacks)):
        return model.steps_per_execution
    steps = job.steps_per_epoch
    return max(n for n in range(1, min(steps, MAX_STEPS_PER_CALL) + 1) if steps % n == 0)


@contextmanager
def _many_steps_per_call(model, n_steps, n_validation_batches):
    """Let ``model.fit`` run that many steps a graph call; afterwards the model is as it was.

    Keras' own loop asks before each step whether there is another batch, which has to be traced as
    well as the step. Here the numbers of batches are known.
    """
    asked = model.steps_per_execution
    if n_steps == asked > 1:
        yield
        return
    model.steps_per_execution, graphs = n_steps, TracedGraphs()
    if _is_traced_as_usual(model, "train"):
        model.train_function = _loop(model, "train", n_steps, graphs)
    if 1 <= n_validation_batches <= n_steps and _is_traced_as_usual(model, "test"):
        model.test_function = _loop(model, "test", n_validation_batches, graphs)
    try:
        yield
    finally:
        model.steps_per_execution, model.train_function, model.test_function = asked, None, None
        graphs.free()


def _is_traced_as_usual(model, phase):
    """Whether Keras would trace the model's step and loop over it, in the process that is here."""
    name = f"make_{phase}_function"
    is_keras_own = getattr(type(model), name) is getattr(keras.Model, name)
    return is_keras_own and not model.run_eagerly and not tf.distribute.has_strategy()


def _loop(model, phase, n_steps, graphs):
    """A graph of that many steps; what it returns is what the last of them does."""
    name = f"{phase}_step"
    step = getattr(model, name)
    # Keras' own step returns what the metrics say; of a user's the last one has to be run apart.
    is_own = getattr(type(model), name) is getattr(keras.Model, name) and not model.jit_compile
    if not is_own:
        step = tf.function(
            _noting(graphs, step), autograph=False, jit_compile=model.jit_compile or None
        )
    n_looped = n_steps if is_own and n_steps > 1 else n_steps - 1

    def steps(iterator):
        def one_more(i):
            graphs.note()
            step(next(iterator))
            return (i + 1,)

        if n_looped:
            more = _noting(graphs, lambda i: i < n_looped)
            tf.while_loop(more, one_more, [0], parallel_iterations=1)
        return model.get_metrics_result() if n_looped == n_steps else step(next(iterator))

    return tf.function(_noting(graphs, steps), autograph=False)


def _noting(graphs, function):
    def noted(*arguments):
        graphs.note()
        return function(*arguments)

    return noted


def _acts_on_batches(callback):
    if isinstance(getattr(callback, "save_freq", None), int):
        return True
    names = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    for name in names:
        owner = next(cls for cls in type(callback).__mro__ if name in vars(cls))
        if not owner.__module__.startswith("keras."):
            return True
    return False


def check_moving_averages(model):
    """Warn of batch normalisation that still scores by the averages it was made with."""
    n_updates = int(model.optimizer.iterations)
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable:
            left = layer.momentum**n_updates
            if left > MOVING_AVERAGE_LEFT:
                warnings.warn(
                    f"BatchNormalization {layer.name!r}: after {n_updates} updates its moving "
                    f"averages are still {left:.0%} what they started from, so that it predicts "
                    "otherwise than it trained. Train longer, in smaller batches, or give it a "
                    "lower momentum than "
                    f"{layer.momentum}",
                    stacklevel=2,
                )


def _check_finite(result, initial_epoch):
    loss = result.history["loss"]
    if not math.isfinite(loss[-1]):
        first = next(i for i, value in enumerate(loss) if not math.isfinite(value))
        raise DivergedError(
            f"the loss is {loss[-1]} after epoch {initial_epoch + first + 1} of "
            f"{initial_epoch + len(loss)}: lower the learning "
            "rate, or clip the gradients (optimizer__clipnorm=1.0)"
        )
    # The loss is that of the weights before the last update, which may have been one too many.
    for weight in result.model.trainable_variables:
        if not keras.ops.all(keras.ops.isfinite(weight)):
            raise DivergedError(
                f"the weights {weight.path} are no longer numbers after the last update of "
                f"{initial_epoch + len(loss)} epochs: lower the learning rate, or clip the "
                "gradients (optimizer__clipnorm=1.0)"
            )
