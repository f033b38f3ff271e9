"""What every Keras fit started from, saw and did.

A search reports scores. `FitRecorder` reports, for each `keras.Model.fit` that the search caused,
what the scores rest on:

>>> import numpy as np
>>> from helpers.quiet import keras
>>> from helpers.recorder import FitRecorder
>>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
>>> model.compile("sgd", "mse")
>>> X, y = np.ones((8, 2)), np.zeros(8)
>>> with FitRecorder() as recorder:
...     for fold in range(2):
...         _ = model.fit(X, y, epochs=3, verbose=0)
>>> recorder.to_frame()[["iterations_start", "epochs_asked", "epochs_run"]].to_dict("list")
{'iterations_start': [0, 3], 'epochs_asked': [3, 3], 'epochs_run': [3, 3]}
>>> recorder.shared_starts()[["fit", "from_fit"]].to_dict("list")
{'fit': [1], 'from_fit': [0]}

It observes and never judges: whether going on from another fit's weights is a fault (a leak) or
what was asked for (`warm_start`) is for the reader of the table to say.

A fit is seen when it goes through `keras.Model.fit` in this process (SciKeras, `keras.wrappers`,
plain loops, threads), or is trained by joblib's backend "lockstep". What joblib would hand to
worker processes (``n_jobs=2``) is run in this one instead, and a warning says so. Not seen are fits
on a Dask cluster, loops over `train_on_batch`, and classes whose own `fit` never calls Keras's.
"""

import contextlib
import functools
import inspect
import math
import threading
import time
import warnings
import weakref

import numpy as np
import pandas as pd
from joblib import parallel

from helpers.asked_logs import asked_by
from helpers.digests import row_digests, variable_digests
from helpers.fit_record import FitRecord
from helpers.model_facts import callback_facts, model_facts, tables_held
from helpers.quiet import keras, tf
from helpers.training import current_job, observers

__all__ = ["FitRecorder"]

_COLUMNS = {
    "fit": "int64",
    "model_id": "int64",
    "optimizer_id": "Int64",
    "callbacks": "object",
    "start_digest": "object",
    "end_digest": "object",
    "iterations_start": "Int64",
    "iterations_end": "Int64",
    "epochs_asked": "int64",
    "epochs_run": "int64",
    "stopped_early": "bool",
    "steps": "Int64",
    "learning_rate_given": "float64",
    "learning_rate_start": "float64",
    "learning_rate_end": "float64",
    "n_rows": "Int64",
    "rows_digest": "object",
    "n_val_rows": "Int64",
    "val_rows_digest": "object",
    "val_rows_trained_on": "Int64",
    "loss_first": "float64",
    "loss_last": "float64",
    "seconds": "float64",
    "error": "object",
}


class FitRecorder:
    """Record every `keras.Model.fit` of a ``with`` block.

    Recorders may be nested and shared by threads; each sees all fits of the process while its
    block runs. `keras.Model.fit` is what it was before when the last one ends, after an
    exception too.

    Attributes
    ----------
    fits : list of FitRecord
        In the order in which the fits began.

    Examples
    --------
    >>> with FitRecorder() as recorder:
    ...     pass  # search.fit(X, y)
    >>> len(recorder.to_frame())
    0
    """

    def __init__(self):
        self.fits = []

    def __enter__(self):
        _PATCH.add(self)
        return self

    def __exit__(self, *exception):
        _PATCH.remove(self)

    def to_frame(self):
        """One row per fit.

        Returns
        -------
        pandas.DataFrame
            ``model_id``, ``optimizer_id`` number the objects in the order of appearance;
            ``callbacks`` reads ``"EarlyStopping#0"``: the same number in two rows is the same
            object. ``val_rows_trained_on``: validation rows that are training rows as well.
            The other columns are fields of `FitRecord`.
        """
        rows = [
            {name: getattr(record, name, None) for name in _COLUMNS}
            | {"fit": position, "callbacks": callbacks}
            for position, (record, callbacks) in enumerate(
                zip(self.fits, self._callback_names(), strict=True)
            )
        ]
        frame = pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object).astype(_COLUMNS)
        for name in ("model_id", "optimizer_id"):
            known = frame[name].notna()
            frame.loc[known, name] = pd.factorize(frame.loc[known, name])[0]
        return frame

    def curves(self):
        """What Keras logged: one row per fit, epoch (from 1) and metric.

        Returns
        -------
        pandas.DataFrame
            Columns ``fit``, ``epoch``, ``metric``, ``value``.
        """
        rows = [
            (position, epoch, metric, value)
            for position, record in enumerate(self.fits)
            for metric, values in record.history.items()
            for epoch, value in enumerate(values, start=1)
        ]
        return pd.DataFrame(rows, columns=["fit", "epoch", "metric", "value"])

    def shared_starts(self):
        """Fits that started from weights which an earlier fit had trained.

        Compared variable by variable: new models around one shared layer differ as a whole.
        Only weights that the earlier fit changed count, so a frozen base, biases that start at
        zero and initialisers with one seed are no match.

        Returns
        -------
        pandas.DataFrame
            One row per fit and earlier fit: ``fit``, ``from_fit``, ``n_shared`` of ``n_weights``
            variables, ``same_model`` (one model object), ``variables`` (their paths, a tuple).
            A weight left alone since is counted for the fit that trained it last.
        """
        found, trained_by = [], {}
        for position, record in enumerate(self.fits):
            sources = {}
            for path, digest in (record.start or {}).items():
                if digest in trained_by:
                    sources.setdefault(trained_by[digest], []).append(path)
            found += [self._shared(position, source, paths) for source, paths in sources.items()]
            trained_by |= dict.fromkeys(record.trained.values(), position)
        columns = ["fit", "from_fit", "n_shared", "n_weights", "same_model", "variables"]
        return pd.DataFrame(found, columns=columns)

    def starts(self):
        """Where each fit's weights came from, variable by variable, as `figures.plot_starts` draws.

        Returns
        -------
        pandas.DataFrame
            One row per fit and variable: ``fit``, ``variable`` (its path), ``position`` in its
            model, ``from_fit``: the earlier fit that trained this very value, or missing.
        """
        shared = {
            (row.fit, path): row.from_fit
            for row in self.shared_starts().itertuples()
            for path in row.variables
        }
        rows = [
            (fit, path, position, shared.get((fit, path)))
            for fit, record in enumerate(self.fits)
            for position, path in enumerate(record.start or {})
        ]
        table = pd.DataFrame(rows, columns=["fit", "variable", "position", "from_fit"])
        return table.astype({"from_fit": "Int64"})

    def _shared(self, position, source, paths):
        record, earlier = self.fits[position], self.fits[source]
        same_model = record.model_id == earlier.model_id
        return (position, source, len(paths), len(record.start), same_model, tuple(paths))

    def _callback_names(self):
        numbers = {}
        return [
            ", ".join(
                f"{name}#{numbers.setdefault(identity, len(numbers))}"
                for name, identity in record.callbacks
            )
            for record in self.fits
        ]


class _Patch:
    """The replacement of `keras.Model.fit`, in place while any recorder listens."""

    def __init__(self):
        self.lock = threading.Lock()
        self.listeners = ()

    def add(self, recorder):
        with self.lock:
            if any(each is recorder for each in self.listeners):
                raise RuntimeError("This FitRecorder is recording already; nest a second one.")
            if not self.listeners:
                self._install()
            self.listeners = (*self.listeners, recorder)

    def remove(self, recorder):
        with self.lock:
            self.listeners = tuple(each for each in self.listeners if each is not recorder)
            if not self.listeners:
                self._restore()

    def _install(self):
        # The class that defines `fit`: a method put on Model itself would hide later patches of it.
        self.owner = next(each for each in keras.Model.__mro__ if "fit" in vars(each))
        self.original = original = vars(self.owner)["fit"]

        @functools.wraps(original)
        def fit(model, *args, **kwargs):
            listeners = self.listeners
            if not listeners:  # a bound method that outlived the block
                return original(model, *args, **kwargs)
            return _recorded_fit(original, listeners, model, args, kwargs)

        self.replacement = fit
        self.owner.fit = fit
        observers.append(_observed)
        self.backends = {name: parallel.BACKENDS[name] for name in _PROCESSES}
        parallel.BACKENDS.update(dict.fromkeys(_PROCESSES, _InThisProcess))

    def _restore(self):
        observers.remove(_observed)
        parallel.BACKENDS.update(self.backends)
        # Patched again by someone else meanwhile: theirs calls ours, which is inert by now.
        if vars(self.owner)["fit"] is self.replacement:
            self.owner.fit = self.original


class _InThisProcess(parallel.SequentialBackend):
    """What joblib finds instead of worker processes, whose fits nobody here would see."""

    uses_threads = False  # so that joblib takes threads where they are asked for

    def configure(self, n_jobs=1, **more):
        if n_jobs not in (None, 1):
            warnings.warn(
                f"n_jobs={n_jobs} is run as n_jobs=1 while a FitRecorder records: it sees the fits "
                "of this process only",
                stacklevel=2,
            )
        return super().configure(n_jobs, **more)


_PATCH = _Patch()
#: Joblib's backends of worker processes.
_PROCESSES = ("loky", "multiprocessing")
_SIGNATURE = inspect.signature(keras.Model.fit)


def _recorded_fit(original, listeners, model, args, kwargs):
    signature = inspect.signature(original)
    if (
        "x" not in signature.parameters
    ):  # somebody's function over Keras' own, without its signature
        signature = _SIGNATURE
    call = signature.bind(model, *args, **kwargs)
    call.apply_defaults()
    record = _new_record(model, call.arguments)
    for recorder in listeners:
        recorder.fits.append(record)
    began = time.perf_counter()
    with _watching(record, model, call.arguments):
        try:
            return original(*call.args, **call.kwargs)
        except BaseException as error:
            record.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            record.seconds = time.perf_counter() - began
            _note_end(record, model)


@contextlib.contextmanager
def _observed(fit):
    """Record a fit that is trained otherwise than by `keras.Model.fit`, in a stack of fits."""
    job, model = fit.job, fit.model
    record = _record(model, job.epochs, fit.callbacks, *_rows_of_job(job))
    for recorder in _PATCH.listeners:
        recorder.fits.append(record)
    watcher, began = _Watcher(record, model, list(fit.callbacks)), time.perf_counter()
    fit.callbacks.append(watcher)
    try:
        with watcher.listening:
            yield
    except BaseException as error:
        record.error = f"{type(error).__name__}: {error}"
        raise
    finally:
        fit.callbacks.remove(watcher)
        record.seconds = time.perf_counter() - began
        _note_end(record, model)


def _new_record(model, arguments):
    epochs = max(0, arguments["epochs"] - arguments["initial_epoch"])
    record = _record(model, epochs, _callbacks(arguments["callbacks"]), *_rows(arguments))
    job = current_job.get()
    record.batch_size = arguments["batch_size"] if job is None else job.batch_size
    record.initial_epoch = arguments["initial_epoch"]
    if arguments["validation_data"] is None:
        record.validation_split = float(arguments["validation_split"] or 0)
    return record


def _record(model, epochs_asked, callbacks, rows, targets):
    optimizer = getattr(model, "optimizer", None)
    return FitRecord(
        model_id=_IDENTITIES.number(model),
        optimizer_id=None if optimizer is None else _IDENTITIES.number(optimizer),
        callbacks=[(type(each).__name__, _IDENTITIES.number(each)) for each in callbacks],
        epochs_asked=epochs_asked,
        train_rows=rows[0],
        val_rows=rows[1],
        train_targets=targets[0],
        val_targets=targets[1],
        learning_rate_given=_learning_rate(optimizer),
    )


def _rows(arguments):
    """Digests of the rows of a call of `fit`, those that train and those that validate, and the
    same of their targets."""
    job = current_job.get()
    if job is not None and isinstance(arguments["x"], tf.data.Dataset):
        return _rows_of_job(job)
    told = [row_digests(arguments[name]) for name in ("x", "y")]
    validation = arguments["validation_data"]
    if validation is not None:
        parts = validation if isinstance(validation, tuple | list) else (validation,)
        held = [row_digests(each) for each in (*parts, None)[:2]]
        return tuple(zip(told, held, strict=True))
    if arguments["validation_split"]:
        return tuple(_cut(each, arguments["validation_split"]) for each in told)
    return tuple((each, None) for each in told)


def _rows_of_job(job):
    held = job.validation
    return tuple(
        (row_digests(getattr(job.rows, name)), row_digests(getattr(held, name, None)))
        for name in ("X", "y")
    )


def _cut(rows, validation_split):
    """As Keras does: the last rows validate."""
    if rows is None:
        return None, None
    cut = math.floor(len(rows) * (1.0 - validation_split))
    return rows[:cut], rows[cut:]


@contextlib.contextmanager
def _watching(record, model, arguments):
    """Add a `_Watcher` behind the caller's callbacks, which it leaves as they were."""
    callbacks = arguments["callbacks"]
    watcher = _Watcher(record, model, list(_callbacks(callbacks)))
    with watcher.listening:
        if not isinstance(callbacks, keras.callbacks.CallbackList):
            arguments["callbacks"] = [*_callbacks(callbacks), watcher]
            yield
            return
        callbacks.callbacks.append(watcher)
        try:
            yield
        finally:
            callbacks.callbacks.remove(watcher)


def _callbacks(callbacks):
    if isinstance(callbacks, keras.callbacks.CallbackList):
        return callbacks.callbacks
    return keras.tree.flatten(callbacks) if callbacks else []


class _Watcher(keras.callbacks.Callback):
    """Notes what only callbacks see. No batch hooks: they would slow training down."""

    def __init__(self, record, model, others=()):
        super().__init__()
        self.record, self.watched, self.others = record, model, others
        self.holds_rows = any(map(tables_held, others))
        self.only_logs = not self.holds_rows  # in a stack of fits it needs nothing of the model
        self.weights, self.first_ended = None, None
        self.listening, self.asked = contextlib.ExitStack(), []

    def on_train_begin(self, logs=None):
        self.record.steps = (self.params or {}).get("steps")
        self.record.facts = model_facts(self.watched)
        self.record.callback_facts = [callback_facts(each) for each in self.others]
        self.asked = [self.listening.enter_context(asked_by(each)) for each in self.others]
        _note_start(self.record, self.watched)

    def on_epoch_begin(self, epoch, logs=None):
        if self.record.epochs_run == 0:
            self.record.first_epoch = epoch - self.record.initial_epoch
            self.record.learning_rate_start = _learning_rate(self.watched.optimizer)

    def on_epoch_end(self, epoch, logs=None):
        self.record.epochs_run += 1
        now, n_more = time.perf_counter(), self.record.epochs_run - 1
        if n_more:
            self.record.epoch_seconds = (now - self.first_ended) / n_more
        else:
            self.first_ended = now
            self.record.iterations_first = _iterations(self.watched)
        for name, value in (logs or {}).items():
            self.record.history.setdefault(name, []).append(float(value))
        for facts, each in zip(self.record.callback_facts, self.others, strict=False):
            if hasattr(each, "monitor") and hasattr(each, "best"):  # of Keras' own, None till then
                facts["saw_monitor"] = each.best is not None
        for facts, asked in zip(self.record.callback_facts, self.asked, strict=False):
            if asked is not None:
                facts["asked_in_vain"] = [] if asked.is_answered else sorted(asked.names)
        if self.holds_rows:
            self.weights = variable_digests(self.watched.weights)

    def on_train_end(self, logs=None):  # the others' came before
        if self.weights is not None:
            now = variable_digests(self.watched.weights)
            self.record.weights_put_back = now != self.weights


def _note_start(record, model):
    record.start, record.optimizer_start, record.iterations_start = _state(model)


def _note_end(record, model):
    record.end, record.optimizer_end, record.iterations_end = _state(model)
    record.is_finite = all(map(_is_finite, model.weights))
    record.stop_training = bool(getattr(model, "stop_training", False))
    record.learning_rate_end = _learning_rate(getattr(model, "optimizer", None))
    if record.start is None:  # it raised before training began: nothing has changed
        record.start = record.end
        record.optimizer_start = record.optimizer_end
        record.iterations_start = record.iterations_end


def _state(model):
    optimizer = getattr(model, "optimizer", None)
    weights = variable_digests(model.weights)
    if optimizer is None:
        return weights, {}, None
    return weights, variable_digests(optimizer.variables), _iterations(model)


def _iterations(model):
    optimizer = getattr(model, "optimizer", None)
    return None if optimizer is None else int(optimizer.iterations)


def _is_finite(weight):
    values = weight.value.numpy()
    return not np.issubdtype(values.dtype, np.floating) or bool(np.isfinite(values).all())


def _learning_rate(optimizer):
    rate = getattr(optimizer, "learning_rate", math.nan)
    return float(keras.ops.convert_to_tensor(rate))


class _Identities:
    """Numbers for objects. `id` alone is given to a new object once the old one is gone."""

    def __init__(self):
        self.lock = threading.Lock()
        self.known = {}
        self.count = 0

    def number(self, thing):
        with self.lock:
            reference, number = self.known.get(id(thing), (None, None))
            if reference is None or reference() is not thing:
                number = self.count
                self.count += 1
                self.known[id(thing)] = (weakref.ref(thing), number)
            return number


_IDENTITIES = _Identities()
