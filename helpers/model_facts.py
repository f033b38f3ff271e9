"""What can be read off a Keras model and its callbacks before a fit begins."""

import functools
import hashlib
import json
import re
import warnings

import numpy as np

from helpers.digests import row_digests
from helpers.quiet import keras

__all__ = ["callback_facts", "has_own_rule", "is_plain", "model_facts", "tables_held"]

_SETTINGS = (
    "monitor", "patience", "min_delta", "mode", "start_from_epoch", "restore_best_weights",
    "save_best_only", "baseline",
)  # fmt: skip
_NAMES = ("name", "seed", "build_config", "registered_name", "module", "shared_object_id")
#: A layer reads these when it makes its variables, which have them from then on; what is set later
#: does nothing.
_OF_VARIABLES = tuple(
    f"{of}_{what}"
    for of in ("kernel", "bias", "beta", "gamma", "embeddings", "recurrent", "depthwise",
               "pointwise")
    for what in ("regularizer", "constraint")
)  # fmt: skip
#: A learning rate of so small a share of the largest moves nothing.
_SPENT = 0.01
#: What Keras puts on every callback, and what is no state of it.
_NOT_STATE = ("model", "_model", "params", "validation_data", "record", "watched")


def model_facts(model):
    """The configuration that decides how a model trains.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    dict
        ``architecture`` and ``optimizer``: digests of configurations without names and seeds;
        ``numbers``: of each of the two, a digest of what is no number in it, and the numbers;
        ``schedule_ends``: updates after which a schedule of Keras' own has brought the learning
        rate to less than a hundredth for good, or None; ``optimizer_class``; ``steps_per_update``:
        batches whose gradients it adds up before it moves; ``own_step``: whether the model's class
        trains by a `train_step` of its own; ``shapes``: digest of the shapes of its weights;
        ``loss``; ``outputs``: ``(units, activation)`` of the last layer, or None; ``batch_norm``:
        momentum of each batch normalisation; ``adapted``: mean and variance of each `Normalization`
        layer that holds statistics, adapted or given.
    """
    optimizer = getattr(model, "optimizer", None)
    layers = list(model._flatten_layers(include_self=False))
    weights = [_shape(each) for each in model.weights]
    told = {"architecture": [_config(model), *weights], "optimizer": [_config(optimizer)]}
    return {
        **{name: _digest(*each) for name, each in told.items()},
        "numbers": {name: _numbers(each) for name, each in told.items()},
        "schedule_ends": _schedule_ends(optimizer),
        "optimizer_class": type(optimizer).__name__,
        "steps_per_update": int(getattr(optimizer, "gradient_accumulation_steps", None) or 1),
        "own_step": type(model).train_step is not keras.Model.train_step,
        "shapes": _digest(*(tuple(each.shape) for each in model.weights)),
        "loss": _name_of(getattr(model, "loss", None)),
        "from_logits": bool(getattr(getattr(model, "loss", None), "from_logits", False))
        or "'from_logits': True" in repr(getattr(getattr(model, "loss", None), "_fn_kwargs", "")),
        "outputs": _outputs(layers),
        "batch_norm": [
            float(each.momentum)
            for each in layers
            if isinstance(each, keras.layers.BatchNormalization)
        ],
        "adapted": [
            (np.array(each.mean), np.array(each.variance))
            for each in layers
            if isinstance(each, keras.layers.Normalization)
            and getattr(each, "mean", None) is not None
        ],
    }


def _schedule_ends(optimizer):
    """Of Keras' own schedules: a user's may count how often it is asked."""
    schedule = getattr(optimizer, "_learning_rate", None)
    kind = type(schedule)
    is_schedule = isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule)
    if not is_schedule or kind.__module__.partition(".")[0] != "keras":
        return None
    return _ends(kind, json.dumps(schedule.get_config(), sort_keys=True, default=float))


@functools.lru_cache(maxsize=64)  # the fits of a search have one schedule, or a few
def _ends(kind, config):
    schedule = kind.from_config(json.loads(config))
    steps = np.unique(np.geomspace(1, 1e6, 80).round().astype(int)) - 1
    rates = np.array([float(schedule(int(step))) for step in steps])
    acts = np.flatnonzero(rates > _SPENT * rates.max())
    return int(steps[acts[-1] + 1]) if len(acts) and acts[-1] + 1 < len(steps) else None


def callback_facts(callback):
    """Settings and present state of a callback.

    Returns
    -------
    dict
        ``name``; ``settings`` (``monitor``, ``patience`` ...); ``state``: digest of each
        attribute of the object and of its class that may change; ``rows``: digests of rows that a
        callback of the user's own holds, or None; ``has_own_rule``: see `has_own_rule`.
    """
    state = {
        name: _digest(value)
        for name, value in vars(callback).items()
        if name not in _NOT_STATE and is_plain(value)
    }
    for cls in type(callback).__mro__:
        if cls.__module__.split(".")[0] in ("keras", "builtins"):
            continue
        state |= {
            f"{cls.__qualname__}.{name}": _digest(value)
            for name, value in vars(cls).items()
            if not name.startswith("__") and is_plain(value)
        }
    return {
        "name": type(callback).__name__,
        "settings": {
            name: getattr(callback, name) for name in _SETTINGS if hasattr(callback, name)
        },
        "state": state,
        "rows": _rows_held(callback),
        "has_own_rule": has_own_rule(callback),
    }


def has_own_rule(callback):
    """Whether a callback is of the user's own and has no patience: it may end a fit by some rule.

    Parameters
    ----------
    callback : keras.callbacks.Callback

    Returns
    -------
    bool
    """
    owners = {cls.__module__.partition(".")[0] for cls in type(callback).__mro__[:-1]}
    return not hasattr(callback, "patience") and bool(owners - {"keras", "helpers"})


def tables_held(callback):
    """Tables and arrays of rows that a callback of the user's own keeps.

    Parameters
    ----------
    callback : keras.callbacks.Callback

    Returns
    -------
    list of array-like
    """
    if type(callback).__module__.split(".")[0] == "keras":
        return []
    return [
        each
        for name, value in vars(callback).items()
        if name not in _NOT_STATE or name == "validation_data"
        for each in (value if isinstance(value, tuple | list) else [value])
        if len(getattr(each, "shape", ())) > 1
    ]


def _rows_held(callback):
    held = [row_digests(each) for each in tables_held(callback)]
    held = [each for each in held if each is not None]
    return np.concatenate(held) if held else None


def _config(thing):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns of lambdas; nothing is stored here
            return _without_names(thing.get_config())
    except (NotImplementedError, TypeError, ValueError, AttributeError):
        # A subclassed model need not say what it is made of; the shapes of its weights do.
        return type(thing).__name__


def _without_names(value):
    if isinstance(value, dict):
        return {
            key: _without_names(each)
            for key, each in value.items()
            if key not in _NAMES
            and not key.startswith("keras_history")
            and not key.endswith(_OF_VARIABLES)
        }
    if isinstance(value, list | tuple):
        return [_without_names(each) for each in value]
    if isinstance(value, str):  # layers name each other: dense_12
        return re.sub(r"_\d+$", "", value)
    return value


def _numbers(configuration):
    """A digest of all but the numbers, and these in their order."""
    numbers = []

    def apart(value):
        if isinstance(value, dict):
            return {key: apart(value[key]) for key in sorted(value, key=str)}
        if isinstance(value, list | tuple):
            return [apart(each) for each in value]
        if isinstance(value, int | float | np.number) and not isinstance(value, bool):
            numbers.append(float(value))
            return "number"
        return value

    rest = _digest(apart(configuration))
    return rest, tuple(numbers)


def _digest(*things):
    text = json.dumps(things, sort_keys=True, default=_described)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _described(value):
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return [str(value.dtype), value.shape, hashlib.blake2b(value.tobytes()).hexdigest()]
    if callable(value):
        return getattr(value, "__qualname__", type(value).__qualname__)
    return type(value).__qualname__


def is_plain(value):
    """Whether it can be told by its contents: numbers, text, arrays, and what holds only them."""
    if isinstance(value, dict):
        return all(is_plain(each) for each in value.values())
    if isinstance(value, list | tuple | set):
        return all(is_plain(each) for each in value)
    return value is None or isinstance(value, bool | int | float | str | np.generic | np.ndarray)


def _shape(variable):
    """Of a frozen variable, what is set on it changes nothing."""
    names = ("constraint", "regularizer") if variable.trainable else ()
    set_on_it = (getattr(variable, name, None) for name in names)
    return [list(variable.shape), bool(variable.trainable), *map(_config, filter(None, set_on_it))]


def _name_of(loss):
    return loss if isinstance(loss, str) else getattr(loss, "name", type(loss).__name__)


def _outputs(layers):
    for layer in reversed(layers):
        if hasattr(layer, "units"):
            activation = getattr(layer, "activation", None)
            return int(layer.units), getattr(activation, "__name__", str(activation))
    return None
