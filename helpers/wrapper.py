"""Keras models as scikit-learn estimators whose fit is a pure function.

The fit depends on the builder, the hyper-parameters, the training rows and the seed, and on nothing
else: not on earlier fits, their order, the process, or any global random state.

What differs from SciKeras 0.13 and from ``keras.wrappers`` of Keras 3, and why:

================================  =============================  ==============================
here                              there                          why
================================  =============================  ==============================
a model instance is refused       SciKeras: `clone` keeps its    trained weights went from one
                                  trained weights                fold to the next
``epochs="auto"``                 one epoch, without a word      an untrained search says
                                                                 nothing of its candidates
optimizer, loss, metric and       one object serves all fits     momentum, counters and rates
callback objects are copied                                      went from one fit to the next
``random_state`` seeds the fit,   SciKeras: seeds the process;   results depended on the order
and only it                       keras.wrappers: takes none     of fits and on ``n_jobs``
``clone`` keeps every parameter   keras.wrappers: `fit_kwargs`   thirty epochs became one
                                  are left out
fitting leaves parameters alone   keras.wrappers: `fit` writes   a later fit took over the
                                  into the user's `fit_kwargs`   arguments of an earlier one
``optimizer__learning_rate``      SciKeras: ignored if the       a searched parameter that
acts on compiled models           builder compiles               nothing reads is a lottery
unknown parameters are errors     partly ignored                 likewise
``validation_split`` is shuffled  the last rows                  sorted rows: whole classes
and stratified                                                   missing
the loss is divided by the sum    by the number of rows          a row of weight 2 is a row
of the sample weights                                            that is there twice
a loss that is not a number       class 0 is predicted           the fit seems to have worked
raises `DivergedError`
``warm_start`` alone, and         a second `fit` of an instance  a fit that goes on from an
``partial_fit``, go on            goes on as well                earlier one has to be asked for
================================  =============================  ==============================
"""

import inspect
import json
import numbers
from dataclasses import replace

import numpy as np
from scipy.sparse import issparse
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_consistent_length,
    check_is_fitted,
    column_or_1d,
    validate_data,
)

from helpers import persistence
from helpers.building import build, builder_parameters, check_builder, check_routed
from helpers.quiet import keras
from helpers.randomness import derive_seeds, isolated
from helpers.routing import DESTINATIONS, accepted_names, check_accepted, nearest_or_all, routed_to
from helpers.targets import (
    encode_classes,
    encode_indicators,
    indicator_probabilities,
    loss_for,
    n_units,
    probabilities,
)
from helpers.training import FitJob, Rows, train

#: Share of the training rows that decides on the number of epochs, with ``epochs="auto"``.
AUTO_VALIDATION_SPLIT = 0.2
#: Epochs without a lower validation loss after which ``epochs="auto"`` stops looking.
AUTO_PATIENCE = 10
#: Rows that go through the model at once when it predicts.
PREDICT_ROWS = 4096
#: Rows are filled up to a multiple of this many.
FILL_ROWS = 32

#: What a fit leaves behind beside the model.
STATE = (
    "classes_", "n_features_in_", "feature_names_in_", "history_", "epoch_search_history_",
    "n_epochs_", "_multilabel", "_X_shape", "_y_shape",
)  # fmt: skip
#: What other wrappers call, or called, a parameter, and what to write here.
LEFTOVERS = {
    "build_fn": "pass the builder as `model`",
    "nb_epoch": "it is called `epochs`",
    "fit_kwargs": "pass its members as `fit__...`, and `epochs` and `batch_size` by name",
    "model_kwargs": "pass its members as `model__...`",
    "sk_params": "pass its members by name",
}

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
        warm_start=False,
        run_eagerly=False,
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
        self.warm_start = warm_start
        self.run_eagerly = run_eagerly
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

    def fit(
        self, X, y, sample_weight=None, *,
        groups=None, X_val=None, y_val=None, callbacks=None, **fit_arguments,
    ):  # fmt: skip
        """Train a new model; with ``warm_start`` the one of the last fit goes on.

        Parameters
        ----------
        X : array-like or sparse matrix, shape (n_samples, n_features) or (n_samples, ...)
            Rows; images as (n_samples, height, width, channels).
        y : array-like, shape (n_samples,) or (n_samples, n_targets)
            Targets; labels of any type for a classifier, or an indicator matrix of several labels.
        sample_weight : array-like, shape (n_samples,), default=None
            Weight of each row in the loss. Only their ratios count: a row of weight 2 is a row that
            is there twice.
        groups : array-like, shape (n_samples,), default=None
            Where ``validation_split`` or ``epochs="auto"`` set rows apart, they keep rows of one
            group together.
        X_val, y_val : array-like, default=None
            Rows to watch instead. In a pipeline they go through the steps before this one if its
            ``transform_input=["X_val"]`` says so.
        callbacks : callback class or object, or list of them, default=None
            Beside those of the constructor; copied for this fit.
        **fit_arguments
            As ``fit__...``, for this fit: ``epochs``, ``batch_size`` and what else
            ``keras.Model.fit`` takes.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError
            Before training, naming the parameter, its value and what is accepted.
        """
        return self._fit(
            X, y, sample_weight, groups=groups, validation=(X_val, y_val), callbacks=callbacks,
            fit_arguments=fit_arguments, go_on=self.warm_start and hasattr(self, "model_"),
        )  # fmt: skip

    def save(self, path):
        """Keep the fitted estimator in a file that holds no code, for `load`.

        Parameters
        ----------
        path : path
            Written whole or not at all.

        Notes
        -----
        The builder is code, so it is left out, and so are other parameters that JSON cannot hold:
        what is loaded predicts, and wants them set before it is fitted again. A pickle keeps them,
        but whoever loads a pickle lets its author run code.
        """
        check_is_fitted(self)
        state = {name: v for name, v in vars(self).items() if name in STATE}
        record = {
            "class": type(self).__name__,
            "parameters": {n: v for n, v in self.get_params(False).items() if _is_plain(v)},
            "state": {name: _to_plain(value) for name, value in state.items()},
        }
        persistence.write(path, self.model_, record)

    @classmethod
    def load(cls, path, model=None, custom_objects=None):
        """Load an estimator that `save` has kept.

        Parameters
        ----------
        path : path
        model : callable, default=None
            Builder, where the estimator is to be fitted again.
        custom_objects : dict of str to class, default=None
            Layers, losses and metrics that are not Keras' own.

        Returns
        -------
        estimator

        Raises
        ------
        ValueError
            The file is of another kind, damaged, or keeps an estimator of another class.
        """
        trained, record = persistence.read(path, custom_objects)
        if record["class"] != cls.__name__:
            raise ValueError(
                f"path={str(path)!r} keeps a {record['class']}: {cls.__name__}.load accepts a "
                f"{cls.__name__}"
            )
        estimator = cls(**(record["parameters"] | {"model": model}))
        for name, value in record["state"].items():
            setattr(estimator, name, _from_plain(value))
        estimator.model_ = trained
        return estimator

    def initialize(self, X, y):
        """Make the model that `fit` would start from, and train it not at all.

        Parameters
        ----------
        X, y : array-like
            As for `fit`.

        Returns
        -------
        self
        """
        self._check_parameters({})
        X, y = self._check_rows(X, y)
        self._fit_targets(y)
        self._X_shape = X.shape[1:]
        with isolated(derive_seeds(self.random_state, 2)[0]):
            self.model_, _ = self._build(X[:1])
        self.history_, self.n_epochs_ = {"loss": []}, 0
        return self

    def _one_epoch(self, X, y, sample_weight, classes=None):
        return self._fit(
            X, y, sample_weight, classes=classes, fit_arguments={"epochs": 1},
            go_on=hasattr(self, "model_"),
        )  # fmt: skip

    def _fit(
        self, X, y, sample_weight, *,
        go_on, fit_arguments, groups=None, validation=(None, None), callbacks=None, classes=None,
    ):  # fmt: skip
        arguments = self._check_parameters(fit_arguments)
        epochs = arguments.pop("epochs")
        X, y = self._check_rows(X, y, reset=not go_on)
        y = self._known_targets(y) if go_on else self._fit_targets(y, classes)
        rows = Rows(X, y, self._row_weights(y, sample_weight, X))
        groups = self._check_groups(groups, X)
        self._X_shape = X.shape[1:]
        watched = self._check_validation(*validation)
        seed, split_seed = derive_seeds(self.random_state, 2)
        job = FitJob(
            build=self._build,
            encode=self._encode,
            rows=rows,
            seed=seed,
            epochs=epochs,
            batch_size=arguments.pop("batch_size"),
            callbacks=self.callbacks,
            callback_parameters=routed_to("callbacks", self._routed),
            more_callbacks=callbacks,
            validation=watched,
            shuffle=self.shuffle,
            run_eagerly=self.run_eagerly,
            fit_arguments={"verbose": self.verbose} | arguments,
        )
        if go_on:
            job = self._going_on(job)
        if epochs == "auto":
            result = self._train_auto(job, split_seed, groups)
        else:
            if watched is None:
                training, watched = self._split(rows, self.validation_split, split_seed, groups)
                job = replace(job, rows=training, validation=watched)
            result = train(job)
        self.model_ = result.model
        before = self.history_ if go_on else {}
        self.history_ = {name: before.get(name, []) + v for name, v in result.history.items()}
        self.n_epochs_ = len(self.history_["loss"])
        return self

    def _going_on(self, job):
        """The job that trains the present model further, in an order of rows of its own."""
        model = self.model_
        seeds = np.random.SeedSequence([job.seed, int(model.optimizer.iterations)])
        if job.epochs == "auto":
            raise ValueError(
                'epochs="auto" tries a model and trains another: to go on with the present one, '
                "give a number of epochs"
            )
        return replace(
            job,
            build=lambda sample: (model, model(sample, training=False)),
            seed=int(seeds.generate_state(1)[0] >> 1),
        )

    def _train_auto(self, job, split_seed, groups):
        """Find the number of epochs on a part of the training rows, then train on all of them."""
        training, validation = job.rows, job.validation
        if validation is None:
            share = self.validation_split or AUTO_VALIDATION_SPLIT
            training, validation = self._split(job.rows, share, split_seed, groups)
        stopper = keras.callbacks.EarlyStopping(
            monitor="loss" if validation is None else "val_loss", patience=AUTO_PATIENCE
        )
        job = replace(job, epochs=self.max_epochs, validation=None)
        search = train(
            replace(job, rows=training, validation=validation, extra_callbacks=[stopper])
        )
        self.epoch_search_history_ = search.history
        epochs = 1 + int(np.nanargmin(search.history[stopper.monitor]))
        return train(replace(job, epochs=epochs, epochs_settled=True))

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

    def _check_parameters(self, fit_arguments):
        """Refuse bad parameters by name, before anything is built.

        Returns
        -------
        dict
            Arguments of ``keras.Model.fit``: those of the constructor, and before them ``fit__``,
            and before these what this fit was given.
        """
        self._check_leftovers()
        check_builder(self.model)
        check_routed(self.model, self._routed)
        for name in self._routed:
            self._check_routable(name, self.model, super().get_params(deep=False))
        known = accepted_names(keras.Model.fit)
        if known is not None:  # None: somebody has put a function of his own there
            known = [name for name in known if name not in ("self", *_OWN_FIT_ARGUMENTS)]
        routed = routed_to("fit", self._routed)
        check_accepted(routed, known, owner="keras.Model.fit here", prefix="fit__")
        check_accepted(fit_arguments, known, owner="keras.Model.fit here")
        defaults = inspect.signature(type(self)).parameters
        for name in ("epochs", "batch_size"):
            value = getattr(self, name)
            if value not in (defaults[name].default, routed.get(name, value)):
                raise ValueError(
                    f"fit__{name}={routed[name]!r} contradicts {name}={value!r}: give one of "
                    "the two"
                )
        own = {"epochs": self.epochs, "batch_size": self.batch_size}
        arguments = own | routed | fit_arguments
        self._check_numbers(arguments)
        return arguments

    def _check_leftovers(self):
        taken = builder_parameters(self.model) if callable(self.model) else ()
        for name in self._routed:
            if name in LEFTOVERS and name not in (taken or ()):
                raise ValueError(
                    f"{name}={self._routed[name]!r}: {type(self).__name__} has no such parameter; "
                    f"{LEFTOVERS[name]}"
                )

    def _check_numbers(self, arguments):
        owner, epochs = type(self).__name__, arguments["epochs"]
        if epochs != "auto" and not _is_whole(epochs):
            raise ValueError(f'epochs={epochs!r}: {owner} accepts an integer >= 1 or "auto"')
        for name, value in (
            ("max_epochs", self.max_epochs), ("batch_size", arguments["batch_size"]),
        ):  # fmt: skip
            if not _is_whole(value):
                raise ValueError(f"{name}={value!r}: {owner} accepts an integer >= 1")
        share = self.validation_split
        if not (isinstance(share, numbers.Real) and 0 <= share < 1):
            raise ValueError(
                f"validation_split={share!r}: a share of the training rows in [0, 1) is accepted"
            )

    def _check_rows(self, X, y, reset=True):
        X, y = validate_data(
            self, X, y, reset=reset, accept_sparse="csr", allow_nd=True, dtype="numeric",
            multi_output=True, y_numeric=isinstance(self, RegressorMixin),
        )  # fmt: skip
        if not reset:
            self._check_shape(X)
        return _as_floats(X), y

    def _check_shape(self, X):
        if X.shape[1:] != self._X_shape:
            raise ValueError(
                f"X has rows of shape {X.shape[1:]}; {type(self).__name__} was fitted on rows of "
                f"shape {self._X_shape}"
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
        X = validate_data(
            self, X, reset=False, accept_sparse="csr", allow_nd=True, dtype="numeric"
        )  # fmt: skip
        self._check_shape(X)
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y_val")
        check_consistent_length(X, y)
        return Rows(_as_floats(X), self._known_targets(y, name="y_val"))

    def _check_groups(self, groups, X):
        if groups is None:
            return None
        groups = column_or_1d(groups)
        check_consistent_length(X, groups)
        return groups

    def _row_weights(self, y, sample_weight, X):
        if sample_weight is None:
            return None
        weights = _check_sample_weight(sample_weight, X, dtype=keras.config.floatx())
        return _with_mean_one(weights)

    def _split(self, rows, share, seed, groups):
        """Set a shuffled, where possible stratified part of the training rows apart."""
        n_validation = round(share * len(rows))
        if not n_validation or n_validation >= len(rows):
            return rows, None
        if groups is not None:
            splitter = GroupShuffleSplit(1, test_size=share, random_state=seed)
            training, validation = next(splitter.split(rows.X, rows.y, groups))
            return _take(rows, training), _take(rows, validation)
        training, validation = train_test_split(
            np.arange(len(rows)),
            test_size=n_validation,
            random_state=seed,
            stratify=self._strata(rows.y, n_validation),
        )
        return _take(rows, np.sort(training)), _take(rows, np.sort(validation))

    def _strata(self, y, n_validation):
        return None

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _outputs(self, X):
        check_is_fitted(self)
        X = validate_data(
            self, X, reset=False, accept_sparse="csr", allow_nd=True, dtype="numeric"
        )  # fmt: skip
        self._check_shape(X)
        X = _as_floats(X)
        arguments = routed_to("predict", self._routed)
        if arguments or type(self.model_).predict_step is not keras.Model.predict_step:
            return self.model_.predict(X, **({"verbose": 0} | arguments))
        # A graph for keras.Model.predict takes longer to make than a small model to run.
        # A product with one row takes another way than one with many and differs in the last digit:
        # filled up, a row's prediction does not depend on how many others are asked for.
        filled = np.pad(X, [(0, -len(X) % FILL_ROWS), *(X.ndim - 1) * [(0, 0)]], mode="edge")
        parts = [
            keras.ops.convert_to_numpy(
                self.model_(filled[start : start + PREDICT_ROWS], training=False)
            )
            for start in range(0, len(filled), PREDICT_ROWS)
        ]
        return np.concatenate(parts)[: len(X)]


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
    warm_start : bool, default=False
        Let a second ``fit`` go on with the model of the first: the one way, beside
        ``partial_fit``, in which a fit depends on an earlier one.
    run_eagerly : bool, default=False
        Train step by step without a graph, to find a mistake in a layer. Slow.
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
        Labels, in the order of the columns of ``predict_proba``; of an indicator matrix, the
        numbers of its columns.
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
        warm_start=False,
        run_eagerly=False,
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
            warm_start=warm_start,
            run_eagerly=run_eagerly,
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
            Columns in the order of ``classes_``; of several labels a row, one column each.
        """
        outputs = self._outputs(X)
        if self._multilabel:
            return indicator_probabilities(outputs, self.model_)
        return probabilities(outputs, self.model_)

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
        shares = self.predict_proba(X)
        if self._multilabel:
            return (shares > 0.5).astype(int)
        return self.classes_[shares.argmax(axis=1)]

    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train the present model for one epoch more, or a new one for its first.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes : array-like, shape (n_classes,), default=None
            All labels that will come, where the first rows do not have them all.

        Returns
        -------
        self
        """
        return self._one_epoch(X, y, sample_weight, classes)

    def _fit_targets(self, y, classes=None):
        check_classification_targets(y)
        if classes is not None:
            self._multilabel, self.classes_ = False, np.unique(classes)
            return self._known_targets(y)
        self._multilabel = type_of_target(y, input_name="y") == "multilabel-indicator"
        if self._multilabel:
            self.classes_ = np.arange(y.shape[1])
            return np.asarray(y, dtype=keras.config.floatx())
        if y.ndim == 2 and y.shape[1] > 1:
            raise ValueError(
                f"y has shape {y.shape}, with labels other than 0 and 1: one label a row is "
                "accepted, or an indicator matrix of several labels"
            )
        y = column_or_1d(y, warn=True)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has one class, {self.classes_[0]!r}: at least two classes are accepted"
            )
        return codes

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _known_targets(self, y, name="y"):
        """Encode targets by the classes of the model that is there."""
        if self._multilabel:
            if y.shape[1:] != self.classes_.shape:
                raise ValueError(
                    f"{name} has shape {y.shape}: {len(self.classes_)} columns are accepted"
                )
            return np.asarray(y, dtype=keras.config.floatx())
        y = column_or_1d(y, warn=True)
        unknown = np.setdiff1d(y, self.classes_)
        if len(unknown):
            raise ValueError(
                f"{name} has the label {unknown[:1].tolist()[0]!r}, which was not there when the "
                f"model was made; accepted: {self.classes_.tolist()}"
            )
        return np.searchsorted(self.classes_, y)

    def _row_weights(self, codes, sample_weight, X):
        weights = super()._row_weights(codes, sample_weight, X)
        if self.class_weight is None:
            return weights
        if self._multilabel:
            raise ValueError(
                f"class_weight={self.class_weight!r} with several labels a row: None is accepted"
            )
        by_class = compute_sample_weight(self.class_weight, self.classes_[codes]).astype(
            keras.config.floatx()
        )
        return _with_mean_one(by_class if weights is None else weights * by_class)

    def _meta(self):
        n_classes = len(self.classes_)
        one_label = "binary" if n_classes == 2 else "multiclass"
        return super()._meta() | {
            "classes_": self.classes_,
            "n_classes_": n_classes,
            "n_outputs_": n_classes if self._multilabel else 1,
            "n_outputs_expected_": 1,
            "target_type_": "multilabel-indicator" if self._multilabel else one_label,
        }

    def _default_loss(self, model, outputs):
        return loss_for(model, n_units(outputs), multilabel=self._multilabel)

    def _encode(self, codes, model, outputs):
        if self._multilabel:
            return encode_indicators(codes, model=model, units=n_units(outputs))
        return encode_classes(
            codes, n_classes=len(self.classes_), model=model, units=n_units(outputs)
        )

    def _strata(self, y, n_validation):
        if self._multilabel:
            return None
        counts = np.bincount(y)
        fits = counts.min() >= 2 and min(n_validation, len(y) - n_validation) >= len(counts)
        return y if fits else None


class KerasRegressor(RegressorMixin, _KerasEstimator):
    """A Keras regressor with scikit-learn's interface and a pure fit.

    Parameters
    ----------
    model, optimizer, metrics, epochs, max_epochs, batch_size, validation_split, callbacks
    shuffle, warm_start, run_eagerly, verbose, random_state, **routed
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
        return outputs.reshape(len(outputs), *self._y_shape).astype("float64")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def partial_fit(self, X, y, sample_weight=None):
        """Train the present model for one epoch more, or a new one for its first.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self
        """
        return self._one_epoch(X, y, sample_weight)

    def _fit_targets(self, y, classes=None):
        self._y_shape = y.shape[1:]
        return np.asarray(y, dtype=keras.config.floatx()).reshape(len(y), -1)

    def _known_targets(self, y, name="y"):
        if y.shape[1:] != self._y_shape:
            raise ValueError(
                f"{name} has shape {y.shape}: {(len(y), *self._y_shape)} is accepted, as before"
            )
        return np.asarray(y, dtype=keras.config.floatx()).reshape(len(y), -1)

    def _meta(self):
        n_outputs = self._y_shape[0] if self._y_shape else 1
        several = "-multioutput" if n_outputs > 1 else ""
        return super()._meta() | {
            "n_outputs_": n_outputs,
            "n_outputs_expected_": 1,
            "target_type_": f"continuous{several}",
        }

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


def _with_mean_one(weights):
    """Scale weights so that the loss is divided by their sum, as if rows had been repeated."""
    if (weights < 0).any() or not weights.sum() > 0:
        raise ValueError("sample_weight: numbers >= 0 are accepted, not all of them 0")
    return weights / weights.mean()


def _is_plain(value):
    try:
        return json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        return False


def _to_plain(value):
    if isinstance(value, np.ndarray):
        return {"values": value.tolist(), "dtype": str(value.dtype)}
    return {"tuple": list(value)} if isinstance(value, tuple) else value


def _from_plain(value):
    if isinstance(value, dict) and set(value) == {"values", "dtype"}:
        return np.array(value["values"], dtype=value["dtype"])
    return tuple(value["tuple"]) if isinstance(value, dict) and set(value) == {"tuple"} else value


def _as_floats(X):
    X = X.toarray() if issparse(X) else X
    return np.ascontiguousarray(X, dtype=keras.config.floatx())


def _take(rows, index):
    weights = None if rows.sample_weight is None else rows.sample_weight[index]
    return Rows(rows.X[index], rows.y[index], weights)


def _is_whole(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 1
