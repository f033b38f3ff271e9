"""What the classifier and the regressor share: parameters, the order of a fit, prediction."""

from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
from sklearn.base import clone
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted

from helpers.arguments import (
    FIT,
    PREDICT,
    check_flag,
    check_leftovers,
    check_share,
    check_verbose,
    check_whole,
    fit_arguments,
    predict_arguments,
)
from helpers.building import COMPILE, build, builder_parameters, check_builder, check_routed
from helpers.cache import check_memory, train_cached
from helpers.checked import CheckedRows
from helpers.copies import put_together, taken_apart
from helpers.epochs import VALIDATION_SHARE, Present, train_auto
from helpers.kinds import Encoded, from_record, to_record
from helpers.persistence import from_plain, is_plain, read, to_plain, write
from helpers.prediction import outputs_of
from helpers.quiet import keras
from helpers.randomness import derive_seeds, isolated
from helpers.readable import named
from helpers.recipes import Recipe, numbers_of
from helpers.routed import RoutedParameters
from helpers.routing import constructor_parameters, routed_to
from helpers.rows import as_inputs, check_split, split
from helpers.training import FitJob, Rows, train

#: What a fit leaves behind beside the model.
STATE = (
    "classes_", "n_features_in_", "feature_names_in_", "history_", "epoch_search_history_",
    "n_epochs_", "_X_shape", "_X_dtype", "_y_ndim", "_y_dtype",
)  # fmt: skip
#: What builders find in ``meta``, and a subclass as an attribute of itself.
META = (
    "n_classes_", "n_outputs_", "n_outputs_expected_", "target_type_", "X_shape_", "X_dtype_",
    "y_ndim_", "y_dtype_",
)  # fmt: skip
#: What no builder that is a method of a subclass reads: results, and what changes none.
NOT_READ_BY_BUILDERS = ("model_", "_recipe", "history_", "n_epochs_", "memory", "verbose")


class KerasEstimator(CheckedRows, RoutedParameters):
    """What the classifier and the regressor share: parameters, the order of a fit, prediction."""

    # As in SciKeras, a subclass whose model has a `fit` of its own adds what that takes.
    _fit_kwargs, _predict_kwargs, _compile_kwargs = FIT, PREDICT, COMPILE

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
        validation_batch_size=None,
        callbacks=None,
        shuffle=True,
        warm_start=False,
        run_eagerly=False,
        verbose=0,
        random_state=None,
        memory=None,
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
        self.validation_batch_size = validation_batch_size
        self.callbacks = callbacks
        self.shuffle = shuffle
        self.warm_start = warm_start
        self.run_eagerly = run_eagerly
        self.verbose = verbose
        self.random_state = random_state
        self.memory = memory
        self._routed = routed

    def __getstate__(self):
        state = taken_apart(super().__getstate__())
        if "model_" not in state or "_recipe" not in state:  # what `load` has read has no recipe
            return state
        numbers = numbers_of(state["model_"])
        return {name: v for name, v in state.items() if name != "model_"} | {"_numbers": numbers}

    def __setstate__(self, state):
        numbers = state.get("_numbers")
        state = {name: value for name, value in state.items() if name != "_numbers"}
        super().__setstate__(put_together(state))
        if numbers is not None:
            self.model_ = self._recipe.remake(numbers)

    def __fingerprint__(self):
        """What a builder that is a method can read of the estimator."""
        return {name: v for name, v in vars(self).items() if name not in NOT_READ_BY_BUILDERS}

    def __getattr__(self, name):
        known = self._meta() if name in META and "_kind" in self.__dict__ else {}
        return known[name] if name in known else super().__getattr__(name)

    @property
    def current_epoch(self):
        """Epochs that the model has been trained for; 0 before the first."""
        return self.__dict__.get("n_epochs_", 0)

    @property
    def initialized_(self):
        """Whether there is a model, trained or not."""
        return "model_" in self.__dict__

    @property
    def target_encoder_(self):
        """What encodes targets: a subclass' own transformer, fitted, or the kind that they are."""
        return getattr(self._kind, "encoder", self._kind)

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

    def predict(self, X, **arguments):
        """What the model says of each row, in the form in which ``fit`` was given targets.

        Parameters
        ----------
        X : array-like, shape (n_samples, ...)
        **arguments
            As ``predict__...``, for this call: what ``keras.Model.predict`` takes.

        Returns
        -------
        ndarray, shape (n_samples,) or (n_samples, n_targets)
            The most probable labels, of the type that they had; a regressor's numbers, float64 if
            it was trained on float64 rows, else of Keras' precision.
        """
        outputs = self._outputs(X, arguments)
        return self._kind.predict(outputs, self.model_)

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
        for hook in ("feature_encoder", "target_encoder"):
            if hasattr(type(self), hook):
                raise TypeError(
                    f"{hook}: a transformer of one's own cannot be saved without its code; "
                    "pickle.dumps keeps it"
                )
        state = {name: v for name, v in vars(self).items() if name in STATE}
        record = {
            "class": type(self).__name__,
            "parameters": {n: v for n, v in self.get_params(False).items() if is_plain(v)},
            "state": {name: to_plain(value) for name, value in state.items()},
            "kind": {name: to_plain(value) for name, value in to_record(self._kind).items()},
        }
        write(path, self.model_, record)

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
        trained, record = read(path, custom_objects)
        if record["class"] != cls.__name__:
            raise ValueError(
                f"path={str(path)!r} keeps a {record['class']}: {cls.__name__}.load accepts a "
                f"{cls.__name__}"
            )
        estimator = cls(**(record["parameters"] | {"model": model}))
        for name, value in record["state"].items():
            setattr(estimator, name, from_plain(value))
        estimator._kind = from_record({k: from_plain(v) for k, v in record["kind"].items()})
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
        with self._as_before_if_it_fails(go_on=False):
            self._check_parameters({})
            X, y = self._check_rows(X, y)
            self._prepare(X, y)
            with isolated(derive_seeds(self.random_state, 2)[0]):
                self.model_, _ = self._build(self._inputs(X[:1]))
            self.history_, self.n_epochs_ = {"loss": []}, 0
        return self

    @contextmanager
    def _as_before_if_it_fails(self, go_on):
        """Lose nothing by a fit that raises: neither attributes nor, if it goes on, weights."""
        attributes, variables = dict(vars(self)), []
        if go_on:
            variables = [*self.model_.variables, *self.model_.optimizer.variables]
        values = [variable.numpy() for variable in variables]
        if not go_on:
            for name in STATE:
                vars(self).pop(name, None)
        try:
            yield
        except BaseException:
            vars(self).clear()
            vars(self).update(attributes)
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
            raise

    def _one_epoch(self, X, y, sample_weight, given, classes=None):
        for name in ("epochs", "initial_epoch"):
            if name in given:
                raise TypeError(
                    f"Invalid argument {name}={given[name]!r}: partial_fit trains for one epoch"
                )
        return self._fit(
            X, y, sample_weight, classes=classes, fit_arguments=given | {"epochs": 1},
            go_on=hasattr(self, "model_"),
        )  # fmt: skip

    def _fit(self, X, y, sample_weight, *, go_on, **more):
        with self._as_before_if_it_fails(go_on):
            return self._check_and_train(X, y, sample_weight, go_on=go_on, **more)

    def _check_and_train(
        self, X, y, sample_weight, *,
        go_on, fit_arguments, groups=None, validation=(None, None), callbacks=None, classes=None,
    ):  # fmt: skip
        arguments = self._check_parameters(fit_arguments)
        epochs, batch_size = arguments.pop("epochs"), arguments.pop("batch_size")
        X, y = self._check_rows(X, y, reset=not go_on)
        if not go_on:
            self._prepare(X, y, classes)
        weights = self._row_weights(y, sample_weight, X)
        with named("y"):
            numbers = self._kind.numbers(y)
        rows = Rows(self._inputs(X), numbers, weights)
        groups = self._check_groups(groups, X)
        watched = self._check_validation(*validation)
        seed, split_seed = derive_seeds(self.random_state, 2)
        job = FitJob(
            build=self._build,
            encode=self._kind.encode,
            rows=rows,
            seed=seed,
            epochs=epochs,
            batch_size=len(X) if batch_size == -1 else batch_size,
            callbacks=self.callbacks,
            callback_parameters=routed_to("callbacks", self._prefixed),
            more_callbacks=_as_list(callbacks) + _as_list(arguments.pop("callbacks", None)),
            validation=watched,
            validation_batch_size=arguments.pop("validation_batch_size"),
            shuffle=self.shuffle,
            run_eagerly=self.run_eagerly,
            fit_arguments={"verbose": self.verbose} | arguments,
        )
        run = train
        if go_on:
            job = self._going_on(job)
        elif self.random_state is not None:
            # What is looked up is not built: the recipe has to be there all the same.
            self._recipe = Recipe.of(self._build_arguments(rows[:1].X))
            run = partial(train_cached, recipe=self._recipe, memory=check_memory(self.memory))
        if epochs == "auto":
            result = self._train_auto(job, split_seed, groups, run)
        else:
            if watched is None:
                training, watched = self._split(rows, self.validation_split, split_seed, groups)
                job = replace(job, rows=training, validation=watched)
            result = run(job)
        self.model_ = result.model
        before = self.history_ if go_on else {}
        self.history_ = {name: before.get(name, []) + v for name, v in result.history.items()}
        self.n_epochs_ = len(self.history_["loss"])
        return self

    def _prepare(self, X, y, classes=None):
        """Learn from the training rows what the model's inputs and targets are."""
        self._X_shape = X.shape[1:]
        self._y_ndim, self._y_dtype = np.ndim(y), str(np.asarray(y).dtype)
        if hasattr(type(self), "feature_encoder"):
            self.feature_encoder_ = _fresh(self.feature_encoder).fit(X)
        if hasattr(type(self), "target_encoder"):
            self._kind = Encoded(_fresh(self.target_encoder).fit(y), type_of_target(y))
        else:
            with named("y"):
                self._kind = self._kind_of(y, classes)
        if "classes_" in self._kind.meta:
            self.classes_ = self._kind.meta["classes_"]

    def _inputs(self, X):
        """What the model takes: rows, or what a subclass' transformer makes of them."""
        if not hasattr(type(self), "feature_encoder"):
            return X
        return as_inputs(self.feature_encoder_.transform(X), len(X))

    def _going_on(self, job):
        """The job that trains the present model further, in an order of rows of its own."""
        model = self.model_
        seeds = np.random.SeedSequence([job.seed, int(model.optimizer.iterations)])
        if job.epochs == "auto":
            raise ValueError(
                'epochs="auto" judges by rows that the model was not trained on, and the present '
                "one was trained on all: to go on with it, give a number of epochs"
            )
        return replace(job, build=Present(model), seed=int(seeds.generate_state(1)[0] >> 1))

    def _train_auto(self, job, split_seed, groups, run):
        """Find the number of epochs on a part of the training rows, and train on all of them."""
        part = replace(job, epochs=self.max_epochs)
        if job.validation is None:
            share = self.validation_split or VALIDATION_SHARE
            training, validation = self._split(job.rows, share, split_seed, groups)
            part = replace(part, rows=training, validation=validation)
        result, self.epoch_search_history_ = train_auto(part, job.rows, run)
        return result

    def _build(self, sample):
        arguments = self._build_arguments(sample)
        self._recipe = Recipe.of(arguments)
        return build(**arguments)

    def _build_arguments(self, sample):
        return {
            "builder": self._builder,
            "sample": sample,
            "parameters": self._prefixed,
            "meta": self._meta(),
            "params": self.get_params(deep=False),
            "default_loss": self._kind.default_loss,
            "optimizer": self.optimizer,
            "loss": self.loss,
            "metrics": self.metrics,
            "class_defaults": {
                name: parameter.default
                for name, parameter in constructor_parameters(type(self)).items()
                if name in ("optimizer", "loss", "metrics")
            },
        }

    def _meta(self):
        return {
            "n_features_in_": self.n_features_in_,
            "X_shape_": (None, *self._X_shape),
            "X_dtype_": np.dtype(keras.config.floatx()),
            "y_ndim_": self._y_ndim,
            "y_dtype_": np.dtype(self._y_dtype),
            "feature_encoder_": self.__dict__.get("feature_encoder_"),
            "target_encoder_": self.target_encoder_,
        } | self._kind.meta

    def _check_parameters(self, given):
        """Refuse bad parameters by name, before anything is built.

        Returns
        -------
        dict
            Arguments of ``keras.Model.fit``.
        """
        owner = type(self).__name__
        builder, parameters = self._builder, self._prefixed
        taken = builder_parameters(builder) if callable(builder) else None
        check_leftovers(self._routed, taken or (), owner=owner)
        check_builder(builder)
        if self.model is not None and hasattr(self, "_keras_build_fn"):
            raise ValueError(
                f"model={self.model!r}: where it is given, {owner} cannot implement "
                "``_keras_build_fn``, a builder of its own: only one of them is accepted"
            )
        for name in parameters:
            self._check_routable(name, builder)
        check_routed(builder, parameters, self._compile_kwargs)
        for name in ("shuffle", "warm_start", "run_eagerly"):
            check_flag(name, getattr(self, name))
        check_verbose(self.verbose)
        check_memory(self.memory)
        predict_arguments(routed_to("predict", parameters), {}, self._predict_kwargs)
        if self.callbacks is None:
            for name in routed_to("callbacks", parameters):
                raise ValueError(
                    f"callbacks__{name}: no callbacks were given to consume it; pass callbacks=..."
                )
        constructor = constructor_parameters(type(self)) | constructor_parameters(KerasEstimator)
        names = ("epochs", "batch_size", "validation_batch_size")
        arguments = fit_arguments(
            own={name: getattr(self, name) for name in names},
            defaults={name: constructor[name].default for name in names},
            routed=routed_to("fit", parameters),
            given=given,
            known=self._fit_kwargs,
            owner=owner,
        )
        check_whole("max_epochs", self.max_epochs, owner=owner)
        check_share("validation_split", self.validation_split)
        return arguments

    def _split(self, rows, share, seed, groups):
        labels = self._kind.strata(rows.y)
        if groups is None:
            n_classes = 1 if labels is None else len(np.unique(labels))
            check_split(self.validation_split, len(rows), n_classes)
        with named("groups"):
            return split(rows, share, seed, groups=groups, labels=labels)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _outputs(self, X, given):
        check_is_fitted(self)
        X = self._check_more_rows(X)
        routed = routed_to("predict", self._prefixed)
        arguments = predict_arguments(routed, given, self._predict_kwargs)
        return outputs_of(self.model_, self._inputs(X), arguments)


def _fresh(transformer):
    """A copy that nothing has fitted: a subclass may hand out one object for all its fits."""
    return clone(transformer, safe=False)


def _as_list(callbacks):
    """Callbacks as a list of them, however they are given."""
    if callbacks is None:
        return []
    if isinstance(callbacks, dict):
        return list(callbacks.values())
    return list(callbacks) if isinstance(callbacks, list | tuple) else [callbacks]
