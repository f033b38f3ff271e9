"""Trains fits of one structure side by side, epoch by epoch."""

import contextlib
import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from helpers.class_state import watched_class_state
from helpers.digests import digest
from helpers.lockstep.graph import StackedGraph, State
from helpers.lockstep.structure import settings_of
from helpers.quiet import keras, tf
from helpers.training import Fit, Pace, observers

__all__ = ["Member", "train_stack"]

#: What a callback does with the model: nothing, set the learning rate, look at it, anything.
LOGS, RATE, READS, ANYTHING = range(4)
KNOWN_CALLBACKS = {
    keras.callbacks.TerminateOnNaN: LOGS,
    keras.callbacks.CSVLogger: LOGS,
    keras.callbacks.History: LOGS,
    keras.callbacks.LearningRateScheduler: RATE,
    keras.callbacks.ReduceLROnPlateau: RATE,
    keras.callbacks.ModelCheckpoint: READS,
}
#: A stack shrinks when at most this share of its models still trains, if that saves more than it
#: costs to trace it again. Both are counted and not timed: a stack of another size rounds
#: otherwise, and what a search finds must not depend on how busy a machine is.
SHRINK_AT = 0.5
#: Seconds that a graph call should take: for so long nobody hears Ctrl-C. The number of steps is
#: found by timing them, from the first few on; however they are cut, the result is the same.
CALL_SECONDS, FIRST_STEPS = 1.0, 8
#: In multiplications: what a step of a model costs whatever its size, and tracing.
STEP, TRACING = 200_000, 2_000_000_000


@dataclass(eq=False)
class Member:
    """A fit in a stack, and what comes of it.

    Parameters
    ----------
    fit : helpers.training.Fit

    Attributes
    ----------
    history : dict of str to list
        One value per epoch.
    has_ended : bool
        Whether its model has the weights that training ends with.
    error : Exception or None
        What one of its callbacks has raised.
    """

    fit: Fit
    history: dict = field(default_factory=dict)
    epoch: int = field(init=False)
    has_ended: bool = False
    error: Exception | None = None
    _callbacks: Any = None
    _logs: dict = field(default_factory=dict)
    _observed: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    def __post_init__(self):
        self.epoch = self.fit.job.initial_epoch

    def has_callback_that(self, *does):
        """Whether a callback does one of these things with the model."""
        return any(_does(each) in does for each in self.fit.callbacks)

    @property
    def n_rows(self):
        return len(self.fit.job.rows)

    @property
    def wants_to_end(self):
        stopped = self.fit.model.stop_training or self.epoch >= self.fit.job.epochs
        return stopped or self.error is not None

    @property
    def history_so_far(self):
        """Of the epochs that have ended; callbacks may add to it until the last."""
        return self.history if self._callbacks is None else self.fit.model.history.history

    def begin(self):
        self.fit.model.stop_training = False
        for observe in observers:
            self._observed.enter_context(observe(self.fit))
        if self.fit.callbacks:
            with self._guarded():
                self._callbacks = keras.callbacks.CallbackList(
                    self.fit.callbacks,
                    add_history=True,  # which sees what other callbacks add to the logs
                    model=self.fit.model,
                    epochs=self.fit.job.epochs,
                    steps=self.fit.job.steps_per_epoch,
                )
                self._callbacks.on_train_begin()

    def begin_epoch(self):
        if self._callbacks is not None:
            with self._guarded():
                self._callbacks.on_epoch_begin(self.epoch)

    def end_epoch(self, logs):
        self._logs = logs
        if self._callbacks is None:
            for name, value in logs.items():
                self.history.setdefault(name, []).append(value)
        else:
            with self._guarded():
                # Who acts on batches trains alone. Keras' TerminateOnNaN may look once an epoch.
                self._callbacks.on_train_batch_end(self.fit.job.steps_per_epoch - 1, dict(logs))
                self._callbacks.on_epoch_end(self.epoch, dict(logs))
        self.epoch += 1

    def end(self):
        """Let the callbacks finish the model, which has its weights by now."""
        if self._callbacks is not None and self.error is None:
            with self._guarded():
                self._callbacks.on_train_end(self._logs)
                self.history = self.history_so_far
        self.has_ended = True
        self.leave(self.error)
        if self.error is None:
            self.fit.keep(self.fit.job.epochs, self.history)

    def leave(self, error):
        """Tell those who watch that the stack has done with this fit, and how."""
        with contextlib.suppress(BaseException), self._observed:
            if error is not None:
                raise error

    @contextlib.contextmanager
    def _guarded(self):
        """Keep what a callback raises for the task of this fit; the others train on."""
        try:
            with self.fit.own_state.entered():
                yield
        except Exception as error:  # noqa: BLE001 - it is raised in the task that asked for the fit
            self.error = error


def _does(callback):
    if type(callback) is keras.callbacks.EarlyStopping:
        return READS if callback.restore_best_weights else LOGS
    if getattr(callback, "only_logs", False):
        return LOGS
    if getattr(callback, "only_reads", False):
        return READS
    return KNOWN_CALLBACKS.get(type(callback), ANYTHING)


def train_stack(members, after_epoch=lambda member: None):
    """Train fits of one structure; members that end keep what came of it.

    Parameters
    ----------
    members : list of Member
    after_epoch : callable (member) -> None, optional
        Called after each epoch of each.

    Raises
    ------
    helpers.lockstep.graph.CannotStackError
        Before anything is trained, and any callback called.
    """
    stack = _Stack(members)
    given = [each for member in members for each in member.fit.given_callbacks]
    try:
        stack.trace()
        with watched_class_state(given):
            for member in members:
                member.begin()
            while stack.training:
                stack.run_epoch(after_epoch)
    except BaseException as error:
        for member in members:
            member.leave(error)
        raise
    finally:
        stack.graph.free()


class _Stack:
    """Models in the slots of a graph; those of members that have ended compute for nobody."""

    def __init__(self, members):
        self.slots = list(members)
        self.rows = _Rows(members, lambda job: job.rows)
        watches = members[0].fit.job.validation is not None
        self.watched = _Rows(members, lambda job: job.validation) if watches else None
        self.state = State.of([member.fit.model for member in members])
        self.fresh_metrics = self.state.metrics
        numbers = [settings_of(member.fit.model) for member in members]
        self.settings = {
            key: tf.constant([each[key] for each in numbers], keras.config.floatx())
            for key in numbers[0]
            if len({each[key] for each in numbers}) > 1
        }
        self._make_graph()
        self.pace = Pace()
        self.steps_per_call, self.fastest_step = FIRST_STEPS, math.inf

    @property
    def training(self):
        """Slots of members that still train."""
        return [slot for slot, member in enumerate(self.slots) if not member.has_ended]

    def trace(self):
        """Trace the graphs, which tells whether the models can be stacked, and run no step."""
        n_models = len(self.slots)
        nothing = np.zeros((0, n_models, 1), "int32"), np.zeros(n_models, bool)
        self._run(self.graph.train, self.state, self.rows, nothing)
        if self.watched is not None:
            self._run(self.graph.evaluate, self.state, self.watched, nothing)

    def run_epoch(self, after_epoch):
        """One epoch of every member that still trains."""
        members = [self.slots[slot] for slot in self.training]
        for member in members:
            member.begin_epoch()
        self._take_over()
        logs = self._pass_over(self.graph.train, self.rows, _training_steps(self))
        if self.watched is not None:
            logs |= {
                f"val_{name}": values
                for name, values in self._pass_over(
                    self.graph.evaluate, self.watched, _watching_steps(self)
                ).items()
            }
        self._hand_over(
            [s for s in self.training if self.slots[s].has_callback_that(READS, ANYTHING)]
        )
        for slot in self.training:
            self.slots[slot].end_epoch({name: values[slot] for name, values in logs.items()})
            after_epoch(self.slots[slot])
        self._take_over()
        self._let_leave()
        self._keep_if_due()
        self._shrink_if_worth_it()

    def note_seconds(self, n_steps, seconds):
        """Learn from how long steps have taken how many the next call may run."""
        self.fastest_step = min(self.fastest_step, seconds / n_steps)
        self.steps_per_call = max(1, int(CALL_SECONDS / self.fastest_step))

    def _pass_over(self, run, rows, steps):
        """Run the steps of an epoch; what the metrics say at its end."""
        state, found = State(*self.state.lists()[:3], self.fresh_metrics), {}
        for index, active in steps:
            state, logs = self._run(run, state, rows, (index + rows.starts[:, None], active))
            for name, values in logs.items():
                values = np.array(values)
                kept = found.get(name, values)
                found[name] = np.where(active.reshape(-1, *[1] * (values.ndim - 1)), values, kept)
        self.state = state
        return found

    def _run(self, run, state, rows, step):
        return run(state, list(self.settings.values()), rows.data, *step)

    def _hand_over(self, slots):
        """Give models what training has made of their variables, for their callbacks to see."""
        if slots:
            numbers = self.state.numbers()
            for slot in slots:
                numbers.assign_to(self.slots[slot].fit.model, slot)

    def _take_over(self):
        """Take what callbacks have set into the stack."""
        for slot in self.training:
            member = self.slots[slot]
            if member.has_callback_that(ANYTHING):
                self.state = self.state.with_variables_of(member.fit.model, slot)
            elif member.has_callback_that(RATE):
                self.state = self.state.with_rate_of(member.fit.model, slot)

    def _let_leave(self):
        leaving = [slot for slot in self.training if self.slots[slot].wants_to_end]
        self._hand_over(leaving)
        for slot in leaving:
            self.slots[slot].end()

    def _keep_if_due(self):
        slots = [s for s in self.training if self.slots[s].fit.job.is_kept_on_the_way]
        if slots and self.pace.is_due():
            with self.pace.keeping():
                self._hand_over(slots)
                for member in (self.slots[slot] for slot in slots):
                    member.fit.keep(member.epoch, member.history_so_far)

    def _shrink_if_worth_it(self):
        """Leave out the slots of members that have ended, if that saves more than tracing costs."""
        kept = self.training
        if not 0 < len(kept) <= SHRINK_AT * len(self.slots) or self._idle_work(kept) <= TRACING:
            return
        self.slots = [self.slots[slot] for slot in kept]
        self.state = self.state.some(kept)
        self.fresh_metrics = [tf.gather(value, kept) for value in self.fresh_metrics]
        self.settings = {key: tf.gather(value, kept) for key, value in self.settings.items()}
        for rows in filter(None, (self.rows, self.watched)):
            rows.starts = rows.starts[kept]
        self.graph.free()
        self._make_graph()
        self.trace()

    def _idle_work(self, kept):
        """What slots of members that have ended would still multiply, and for nobody."""
        jobs = [self.slots[slot].fit.job for slot in kept]
        n_steps = max(
            job.steps_per_epoch * (job.epochs - self.slots[slot].epoch)
            for slot, job in zip(kept, jobs, strict=True)
        )
        a_step = STEP + jobs[0].batch_size * self.graph.multiplications
        return (len(self.slots) - len(kept)) * n_steps * a_step

    def _make_graph(self):
        fit = self.slots[0].fit
        columns = fit.columns(fit.job.rows[:1])
        self.graph = StackedGraph(fit.model, len(self.slots), columns, list(self.settings))


class _Rows:
    """Rows of all members one after the other, equal ones once, and where those of each start."""

    def __init__(self, members, rows_of):
        starts, parts, known, n_rows = [], [], {}, 0
        for member in members:
            rows = rows_of(member.fit.job)
            columns = member.fit.columns(rows)
            key = tuple(digest(np.asarray(each)) for each in keras.tree.flatten(columns))
            if key not in known:
                known[key] = n_rows
                n_rows += len(rows)
                parts.append(columns)
            starts.append(known[key])
        self.starts = np.array(starts, "int32")
        self.data = keras.tree.map_structure(
            lambda *same: tf.constant(np.concatenate(same)), *parts
        )


def _training_steps(stack):
    """Steps of an epoch: whole batches first, then what is left of each member's rows.

    Yields
    ------
    index : ndarray of int32, shape (n_steps, n_models, n_rows)
    active : ndarray of bool, shape (n_models,)
        Whose rows they are; the others' are there to fill the shape.
    """
    size = stack.slots[0].fit.job.batch_size
    n_rows = np.array([member.n_rows for member in stack.slots])
    orders = _orders(stack.slots, n_rows)
    n_whole, n_left = n_rows // size, n_rows % size
    first = 0
    while first < n_whole.max():
        last = min(first + stack.steps_per_call, n_whole[n_whole > first].min())
        steps = orders[:, first * size : last * size].reshape(len(orders), last - first, size)
        began = time.monotonic()
        yield steps.transpose(1, 0, 2), n_whole > first
        stack.note_seconds(last - first, time.monotonic() - began)
        first = last
    for left in sorted(set(n_left) - {0}):
        at = (n_whole * size)[:, None] + np.arange(left)
        index = np.take_along_axis(orders, np.minimum(at, orders.shape[1] - 1), axis=1)
        yield index[None], n_left == left


def _watching_steps(stack):
    """As `_training_steps`, for the validation rows in their order."""
    n_rows = np.array([len(member.fit.job.validation) for member in stack.slots])
    size = stack.slots[0].fit.job.validation_rows_at_once
    for first in range(0, n_rows.max(), size):
        n_here = np.clip(n_rows - first, 0, size)
        for n in sorted(set(n_here) - {0}):
            index = np.minimum(first + np.arange(n), n_rows[:, None] - 1)
            yield index[None].astype("int32"), n_here == n


def _orders(members, n_rows):
    """The order of each member's rows in its present epoch, filled up with zeros."""
    jobs = [member.fit.job for member in members]
    orders = _shuffled(
        tf.constant([job.seed for job in jobs], tf.int64),
        tf.constant([member.epoch for member in members], tf.int64),
        tf.constant(n_rows, tf.int32),
        tf.constant(n_rows.max(), tf.int32),
    ).numpy()
    for place, (job, n) in enumerate(zip(jobs, n_rows, strict=True)):
        if not job.shuffle:
            orders[place, :n] = np.arange(n)
    return orders


@tf.function(autograph=False, input_signature=[
    tf.TensorSpec([None], tf.int64), tf.TensorSpec([None], tf.int64),
    tf.TensorSpec([None], tf.int32), tf.TensorSpec([], tf.int32),
])  # fmt: skip
def _shuffled(seeds, epochs, n_rows, most):
    def one(each):
        seed, epoch, n = each
        order = tf.random.experimental.stateless_shuffle(tf.range(n), seed=tf.stack([seed, epoch]))
        return tf.pad(order, [[0, most - n]])

    return tf.map_fn(one, (seeds, epochs, n_rows), fn_output_signature=tf.int32)
