"""Kinds of targets: what each asks of a model, and how the model's outputs are read back."""

import numpy as np
from sklearn.utils.validation import column_or_1d

from helpers.quiet import keras
from helpers.targets import (
    encode_classes,
    encode_indicators,
    excludes,
    heads,
    indicator_probabilities,
    loss_for,
    n_units,
    probabilities,
)


class Labels:
    """One label a row.

    Parameters
    ----------
    classes : ndarray, shape (n_classes,)
        All labels that may come, sorted.
    """

    def __init__(self, classes):
        self.classes = classes

    @property
    def meta(self):
        """What a builder may want to know of the targets, under SciKeras' names."""
        return {
            "classes_": self.classes,
            "n_classes_": len(self.classes),
            "n_outputs_": 1,
            "n_outputs_expected_": 1,
            "target_type_": "binary" if len(self.classes) == 2 else "multiclass",
        }

    def numbers(self, y, name="y"):
        """Targets as numbers that do not depend on the model: positions in ``classes``."""
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"{name} has {y.shape[1]} columns: one column of labels is accepted (features, and "
                "labels as features, belong into X)"
            )
        y = column_or_1d(y, warn=True)
        unknown = np.setdiff1d(y, self.classes)
        if len(unknown):
            raise ValueError(
                f"{name}: Found unknown categories {unknown.tolist()}, which were not there when "
                f"the model was made; accepted: {self.classes.tolist()}"
            )
        return np.searchsorted(self.classes, y)

    def strata(self, codes):
        """Class numbers by which rows can be stratified; None where there are none."""
        return codes

    def default_loss(self, model, outputs):
        """The loss of a model that was given none."""
        return loss_for(model, n_units(outputs))

    def encode(self, codes, model, outputs):
        """Give numbers the form that the compiled model's loss wants."""
        units = n_units(outputs)
        return encode_classes(codes, n_classes=len(self.classes), model=model, units=units)

    def probabilities(self, outputs, model):
        """Probability of each class, from what the model returns."""
        return probabilities(outputs, model)

    def predict(self, outputs, model):
        """Targets in the form in which they were given, from what the model returns."""
        return self.classes[self.probabilities(outputs, model).argmax(axis=1)]


class Indicators:
    """Columns of 0 and 1: several labels a row or, where the model lets one in only, one-hot.

    Parameters
    ----------
    classes : ndarray, shape (n_columns,)
        Numbers of the columns.
    one_hot : bool
        Whether each row has exactly one 1. If the model excludes all labels but one as well (it
        ends in a softmax, or has a categorical loss), the columns are classes.
    """

    def __init__(self, classes, one_hot):
        self.classes = classes
        self.one_hot = one_hot

    @property
    def meta(self):
        """As for `Labels`."""
        n_columns = len(self.classes)
        return {
            "classes_": self.classes,
            "n_classes_": n_columns,
            "n_outputs_": n_columns,
            "n_outputs_expected_": 1,
            "target_type_": "multilabel-indicator",
        }

    def numbers(self, y, name="y"):
        """Check the columns."""
        if y.shape[1:] != self.classes.shape:
            raise ValueError(
                f"{name} has shape {y.shape}: {len(self.classes)} columns are accepted"
            )
        return np.asarray(y, dtype=keras.config.floatx())

    def strata(self, y):
        """As for `Labels`."""
        return y.argmax(axis=1) if self.one_hot else None

    def default_loss(self, model, outputs):
        """As for `Labels`."""
        return each_head(
            lambda head, units: loss_for(head, units, multilabel=not self._are_classes(head)),
            model, outputs,
        )  # fmt: skip

    def encode(self, y, model, outputs):
        """As for `Labels`."""
        n_columns = len(self.classes)
        if len(heads(model, outputs)) == n_columns > 1:
            return _encode_columns(y.astype(int), [2] * n_columns, model, outputs)
        units = n_units(outputs)
        if self._are_classes(model):
            if not is_one_hot(y):
                raise ValueError("y was one-hot when the model was made: a 1 a row is accepted")
            return encode_classes(y.argmax(axis=1), n_classes=n_columns, model=model, units=units)
        return encode_indicators(y, model=model, units=units)

    def probabilities(self, outputs, model):
        """Probability of the label of each column."""
        if _are_several(outputs):
            return np.column_stack([probabilities(p, h)[:, 1] for h, p in heads(model, outputs)])
        if self._are_classes(model):
            return probabilities(outputs, model)
        return indicator_probabilities(outputs, model)

    def predict(self, outputs, model):
        """Columns of 0 and 1."""
        shares = self.probabilities(outputs, model)
        if self._are_classes(model) and not _are_several(outputs):
            return np.eye(shares.shape[1], dtype=int)[shares.argmax(axis=1)]
        return (shares > 0.5).astype(int)

    def _are_classes(self, model):
        return self.one_hot and excludes(model)


class LabelColumns:
    """Several columns of labels, each with classes and a model's output of its own.

    Parameters
    ----------
    classes : list of ndarray
        Those of each column.
    """

    def __init__(self, classes):
        self.classes = classes

    @property
    def meta(self):
        """As for `Labels`."""
        return {
            "classes_": self.classes,
            "n_classes_": [len(classes) for classes in self.classes],
            "n_outputs_": len(self.classes),
            "n_outputs_expected_": len(self.classes),
            "target_type_": "multiclass-multioutput",
        }

    def numbers(self, y, name="y"):
        """Positions of the labels of each column in its classes."""
        if y.shape[1:] != (len(self.classes),):
            raise ValueError(
                f"{name} has shape {y.shape}: {len(self.classes)} columns are accepted"
            )
        columns = zip(self.classes, y.T, strict=True)
        return np.column_stack([Labels(known).numbers(column, name) for known, column in columns])

    def strata(self, codes):
        """As for `Labels`."""
        return None

    def default_loss(self, model, outputs):
        """As for `Labels`."""
        return each_head(loss_for, model, outputs)

    def encode(self, codes, model, outputs):
        """As for `Labels`, for each output."""
        n_columns, n_outputs = len(self.classes), len(keras.tree.flatten(outputs))
        if n_outputs != n_columns:
            raise ValueError(
                f"the builder's model has {n_outputs} outputs, y has {n_columns} columns of "
                "labels: an output for each column is accepted (a builder that takes `meta` "
                "finds their numbers of classes in meta['n_classes_'])"
            )
        return _encode_columns(codes, self.meta["n_classes_"], model, outputs)

    def probabilities(self, outputs, model):
        """Probabilities of the classes of each column, as a list."""
        return [probabilities(part, head) for head, part in heads(model, outputs)]

    def predict(self, outputs, model):
        """As for `Labels`, shape (n_samples, n_columns)."""
        columns = zip(self.classes, self.probabilities(outputs, model), strict=True)
        return np.column_stack([classes[p.argmax(axis=1)] for classes, p in columns])


class Numbers:
    """One number or several a row.

    Parameters
    ----------
    shape : tuple of int
        What follows the number of rows in the shape of the targets.
    dtype : str or None, default=None
        Of predictions; None: as the model returns them.
    """

    def __init__(self, shape, dtype=None):
        self.shape = shape
        self.dtype = dtype

    @property
    def meta(self):
        """As for `Labels`."""
        n_outputs = self.shape[0] if self.shape else 1
        several = "-multioutput" if n_outputs > 1 else ""
        return {
            "n_outputs_": n_outputs,
            "n_outputs_expected_": 1,
            "target_type_": f"continuous{several}",
        }

    def numbers(self, y, name="y"):
        """Targets as a matrix."""
        if y.shape[1:] != self.shape:
            raise ValueError(
                f"Detected ``{name}`` to have shape {y.shape}: {(len(y), *self.shape)} is "
                "accepted, as before"
            )
        return np.asarray(y, dtype=keras.config.floatx()).reshape(len(y), -1)

    def strata(self, y):
        """As for `Labels`."""
        return None

    def default_loss(self, model, outputs):
        """As for `Labels`."""
        return each_head(lambda head, units: "mean_squared_error", model, outputs)

    def encode(self, y, model, outputs):
        """The columns, dealt out to the model's outputs."""
        widths = [n_units(part) for _, part in heads(model, outputs)]
        if sum(widths) != y.shape[1]:
            raise ValueError(
                f"the builder's model has {sum(widths)} output units, y has {y.shape[1]} targets: "
                "as many units as targets are accepted"
            )
        parts = np.split(y, np.cumsum(widths)[:-1], axis=1)
        return keras.tree.pack_sequence_as(outputs, parts)

    def predict(self, outputs, model):
        """In the shape in which targets were given."""
        outputs = np.hstack(keras.tree.flatten(outputs))
        return outputs.reshape(len(outputs), *self.shape).astype(self.dtype or outputs.dtype)


class Encoded:
    """Whatever a user's own transformer makes of the targets, and makes targets of.

    Parameters
    ----------
    encoder : transformer
        Fitted; with ``transform(y)`` and ``inverse_transform(outputs)`` and, for a classifier's
        probabilities, ``inverse_transform(outputs, return_proba=True)``. ``get_metadata()``, if it
        has one, says what builders may want to know.
    target_type : str
        What scikit-learn takes the targets for.
    """

    def __init__(self, encoder, target_type):
        self.encoder = encoder
        self.target_type = target_type

    @property
    def meta(self):
        """As for `Labels`, as far as the transformer tells."""
        known = {"target_type_": self.target_type}
        return known | getattr(self.encoder, "get_metadata", dict)()

    def numbers(self, y, name="y"):
        """What the transformer makes of targets: an array, or a list or dict of them."""
        return keras.tree.map_structure(np.asarray, self.encoder.transform(y))

    def strata(self, y):
        """As for `Labels`."""
        return None

    def default_loss(self, model, outputs):
        """None fits: nobody knows what the transformer makes of targets."""
        raise ValueError("loss=None: beside a target_encoder, a loss that fits it is accepted")

    def encode(self, y, model, outputs):
        """Nothing is left to do."""
        return y

    def probabilities(self, outputs, model):
        """What the transformer says."""
        return self.encoder.inverse_transform(outputs, return_proba=True)

    def predict(self, outputs, model):
        """What the transformer says."""
        return self.encoder.inverse_transform(outputs)


def to_record(kind):
    """Name and content of a kind, to be kept without code."""
    return {"name": type(kind).__name__} | vars(kind)


def from_record(record):
    """Undo `to_record`."""
    known = {kind.__name__: kind for kind in (Labels, Indicators, LabelColumns, Numbers)}
    return known[record["name"]](**{name: v for name, v in record.items() if name != "name"})


def is_one_hot(y):
    """Whether each row of 0 and 1 has exactly one 1.

    Examples
    --------
    >>> is_one_hot(np.array([[1, 0], [0, 1]])), is_one_hot(np.array([[1, 1], [0, 1]]))
    (True, False)
    """
    return bool((np.count_nonzero(y, axis=1) == 1).all())


def each_head(loss_of, model, outputs):
    """The default loss of each output, in the structure of the outputs."""
    losses = [loss_of(head, n_units(part)) for head, part in heads(model, outputs)]
    return keras.tree.pack_sequence_as(outputs, losses)


def _are_several(outputs):
    return isinstance(outputs, list | tuple | dict)


def _encode_columns(codes, n_classes, model, outputs):
    parts = [
        encode_classes(column, n_classes=n, model=head, units=n_units(part))
        for column, n, (head, part) in zip(codes.T, n_classes, heads(model, outputs), strict=True)
    ]
    return keras.tree.pack_sequence_as(outputs, parts)
