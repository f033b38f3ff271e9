"""What fits of a diagnosis start from: kept, put back, or changed for a counterfactual."""

import functools
import inspect
import weakref
from contextlib import contextmanager

import numpy as np

from helpers.diagnosis.outside import Outside, held_by, put_back
from helpers.diagnosis.subject import rows_of
from helpers.digests import digest, is_constant, row_digests
from helpers.model_facts import has_own_rule
from helpers.quiet import keras

__all__ = ["Starts"]

#: First values of weights are kept up to here; beyond, weights of earlier fits stay as they are.
_MOST_BYTES = 2**28
#: Of a stopper, what is changed to make it patient, and what Keras makes of it in the first fit.
_OF_A_STOPPER = ("patience", "min_delta", "baseline", "monitor", "mode", "monitor_op")
#: What Keras puts on a callback for one fit.
_NOT_STATE = ("params", "_model", "record")


class Starts:
    """Watches `keras.Model.fit` and can make a fit start fresh, or train for longer.

    While its block runs, every variable, optimizer and callback that a fit meets is remembered as
    it was first met. At the end of the block all of them are put back, and what users' code holds
    outside of its fits.

    Parameters
    ----------
    outside : Outside, default=None
        What it held before the block.
    """

    def __init__(self, outside=None):
        self.outside = Outside() if outside is None else outside
        # What only a fit of the block holds is gone with it: models are not kept for their sake.
        self.first, self.callbacks = _Firsts(), _Firsts()
        self.origin, self.n_bytes = {}, 0
        self.is_fresh, self.most_epochs, self.common = False, None, None
        self.hidden, self.n_hidden = None, 0
        #: By shapes of the weights, what the latest fit of a model like that began and ended with.
        self.latest = {}
        self.epochs_factor, self.epochs_on_top, self.patience_factor = 1, False, 1
        self.watch_loss, self.schedule_factor = False, 1

    def __enter__(self):
        self.owner = next(each for each in keras.Model.__mro__ if "fit" in vars(each))
        self.original = original = vars(self.owner)["fit"]
        signature = inspect.signature(original)

        def fit(model, *args, **kwargs):
            call = signature.bind(model, *args, **kwargs)
            call.apply_defaults()
            return self._fit(original, model, call)

        fit.__signature__ = signature
        self.owner.fit = fit
        return self

    def __exit__(self, *exception):
        self.owner.fit = self.original
        for variable, value in self.first:
            variable.assign(value)
        self._reset_callbacks()
        self.outside.put_back()

    @contextmanager
    def changed(self, **settings):
        """Fits of the block start fresh (``is_fresh``) or train for longer.

        Parameters
        ----------
        **settings
            ``is_fresh``: no weights, optimizer, callback state of an earlier fit, nor what it left
            on classes and in modules.
            ``epochs_factor``: so many times the epochs. ``most_epochs``: no more than these.
            ``epochs_on_top``: where ``initial_epoch`` leaves none, as many as ``epochs`` says.
            ``patience_factor``: so many times the patience of each early stopping, to which every
            gain then counts as one, and no other callback ends a fit. ``watch_loss``: these watch
            the loss instead of a metric.
            ``schedule_factor``: learning rate schedules are read at so many times the step.
            ``hidden``: digests of rows that no fit may validate on; counted in ``n_hidden``.
            ``common``, a list that is empty at first: all fits of the block start from the weights
            and the random state of the first, as far as they have the same variables.
        """
        before = {name: getattr(self, name) for name in settings}
        carried = [(thing, _state(thing)) for thing, _ in self.callbacks]
        carried_outside = self.outside.held()
        vars(self).update(settings)
        try:
            yield
        finally:
            vars(self).update(before)
            if settings.get("is_fresh"):  # later fits do not go on from a fresh one
                _put_back(carried)
                self.outside.put_back(carried_outside)

    def begin(self):
        """An estimator is about to be fitted."""
        if self.is_fresh:
            self.outside.put_back()

    def _fit(self, original, model, call):
        _build_optimizer(model)
        variables = _variables(model)
        given = call.arguments["callbacks"]
        callbacks = list(getattr(given, "callbacks", None) or keras.tree.flatten(given or []))
        for callback in callbacks:
            self._meet(callback)
        for variable in variables:
            self.first.meet(variable, _value)
        if self.is_fresh:
            self._reset_callbacks()
            self._reset(model, variables)
        if self.common is not None:
            self._start_alike(model)
        starts = [_value(variable) for variable in model.variables]
        self._change_epochs(call)
        if self.hidden is not None:
            self._hide(call)
        with (
            self._patient(model, callbacks, call),
            _slower(getattr(model, "optimizer", None), self.schedule_factor),
        ):
            try:
                return original(*call.args, **call.kwargs)
            finally:
                self._note(model, starts)

    def _reset(self, model, variables):
        optimizer = getattr(model, "optimizer", None)
        own = {id(each) for each in model.variables}
        for variable in variables:
            if id(variable) in own:
                value = self.origin.get(digest(_value(variable)))
                if value is not None and value.shape == tuple(variable.shape):
                    variable.assign(value)
            elif optimizer is not None:
                variable.assign(self.first.of(variable))

    def _start_alike(self, model):
        """A layer that is built and not used draws a seed, too: others then start otherwise."""
        if not self.common:
            self.common += [_value(variable) for variable in model.variables]
        shapes = [value.shape for value in self.common]
        if [tuple(variable.shape) for variable in model.variables] == shapes:
            for variable, value in zip(model.variables, self.common, strict=True):
                variable.assign(value)
        keras.utils.set_random_seed(0)

    def _note(self, model, starts):
        """Remember what the trained weights came from; of a chain of fits, its very start."""
        ends = [_value(variable) for variable in model.variables]
        if sum(end.nbytes for end in ends) <= _MOST_BYTES / 16:
            self.latest[tuple(end.shape for end in ends)] = starts, ends
        for end, start in zip(ends, starts, strict=False):
            fingerprint = digest(end)
            if is_constant(fingerprint) or self.n_bytes > _MOST_BYTES or np.array_equal(start, end):
                continue
            self.origin.setdefault(fingerprint, self.origin.get(digest(start), start))
            self.n_bytes += start.nbytes

    def _change_epochs(self, call):
        before = call.arguments["initial_epoch"]
        epochs = call.arguments["epochs"] - before
        if epochs <= 0:  # Keras then trains nothing
            call.arguments["epochs"] += before if self.epochs_on_top else 0
            return
        epochs *= self.epochs_factor
        if self.most_epochs is not None:
            epochs = min(epochs, self.most_epochs)
        call.arguments["epochs"] = before + max(1, round(epochs))

    def _hide(self, call):
        """Leave rows out of validation data that come as arrays."""
        given = call.arguments["validation_data"]
        if not isinstance(given, tuple | list) or any(not hasattr(each, "shape") for each in given):
            return
        rows = row_digests(given[0])
        kept = np.flatnonzero(~np.isin(rows, self.hidden)) if rows is not None else ()
        if 1 < len(kept) < len(rows):
            self.n_hidden += len(rows) - len(kept)
            call.arguments["validation_data"] = tuple(rows_of(each, kept) for each in given)

    @contextmanager
    def _patient(self, model, callbacks, call):
        if self.patience_factor == 1:
            yield
            return
        given = call.arguments["callbacks"]
        if any(map(has_own_rule, callbacks)) and not hasattr(given, "callbacks"):
            call.arguments["callbacks"] = [*callbacks, _GoesOn(model, callbacks)]
        stoppers = [each for each in callbacks if hasattr(each, "patience")]
        before = [
            {name: getattr(each, name) for name in _OF_A_STOPPER if hasattr(each, name)}
            for each in stoppers
        ]
        for each in stoppers:
            each.patience = max(1, each.patience) * self.patience_factor
            if hasattr(each, "min_delta"):
                each.min_delta = 0
            if hasattr(each, "baseline"):
                each.baseline = None
            if self.watch_loss and hasattr(each, "restore_best_weights"):
                each.monitor = "val_loss" if each.monitor.startswith("val_") else "loss"
                each.mode, each.monitor_op = "min", None
        try:
            yield
        finally:
            for each, settings in zip(stoppers, before, strict=True):
                vars(each).update(settings)

    def _meet(self, callback):
        self.callbacks.meet(callback, _state)
        for cls in type(callback).__mro__:
            if cls.__module__.split(".")[0] not in ("keras", "builtins", "helpers"):
                self.callbacks.meet(cls, _state)

    def _reset_callbacks(self):
        _put_back(self.callbacks)


class _Slower(keras.optimizers.schedules.LearningRateSchedule):
    """Another schedule, read at a share of the step."""

    def __init__(self, schedule, factor):
        self.schedule, self.factor = schedule, factor

    def __call__(self, step):
        return self.schedule(keras.ops.cast(step, "float32") * self.factor)

    def get_config(self):
        return {"schedule": self.schedule, "factor": self.factor}


@contextmanager
def _slower(optimizer, factor):
    """Its schedule, if it has one, is another for the time of a fit."""
    schedule = getattr(optimizer, "_learning_rate", None)
    if factor == 1 or not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        yield
        return
    optimizer._learning_rate = _Slower(schedule, factor)
    try:
        yield
    finally:
        optimizer._learning_rate = schedule


class _GoesOn(keras.callbacks.Callback):
    """Comes after all others, and lets early stopping alone end a fit."""

    only_logs = True  # in a stack of fits it needs nothing of the weights

    def __init__(self, model, others):
        super().__init__()
        self.watched, self.others = model, others

    def on_epoch_end(self, epoch, logs=None):
        is_number = np.isfinite((logs or {}).get("loss", 0.0))
        if is_number and not any(getattr(each, "stopped_epoch", 0) for each in self.others):
            self.watched.stop_training = False


def _put_back(states):
    for thing, state in states:
        put_back(state, functools.partial(setattr, thing))


class _Firsts:
    """What things were when they were first met, for as long as there are these things."""

    def __init__(self):
        self.known = {}

    def __iter__(self):
        living = [(reference(), value) for reference, value in list(self.known.values())]
        return iter([pair for pair in living if pair[0] is not None])

    def meet(self, thing, look):
        if id(thing) not in self.known:
            forget = functools.partial(self._forget, id(thing))
            self.known[id(thing)] = (weakref.ref(thing, forget), look(thing))

    def of(self, thing):
        return self.known[id(thing)][1]

    def _forget(self, identity, _):
        self.known.pop(identity, None)


def _state(thing):
    namespace = {name: each for name, each in vars(thing).items() if name not in _NOT_STATE}
    return held_by(namespace)


def _value(variable):
    """A copy: what Keras gives may share the variable's memory."""
    return np.array(keras.ops.convert_to_numpy(variable))


def _build_optimizer(model):
    """As the fit itself would: what an optimizer holds before its first update is met too."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and model.built and not optimizer.built:
        optimizer.build(model.trainable_variables)


def _variables(model):
    optimizer = getattr(model, "optimizer", None)
    return [*model.variables, *(optimizer.variables if optimizer is not None else ())]
