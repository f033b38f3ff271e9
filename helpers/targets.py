"""Gives targets the form that a compiled model's loss wants, and reads its outputs back."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from helpers.quiet import keras

PROBABILITY_ACTIVATIONS = ("sigmoid", "softmax")


@dataclass(frozen=True)
class Head:
    """One of several outputs of a model; where targets are encoded, it stands for a model.

    Parameters
    ----------
    loss : str, function, keras.losses.Loss or None
        What the model is compiled with for this output.
    layers : list of keras.layers.Layer
        The layer that the output comes from, if that is known.
    """

    loss: Any
    layers: list


def heads(model, outputs):
    """Pair each output with what encodes its targets: a `Head`, or the model if it is the only one.

    Parameters
    ----------
    model : keras.Model
        Compiled or not.
    outputs : tensor, or list or dict of tensors
        What the model returns for a row or more.

    Returns
    -------
    list of tuple (Head or keras.Model, tensor)
    """
    if not isinstance(outputs, list | tuple | dict):
        return [(model, outputs)]
    parts = keras.tree.flatten(outputs)
    names = getattr(model, "output_names", None) or [None] * len(parts)
    keys = sorted(outputs) if isinstance(outputs, dict) else names
    losses = model.loss
    if isinstance(losses, dict):
        losses = [losses.get(key) for key in keys]
    elif not isinstance(losses, list | tuple):
        losses = [losses] * len(parts)
    layers = [[layer for layer in model.layers if layer.name == name] for name in names]
    return list(zip(map(Head, losses, layers), parts, strict=True))


def only(outputs):
    """The output of a model that has one, be it in a list; several stay as they are."""
    parts = keras.tree.flatten(outputs)
    return parts[0] if len(parts) == 1 else outputs


def excludes(model):
    """Whether a model, by its last layer or its loss, lets one label in per row."""
    return "categorical" in _keras_name(_loss_of(model)) or _last_activation(model) == "softmax"


def n_units(output):
    """Width of an output.

    Parameters
    ----------
    output : tensor
        What the model returns for a row or more.

    Raises
    ------
    ValueError
        If there are several outputs, or the output is not one vector a row.
    """
    if isinstance(output, list | tuple | dict):
        raise ValueError(
            f"the builder's model has {len(output)} outputs: for one label a row, one output is "
            "accepted, with one unit per class (or a single unit for two classes)"
        )
    if len(output.shape) != 2:
        raise ValueError(
            f"the builder's model returns {tuple(output.shape[1:])} values a row: one vector a "
            "row is accepted (is a Flatten or a pooling layer missing?)"
        )
    return int(output.shape[1])


def loss_for(model, units, multilabel=False):
    """Cross-entropy that fits the outputs of an uncompiled classifier."""
    losses = keras.losses
    one_by_one = multilabel or units == 1
    cls = losses.BinaryCrossentropy if one_by_one else losses.SparseCategoricalCrossentropy
    return cls(from_logits=_last_activation(model) == "linear")


def encode_classes(codes, *, n_classes, model, units):
    """Encode class numbers the way the compiled loss wants them.

    Parameters
    ----------
    codes : ndarray of int, shape (n_samples,)
        Positions in ``classes_``.
    n_classes : int
        Number of classes.
    model : keras.Model
        Compiled and built.
    units : int
        Width of its output.

    Returns
    -------
    ndarray
        Shape (n_samples,) of int for a sparse loss, (n_samples, 1) of float for one output unit,
        (n_samples, n_classes) one-hot otherwise.

    Raises
    ------
    ValueError
        If the number of output units does not fit the number of classes.
    """
    if units != n_classes and (units != 1 or n_classes > 2):
        raise ValueError(
            f"the builder's model has {units} output units, y has {n_classes} classes: as many "
            "units as classes are accepted, or 1 for two classes (a builder that takes `meta` "
            "finds the number in meta['n_classes_'])"
        )
    _check_loss(model, units)
    if "sparse" in _keras_name(_loss_of(model)):
        return codes.astype("int32")
    if units == 1:
        return codes.astype(keras.config.floatx())[:, None]
    return np.eye(n_classes, dtype=keras.config.floatx())[codes]


def encode_indicators(indicators, *, model, units):
    """Check that a compiled model can learn several labels a row.

    Parameters
    ----------
    indicators : ndarray of float, shape (n_samples, n_labels)
    model : keras.Model
        Compiled and built.
    units : int
        Width of its output.

    Returns
    -------
    ndarray, shape (n_samples, n_labels)

    Raises
    ------
    ValueError
        If the number of output units, or the loss, does not fit.

    Warns
    -----
    UserWarning
        If the model ends in a softmax, which lets one label in only.
    """
    n_labels = indicators.shape[1]
    if units != n_labels:
        raise ValueError(
            f"the builder's model has {units} output units, y has {n_labels} columns: as many "
            "units as columns are accepted (a builder that takes `meta` finds the number in "
            "meta['n_outputs_'])"
        )
    name = _keras_name(_loss_of(model))
    if "categorical" in name:
        raise ValueError(
            f"loss={name} lets one label in per row, y has several: binary_crossentropy with "
            "sigmoid units is accepted (for one-hot rows, pass y.argmax(axis=1))"
        )
    if _last_activation(model) == "softmax":
        warnings.warn(
            "the builder's model ends in a softmax, so that the labels of a row exclude one "
            "another: several labels want sigmoid units (for one-hot rows, pass y.argmax(axis=1))",
            stacklevel=2,
        )
    else:
        _check_loss(model, units)
    return indicators


def indicator_probabilities(outputs, model):
    """Turn the outputs of a classifier of several labels into the probability of each.

    Parameters
    ----------
    outputs : ndarray, shape (n_samples, n_labels)
    model : keras.Model
        Compiled.

    Returns
    -------
    ndarray, shape (n_samples, n_labels)
    """
    outputs = np.asarray(outputs, dtype="float64")
    if _outputs_are_logits(model):
        outputs = 0.5 * (1 + np.tanh(outputs / 2))
    return np.clip(outputs, 0, 1)


def probabilities(outputs, model):
    """Turn a classifier's outputs into probabilities.

    Parameters
    ----------
    outputs : ndarray, shape (n_samples, n_units)
        What the model returned: probabilities or, where its loss says so, logits.
    model : keras.Model
        Compiled.

    Returns
    -------
    ndarray, shape (n_samples, n_classes)
        Rows that sum to one.
    """
    outputs = np.asarray(outputs, dtype="float64")
    single = outputs.shape[1] == 1
    if _outputs_are_logits(model):
        if single:
            outputs = 0.5 * (1 + np.tanh(outputs / 2))
        else:
            outputs = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    outputs = np.clip(outputs, 0, 1) if single else np.clip(outputs, 0, None)
    if single:
        return np.hstack([1 - outputs, outputs])
    total = outputs.sum(axis=1, keepdims=True)
    uniform = np.full_like(outputs, 1 / outputs.shape[1])
    return np.divide(outputs, total, out=uniform, where=total > 0)


def loss_name(loss):
    """Name of a loss, however it is given: by name, function, class or object.

    Examples
    --------
    >>> loss_name("mse"), loss_name(keras.losses.MeanSquaredError())
    ('meansquarederror', 'meansquarederror')
    """
    loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    name = getattr(loss, "__name__", None) or type(loss).__name__
    return name.lower().replace("_", "")


def _keras_name(loss):
    """Name of the loss of Keras that a user's class is derived from, or its own."""
    for cls in type(loss).__mro__:
        if cls.__module__.startswith("keras.") and not issubclass(keras.losses.Loss, cls):
            return loss_name(cls)
    return loss_name(loss)


def _loss_of(model):
    """The loss of a model's only output, be it in a list or a dict."""
    losses = keras.tree.flatten(model.loss)
    return losses[0] if len(losses) == 1 else model.loss


def _outputs_are_logits(model):
    loss = _loss_of(model)
    return hasattr(loss, "get_config") and bool(loss.get_config().get("from_logits", False))


def _check_loss(model, units):
    name = _keras_name(_loss_of(model))
    if "crossentropy" not in name:
        return
    activation = _last_activation(model)
    if _outputs_are_logits(model) and activation in PROBABILITY_ACTIVATIONS:
        raise ValueError(
            f"loss={name}(from_logits=True), but the model ends in {activation}, in probabilities: "
            "leave out that activation, or from_logits"
        )
    if not _outputs_are_logits(model) and activation == "linear":
        raise ValueError(
            f"loss={name}, but the model's last layer has no activation: its outputs are logits. "
            "Use a sigmoid or softmax there, or from_logits=True in the loss"
        )
    if units == 1 and ("categorical" in name or activation == "softmax"):
        raise ValueError(
            f"loss={name} with a single {activation} unit cannot tell two classes apart: sigmoid "
            "with binary_crossentropy is accepted, or one softmax unit per class"
        )


def _last_activation(model):
    layers = getattr(model, "layers", None)
    while layers and isinstance(layers[-1], keras.Model):
        layers = layers[-1].layers
    if not layers:
        return None
    if isinstance(layers[-1], keras.layers.Softmax):
        return "softmax"
    return getattr(getattr(layers[-1], "activation", None), "__name__", None)
