"""What an estimator is given, checked against what it takes and what it was trained on."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    column_or_1d,
    validate_data,
)

from helpers.quiet import keras
from helpers.readable import check_one_type, check_readable, named
from helpers.rows import as_floats, with_mean_one
from helpers.training import Rows

__all__ = ["CheckedRows"]

#: How scikit-learn is asked to check rows.
ROWS = {"accept_sparse": "csr", "allow_nd": True, "dtype": "numeric"}


class CheckedRows:
    """Rows, targets, weights and groups of an estimator, refused by name before anything trains.

    The estimator knows ``_kind`` of its targets, the ``_X_shape`` of its rows, and its ``_inputs``.
    """

    def _check_rows(self, X, y, reset=True):
        X = self._validated(X, reset=reset)
        if reset:
            self._X_dtype = str(X.dtype)
        else:
            self._check_dtype("X", X.dtype, self._X_dtype)
        with named("X"):
            X = as_floats(X)
        if y is None:
            raise ValueError(
                f"y=None: {type(self).__name__} requires y to be passed, but the target y is None"
            )
        y = self._check_targets(y)
        check_consistent_length(X, y)
        if not reset:
            self._check_like_before(y)
        return X, y

    def _check_like_before(self, y):
        """Refuse targets of another form than those that the model was trained on."""

    def _check_more_rows(self, X, name="X"):
        """Rows for the model that is there, or is about to be."""
        X = self._validated(X, name)
        with named(name):
            return as_floats(X, name)

    def _validated(self, X, name="X", reset=False):
        check_readable(name, X)
        with named(name):
            X = validate_data(self, X, reset=reset, **ROWS)
            if not reset:
                self._check_shape(X)
        return X

    def _check_dtype(self, name, dtype, before):
        """Refuse to go on with fractions where there were none: raw rows, and then scaled ones."""
        if np.dtype(dtype).kind == "f" and np.dtype(before).kind in "iub":
            raise ValueError(
                f"Got {name} with dtype {dtype}: this {type(self).__name__} was trained on {name} "
                f"of dtype {before}, and goes on with whole numbers"
            )

    def _check_targets(self, y, name="y"):
        own = hasattr(type(self), "target_encoder")  # which may take any targets
        numeric = isinstance(self, RegressorMixin) and not own
        check_readable(name, y)
        with named(name):
            y = check_array(
                y, ensure_2d=False, dtype="numeric" if numeric else None, input_name=name,
                estimator=self,
            )  # fmt: skip
        if not own:
            check_one_type(name, y)
        return as_floats(y, name) if numeric else y

    def _check_shape(self, X):
        if X.shape[1:] != self._X_shape:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}; {type(self).__name__} was fitted on rows of "
                f"shape {self._X_shape}, and takes the same dimensions in X"
            )

    def _check_validation(self, X, y):
        if X is None and y is None:
            return None
        if X is None or y is None:
            raise ValueError("X_val and y_val: give both, or neither")
        if self.validation_split:
            raise ValueError(
                f"validation_split={self.validation_split!r} contradicts X_val: give one of the two"
            )
        X, y = self._check_more_rows(X, name="X_val"), self._check_targets(y, name="y_val")
        with named("y_val"):
            check_consistent_length(X, y)
        return Rows(self._inputs(X), self._kind.numbers(y, name="y_val"))

    def _check_groups(self, groups, X):
        if groups is None:
            return None
        with named("groups"):
            groups = column_or_1d(groups, input_name="groups")
            check_consistent_length(X, groups)
        return groups

    def _row_weights(self, y, sample_weight, X):
        if sample_weight is None:
            return None
        with named("sample_weight"):
            weights = _check_sample_weight(
                sample_weight, X, dtype=keras.config.floatx(), allow_all_zero_weights=True
            )
        return with_mean_one(weights)
