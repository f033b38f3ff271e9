"""Keras models as scikit-learn estimators whose fit is a pure function.

The fit depends on the builder, the hyper-parameters, the training rows and the seed, and on nothing
else: not on earlier fits, their order, the process, or any global random state.
"""

import inspect
import numbers
from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from helpers.building import build, builder_parameters, check_builder, check_routed
from helpers.quiet import keras
from helpers.randomness import derive_seeds
from helpers.routing import DESTINATIONS, accepted_names, check_accepted, nearest_or_all, routed_to
from helpers.targets import encode_classes, loss_for, n_units, probabilities
from helpers.training import FitJob, Rows, train

#: Share of the training rows that decides on the number of epochs, with ``epochs="auto"``.
AUTO_VALIDATION_SPLIT = 0.2
#: Epochs without a lower validation loss after which ``epochs="auto"`` stops looking.
AUTO_PATIENCE = 10
#: Rows that go through the model at once when it predicts.
PREDICT_ROWS = 4096

# What the wrapper itself passes to keras.Model.fit.
_OWN_FIT_ARGUMENTS = (
    "x", "y", "sample_weight", "class_weight", "validation_data", "validation_split",
    "steps_per_epoch", "initial_epoch", "callbacks", "shuffle",
)  # fmt: skip


class _KerasEstimator(BaseEstimator):
    """What the classifier and the regressor share: parameters, the order of a fit, prediction."""

    def __init__(
        self,
        model=None,
        *,
        optimizer=None,
        loss=None,
        metrics=None,
        epochs="auto",
        max_epochs=200,
        batch_size=32,
        validation_split=0.0,
        callbacks=None,
        shuffle=True,
        verbose=0,
        random_state=None,
        **routed,
    ):
        self.model = model
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.epochs = epochs
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.validation_split = validation_split
        self.callbacks = callbacks
        self.shuffle = shuffle
        self.verbose = verbose
        self.random_state = random_state
        self._routed = routed

    # Free keywords are kept apart from the attributes: scikit-learn takes every public attribute
    # that the signature does not name for state that __init__ has set.

    def get_params(self, deep=True):
        """Parameters of the estimator, the routed ones included."""
        return super().get_params(deep=deep) | self._routed

    def set_params(self, **params):
        """Set parameters; names that nothing would consume are refused."""
        named = super().get_params(deep=False)
        builder = params.get("model", self.model)
        for name in params:
            if name not in named:
                self._check_routable(name, builder, named)
        for name, value in params.items():
            if name in named:
                setattr(self, name, value)
            else:
                self._routed = self._routed | {name: value}
        return self

    def __getattr__(self, name):
        routed = self.__dict__.get("_routed", {})
        if name in routed:
            return routed[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def _check_routable(self, name, builder, named):
        if name.partition("__")[0] in DESTINATIONS and "__" in name:
            return
        # Without a builder nobody knows what it takes; fit says that it is missing.
        taken = builder_parameters(builder) if callable(builder) else None
        if taken is None:
            return
        if name not in taken:
            known = [*named, *(f"model__{key}" for key in taken)]
            raise ValueError(
                f"Invalid parameter {name!r} for estimator {type(self).__name__}; "
                f"{nearest_or_all(name, known)}"
            )

    def fit(self, X, y, sample_weight=None):
        """Train a new model.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features) or (n_samples, ...)
            Rows; images as (n_samples, height, width, channels).
        y : array-like, shape (n_samples,)
            Targets; labels of any type for a classifier.
        sample_weight : array-like, shape (n_samples,), default=None
            Weight of each row in the loss.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            Before training, naming the parameter, its value and what is accepted.
        """
        self._check_parameters()
        X, y = self._check_rows(X, y)
        rows = Rows(X, self._fit_targets(y), self._row_weights(y, sample_weight, X))
        self._X_shape = X.shape[1:]
        seed, split_seed = derive_seeds(self.random_state, 2)
        epochs = self._asked("epochs")
        if epochs == "auto":
            result = self._train_auto(rows, seed, split_seed)
        else:
            training, validation = self._split(rows, self.validation_split, split_seed)
            result = train(replace(self._job(training, seed, epochs), validation=validation))
        self.model_, self.history_ = result.model, result.history
        self.n_epochs_ = result.n_epochs
        return self

    def _train_auto(self, rows, seed, split_seed):
        """Find the number of epochs on a part of the training rows, then train on all of them."""
        share = self.validation_split or AUTO_VALIDATION_SPLIT
        training, validation = self._split(rows, share, split_seed)
        stopper = keras.callbacks.EarlyStopping(
            monitor="loss" if validation is None else "val_loss", patience=AUTO_PATIENCE
        )
        job = self._job(rows, seed, self.max_epochs)
        search = train(
            replace(job, rows=training, validation=validation, extra_callbacks=[stopper])
        )
        self.epoch_search_history_ = search.history
        epochs = 1 + int(np.nanargmin(search.history[stopper.monitor]))
        return train(replace(job, epochs=epochs, epochs_settled=True))

    def _job(self, rows, seed, epochs):
        return FitJob(
            build=self._build,
            encode=self._encode,
            rows=rows,
            seed=seed,
            epochs=epochs,
            batch_size=self._asked("batch_size"),
            callbacks=self.callbacks,
            callback_parameters=routed_to("callbacks", self._routed),
            shuffle=self.shuffle,
            fit_arguments={"verbose": self.verbose} | self._fit_arguments(),
        )

    def _build(self, sample):
        return build(
            self.model,
            sample,
            parameters=self._routed,
            meta=self._meta(),
            default_loss=self._default_loss,
            optimizer=self.optimizer,
            loss=self.loss,
            metrics=self.metrics,
        )

    def _meta(self):
        return {
            "n_features_in_": self.n_features_in_,
            "X_shape_": (None, *self._X_shape),
            "X_dtype_": np.dtype(keras.config.floatx()),
        }

    def _asked(self, name):
        """``epochs`` or ``batch_size``, as the parameter or as ``fit__...``."""
        return self._routed.get(f"fit__{name}", getattr(self, name))

    def _fit_arguments(self):
        arguments = routed_to("fit", self._routed)
        return {name: v for name, v in arguments.items() if name not in ("epochs", "batch_size")}

    def _check_parameters(self):
        """Refuse bad parameters by name, before anything is built."""
        check_builder(self.model)
        check_routed(self.model, self._routed)
        for name in self._routed:
            self._check_routable(name, self.model, super().get_params(deep=False))
        own = ("self", *_OWN_FIT_ARGUMENTS)
        known = [name for name in accepted_names(keras.Model.fit) if name not in own]
        given = routed_to("fit", self._routed)
        check_accepted(given, known, owner="keras.Model.fit here", prefix="fit__")
        defaults = inspect.signature(type(self)).parameters
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if value not in (defaults[name].default, self._asked(name)):
                raise ValueError(
                    f"fit__{name}={given[name]!r} contradicts {name}={value!r}: give one of the two"
                )
        self._check_numbers()

    def _check_numbers(self):
        owner = type(self).__name__
        if self._asked("epochs") != "auto" and not _is_whole(self._asked("epochs")):
            raise ValueError(
                f'epochs={self._asked("epochs")!r}: {owner} accepts an integer >= 1 or "auto"'
            )
        for name, value in (
            ("max_epochs", self.max_epochs), ("batch_size", self._asked("batch_size")),
        ):  # fmt: skip
            if not _is_whole(value):
                raise ValueError(f"{name}={value!r}: {owner} accepts an integer >= 1")
        share = self.validation_split
        if not (isinstance(share, numbers.Real) and 0 <= share < 1):
            raise ValueError(
                f"validation_split={share!r}: a share of the training rows in [0, 1) is accepted"
            )

    def _check_rows(self, X, y):
        X, y = validate_data(
            self, X, y, allow_nd=True, dtype="numeric", multi_output=True,
            y_numeric=isinstance(self, RegressorMixin),
        )  # fmt: skip
        return _as_floats(X), y

    def _row_weights(self, y, sample_weight, X):
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, X, dtype=keras.config.floatx())

    def _split(self, rows, share, seed):
        """Set a shuffled, where possible stratified part of the training rows apart."""
        n_validation = round(share * len(rows))
        if not n_validation or n_validation >= len(rows):
            return rows, None
        training, validation = train_test_split(
            np.arange(len(rows)),
            test_size=n_validation,
            random_state=seed,
            stratify=self._strata(rows.y, n_validation),
        )
        return _take(rows, np.sort(training)), _take(rows, np.sort(validation))

    def _strata(self, y, n_validation):
        return None

    def _outputs(self, X):
        check_is_fitted(self)
        X = _as_floats(validate_data(self, X, reset=False, allow_nd=True, dtype="numeric"))
        if X.shape[1:] != self._X_shape:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}; {type(self).__name__} was fitted on rows of "
                f"shape {self._X_shape}"
            )
        arguments = routed_to("predict", self._routed)
        if arguments or type(self.model_).predict_step is not keras.Model.predict_step:
            return self.model_.predict(X, **({"verbose": 0} | arguments))
        # A graph for keras.Model.predict takes longer to make than a small model to run.
        parts = [
            keras.ops.convert_to_numpy(self.model_(X[start : start + PREDICT_ROWS], training=False))
            for start in range(0, len(X), PREDICT_ROWS)
        ]
        return np.concatenate(parts)


class KerasClassifier(ClassifierMixin, _KerasEstimator):
    """A Keras classifier with scikit-learn's interface and a pure fit.

    Parameters
    ----------
    model : callable
        Builder: a function that returns a new Keras model each time, compiled or not. It takes the
        ``model__`` parameters as keywords, and ``meta`` (what is known of the data, such as
        ``meta["n_classes_"]``) and ``compile_kwargs`` if its signature has them.
    optimizer, loss, metrics : str, class, object, dict, list, default=None
        For builders that do not compile. None: Adam, the cross-entropy that fits the output layer,
        no metrics. Objects are copied for each fit.
    epochs : int >= 1 or "auto", default="auto"
        Passes over the training rows. "auto" stops early on a fifth of the training rows, at most
        after ``max_epochs``, then trains on all of them for the number of epochs it found.
    max_epochs : int >= 1, default=200
        Most epochs that "auto" tries.
    batch_size : int >= 1, default=32
        Rows per update.
    validation_split : float in [0, 1), default=0.0
        Share of the training rows that is set apart (shuffled, stratified) and watched by
        callbacks.
    callbacks : callback class or object, or list or dict of them, default=None
        Copied for each fit.
    shuffle : bool, default=True
        Whether each epoch has an order of its own.
    class_weight : dict, "balanced" or None, default=None
        Weight of each label in the loss.
    verbose : int, default=0
        As for ``keras.Model.fit``.
    random_state : int, numpy.random.RandomState, numpy.random.Generator or None, default=None
        The seed of initialisers, dropout, shuffling and splits. A generator object is not advanced.
    **routed
        ``model__units=64``, ``optimizer__learning_rate=1e-3``, ``loss__...``, ``metrics__...``,
        ``callbacks__...``, ``fit__...``, ``predict__...``: passed on to what the prefix names, and
        refused where nothing consumes them.

    Attributes
    ----------
    model_ : keras.Model
        The trained model.
    classes_ : ndarray, shape (n_classes,)
        Labels, in the order of the columns of ``predict_proba``.
    history_ : dict of str to list of float
        One value per epoch.
    n_epochs_ : int
        Epochs that the model was trained for.
    n_features_in_ : int
        Features seen by ``fit``.

    Examples
    --------
    >>> from helpers import KerasClassifier
    >>> from helpers.quiet import keras
    >>> from sklearn.datasets import load_iris
    >>> def build(meta, units=16):
    ...     return keras.Sequential([
    ...         keras.Input((meta["n_features_in_"],)),
    ...         keras.layers.Dense(units, activation="relu"),
    ...         keras.layers.Dense(meta["n_classes_"], activation="softmax"),
    ...     ])
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = KerasClassifier(
    ...     build, model__units=8, optimizer__learning_rate=0.05, epochs=20, random_state=0
    ... )
    >>> classifier.fit(X, y).score(X, y) > 0.9
    True
    """

    def __init__(
        self,
        model=None,
        *,
        optimizer=None,
        loss=None,
        metrics=None,
        epochs="auto",
        max_epochs=200,
        batch_size=32,
        validation_split=0.0,
        callbacks=None,
        shuffle=True,
        class_weight=None,
        verbose=0,
        random_state=None,
        **routed,
    ):
        super().__init__(
            model,
            optimizer=optimizer,
            loss=loss,
            metrics=metrics,
            epochs=epochs,
            max_epochs=max_epochs,
            batch_size=batch_size,
            validation_split=validation_split,
            callbacks=callbacks,
            shuffle=shuffle,
            verbose=verbose,
            random_state=random_state,
            **routed,
        )
        self.class_weight = class_weight

    def predict_proba(self, X):
        """Probability of each class.

        Parameters
        ----------
        X : array-like, shape (n_samples, ...)

        Returns
        -------
        ndarray, shape (n_samples, n_classes)
            Columns in the order of ``classes_``.
        """
        return probabilities(self._outputs(X), self.model_)

    def predict(self, X):
        """Most probable label of each row.

        Parameters
        ----------
        X : array-like, shape (n_samples, ...)

        Returns
        -------
        ndarray, shape (n_samples,)
            Labels of the type that ``fit`` was given.
        """
        columns = self.predict_proba(X).argmax(axis=1)
        return self.classes_[columns]

    def _fit_targets(self, y):
        check_classification_targets(y)
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"y has shape {y.shape}: one label a row is accepted (for one-hot rows, "
                "y.argmax(axis=1))"
            )
        y = column_or_1d(y, warn=True)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class, {self.classes_[0]!r}: at least two classes are accepted"
            )
        return codes

    def _row_weights(self, y, sample_weight, X):
        weights = super()._row_weights(y, sample_weight, X)
        if self.class_weight is None:
            return weights
        by_class = compute_sample_weight(self.class_weight, np.ravel(y)).astype(
            keras.config.floatx()
        )
        return by_class if weights is None else weights * by_class

    def _meta(self):
        n_classes = len(self.classes_)
        return super()._meta() | {
            "classes_": self.classes_,
            "n_classes_": n_classes,
            "n_outputs_": 1,
            "target_type_": "binary" if n_classes == 2 else "multiclass",
        }

    def _default_loss(self, model, outputs):
        return loss_for(model, n_units(outputs))

    def _encode(self, codes, model, outputs):
        return encode_classes(
            codes, n_classes=len(self.classes_), model=model, units=n_units(outputs)
        )

    def _strata(self, y, n_validation):
        counts = np.bincount(y)
        fits = counts.min() >= 2 and min(n_validation, len(y) - n_validation) >= len(counts)
        return y if fits else None


class KerasRegressor(RegressorMixin, _KerasEstimator):
    """A Keras regressor with scikit-learn's interface and a pure fit.

    Parameters
    ----------
    model, optimizer, metrics, epochs, max_epochs, batch_size, validation_split, callbacks
    shuffle, verbose, random_state, **routed
        As for `KerasClassifier`.
    loss : str, class, object, default=None
        For builders that do not compile. None: the mean squared error.

    Attributes
    ----------
    model_, history_, n_epochs_, n_features_in_
        As for `KerasClassifier`.

    Examples
    --------
    >>> import numpy as np
    >>> from helpers import KerasRegressor
    >>> from helpers.quiet import keras
    >>> def build():
    ...     return keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> regressor = KerasRegressor(
    ...     build, optimizer="sgd", optimizer__learning_rate=0.1, epochs=10, random_state=0
    ... )
    >>> regressor.fit(X, X @ [1.0, -2.0]).score(X, X @ [1.0, -2.0]) > 0.99
    True
    """

    def predict(self, X):
        """Predicted target of each row.

        Parameters
        ----------
        X : array-like, shape (n_samples, ...)

        Returns
        -------
        ndarray, shape (n_samples,) or (n_samples, n_targets)
            In the shape of the targets that ``fit`` was given.
        """
        outputs = self._outputs(X)
        return outputs.reshape(len(outputs), *self._y_shape)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _fit_targets(self, y):
        self._y_shape = y.shape[1:]
        return np.asarray(y, dtype=keras.config.floatx()).reshape(len(y), -1)

    def _meta(self):
        n_outputs = self._y_shape[0] if self._y_shape else 1
        return super()._meta() | {"n_outputs_": n_outputs, "target_type_": "continuous"}

    def _default_loss(self, model, outputs):
        return "mean_squared_error"

    def _encode(self, y, model, outputs):
        units = n_units(outputs)
        if units != y.shape[1]:
            raise ValueError(
                f"the builder's model has {units} output units, y has {y.shape[1]} targets: as "
                "many units as targets are accepted"
            )
        return y


def _as_floats(X):
    return np.ascontiguousarray(X, dtype=keras.config.floatx())


def _take(rows, index):
    weights = None if rows.sample_weight is None else rows.sample_weight[index]
    return Rows(rows.X[index], rows.y[index], weights)


def _is_whole(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 1
