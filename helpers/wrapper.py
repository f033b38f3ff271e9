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
``n_epochs_`` of a fit that goes  SciKeras: `fit` starts the     it is the number of epochs that
on counts the earlier epochs      count afresh                   the model has been trained for
the optimizer is Adam, and an     SciKeras: RMSprop, and an      the last layer says what loss
uncompiled model gets a loss      error                          fits
``history_`` has Keras' names     SciKeras: long ones            callbacks watch Keras' names
rows are of Keras' precision      SciKeras: rows keep their      a fit on float64 rows is the
                                  dtype                          fit on the same rows in float32
a regressor that was trained on   SciKeras: Keras' precision     scikit-learn's checks ask for it
float64 rows predicts float64
one class is an error             one class is learnt            a fold that lacks classes
                                                                 would score like any other
``score`` is overridden           SciKeras: ``scorer`` is        scikit-learn's own way
================================  =============================  ==============================

What SciKeras' users subclass works: a builder as the method ``_keras_build_fn``, a constructor of
one's own, and two properties that return a transformer, fitted in each fit on its training rows.
``feature_encoder`` makes of rows what the model takes, an array or a list or dict of them;
``target_encoder`` makes of targets what the loss takes, and labels of outputs:

>>> import numpy as np
>>> from helpers import KerasClassifier
>>> from helpers.quiet import keras
>>> from sklearn.base import clone
>>> from sklearn.preprocessing import FunctionTransformer
>>> def two_sides(X):
...     return {"left": X[:, :2], "right": X[:, 2:]}
>>> class TwoSides(KerasClassifier):
...     feature_encoder = property(lambda self: FunctionTransformer(two_sides))
>>> def build():
...     sides = {side: keras.Input((2,), name=side) for side in ("left", "right")}
...     joined = keras.layers.Concatenate()(list(sides.values()))
...     return keras.Model(sides, keras.layers.Dense(1, activation="sigmoid")(joined))
>>> X = np.random.default_rng(0).normal(size=(200, 4))
>>> classifier = clone(TwoSides(build, batch_size=8, epochs=5, random_state=0))
>>> classifier.fit(X, X[:, 0] > X[:, 3]).predict(X[:2]).shape
(2,)
"""

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import column_or_1d

from helpers.arguments import check_class_weight
from helpers.estimator import KerasEstimator
from helpers.kinds import Indicators, LabelColumns, Labels, Numbers, is_one_hot
from helpers.quiet import keras
from helpers.readable import named
from helpers.rows import with_mean_one


class KerasClassifier(ClassifierMixin, KerasEstimator):
    """A Keras classifier with scikit-learn's interface and a pure fit.

    Parameters
    ----------
    model : callable
        Builder: a function that returns a new Keras model each time, compiled or not. It takes the
        ``model__`` parameters as keywords and, if its signature has them or takes any keyword,
        ``meta`` (what is known of the data, such as ``meta["n_classes_"]``), ``compile_kwargs``
        (``optimizer``, ``loss`` and ``metrics``, None where they were not asked for) and
        ``params`` (all parameters of the estimator). A subclass may have it as the method
        ``_keras_build_fn``.
    optimizer, loss, metrics : str, class, object, dict, list, default=None
        For builders that do not compile. None: Adam, the cross-entropy that fits the output layer,
        no metrics. Objects are copied for each fit.
    epochs : int >= 1 or "auto", default="auto"
        Passes over the training rows. "auto" watches a fifth of the training rows (or
        ``validation_split`` of them), takes the model back to its best epoch and goes on from there
        on all rows, for a fifth as many epochs, but three at least; see Notes.
    max_epochs : int >= 1, default=200
        Most epochs that "auto" trains a model for, those on all rows counted.
    batch_size : int >= 1, or -1, default=32
        Rows per update; -1 takes all.
    validation_split : float in [0, 1), default=0.0
        Share of the training rows that is set apart and watched by callbacks: shuffled, and drawn
        evenly over the classes; the only row of a class is trained on.
    validation_batch_size : int >= 1, -1 or None, default=None
        Rows set apart that go through the model at once, to save memory; -1 takes all, None 1024
        or a batch. It changes no more than last digits.
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
    memory : None, str, path or joblib.Memory, default=None
        Directory that keeps each fit under all that it depends on; an equal fit is looked up, not
        trained, and none of its callbacks is called. Not kept are fits with ``random_state=None``
        (which asks for another fit each time: looking one up would return an old one), fits that
        go on (``partial_fit``, ``warm_start``), fits that fail, and those of a builder or callback
        of which nobody can tell what it depends on (it warns). See `helpers.cache`.
    **routed
        ``model__units=64``, ``optimizer__learning_rate=1e-3``, ``loss__...``, ``metrics__...``,
        ``compile__...``, ``callbacks__...``, ``fit__...``, ``predict__...``: passed on to what the
        prefix names, and refused where nothing consumes them.

    Attributes
    ----------
    model_ : keras.Model
        The trained model.
    classes_ : ndarray, shape (n_classes,), or list of them
        Labels, in the order of the columns of ``predict_proba``; of an indicator matrix, the
        numbers of its columns; of several columns of labels, those of each.
    history_ : dict of str to list of float
        One value per epoch that the model was trained for.
    n_epochs_ : int
        Epochs that the model was trained for: with "auto", those up to the best of the search, and
        those on all rows after it.
    epoch_search_history_ : dict of str to list of float
        With "auto": one value per epoch of the search, those after the best included. What
        the rows set apart were told is here alone.
    n_features_in_ : int
        Features seen by ``fit``.
    n_classes_, n_outputs_, n_outputs_expected_, target_type_, X_shape_, X_dtype_
        As in ``meta``.

    Notes
    -----
    ``epochs="auto"`` stops when the loss on the rows set apart has not fallen for five epochs by a
    thousandth of the first, or where ``max_epochs`` leave no more. Weights, moments of the
    optimizer and learning rate go back to what they were after the best epoch; schedules and
    callbacks then go on counting from it, and callbacks that watch rows set apart are left out,
    since none are. Where ``X_val`` is given, all rows have been trained on and nothing follows. In
    all, but for the three epochs at least, the model sees as many rows as if it had been trained on
    all of them for the best number of epochs. What this loses and costs against the best fixed
    number: ``tests/benchmarks/auto_epochs.md``.

    A matrix of 0 and 1 holds several labels a row, as everywhere in scikit-learn. Where each row
    has exactly one 1 *and* the model lets in one only (it ends in a softmax, or its loss is a
    categorical one), the columns are classes, and predictions are one-hot as well. A matrix of
    other labels wants a model with an output for each column.

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
        validation_batch_size=None,
        callbacks=None,
        shuffle=True,
        warm_start=False,
        run_eagerly=False,
        class_weight=None,
        verbose=0,
        random_state=None,
        memory=None,
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
            validation_batch_size=validation_batch_size,
            callbacks=callbacks,
            shuffle=shuffle,
            warm_start=warm_start,
            run_eagerly=run_eagerly,
            verbose=verbose,
            random_state=random_state,
            memory=memory,
            **routed,
        )
        self.class_weight = class_weight

    def predict_proba(self, X, **arguments):
        """Probability of each class.

        Parameters
        ----------
        X : array-like, shape (n_samples, ...)
        **arguments
            As ``predict__...``, for this call: what ``keras.Model.predict`` takes.

        Returns
        -------
        ndarray, shape (n_samples, n_classes), or list of them
            Columns in the order of ``classes_``; of several labels a row, one column each; of
            several columns of labels, an array for each.
        """
        outputs = self._outputs(X, arguments)
        return self._kind.probabilities(outputs, self.model_)

    def partial_fit(self, X, y, classes=None, sample_weight=None, **fit_arguments):
        """Train the present model for one epoch more, or a new one for its first.

        Parameters
        ----------
        X, y, sample_weight, **fit_arguments
            As for `fit`, ``epochs`` aside: it is 1.
        classes : array-like, shape (n_classes,), default=None
            All labels that will come, where the first rows do not have them all.

        Returns
        -------
        self
        """
        return self._one_epoch(X, y, sample_weight, fit_arguments, classes)

    def _kind_of(self, y, classes=None):
        check_classification_targets(y)
        if classes is not None:
            return Labels(np.unique(classes))
        if type_of_target(y, input_name="y") == "multilabel-indicator":
            return Indicators(np.arange(y.shape[1]), is_one_hot(y))
        if y.ndim == 2 and y.shape[1] > 1:
            return LabelColumns([np.unique(column) for column in y.T])
        kind = Labels(np.unique(column_or_1d(y)))
        if len(kind.classes) < 2:
            raise ValueError(
                f"y has one class, {kind.classes.tolist()[0]!r}: at least two are accepted"
            )
        return kind

    def _check_like_before(self, y):
        if not isinstance(self._kind, Labels):
            return
        if y.ndim != self._y_ndim:
            raise ValueError(
                f"y has {y.ndim} dimensions, but this {type(self).__name__} was trained on y of "
                f"{self._y_ndim}, and goes on with as many"
            )
        self._check_dtype("y", y.dtype, self._y_dtype)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _row_weights(self, y, sample_weight, X):
        weights = super()._row_weights(y, sample_weight, X)
        if self.class_weight is None:
            return weights
        if isinstance(self._kind, Indicators):
            raise ValueError(
                f"class_weight={self.class_weight!r} with several labels a row: None is accepted"
            )
        labels = y[:, 0] if y.shape[1:] == (1,) else y
        if isinstance(self._kind, Labels):
            check_class_weight(self.class_weight, self._kind.classes)
        with named("class_weight"):
            by_class = compute_sample_weight(self.class_weight, labels)
        by_class = by_class.astype(keras.config.floatx())
        return with_mean_one(
            by_class if weights is None else weights * by_class, name="class_weight"
        )


class KerasRegressor(RegressorMixin, KerasEstimator):
    """A Keras regressor with scikit-learn's interface and a pure fit.

    Parameters
    ----------
    model, optimizer, metrics, epochs, max_epochs, batch_size, validation_split
    validation_batch_size, callbacks, shuffle, warm_start, run_eagerly, verbose, random_state
    memory, **routed
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

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def partial_fit(self, X, y, sample_weight=None, **fit_arguments):
        """Train the present model for one epoch more, or a new one for its first.

        Parameters
        ----------
        X, y, sample_weight, **fit_arguments
            As for `fit`, ``epochs`` aside: it is 1.

        Returns
        -------
        self
        """
        return self._one_epoch(X, y, sample_weight, fit_arguments)

    def _kind_of(self, y, classes=None):
        return Numbers(y.shape[1:], "float64" if self._X_dtype == "float64" else None)
