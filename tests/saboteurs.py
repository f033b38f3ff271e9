"""Builders, wrappers and splitters named after the fault that each carries."""

import numpy as np

from helpers import KerasClassifier
from helpers.quiet import keras


def builder_of_one_model():
    """Return a builder that hands out the same model every time."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    return lambda: model


def builder_on_one_layer():
    """Return a builder whose new models share a trained layer."""
    shared = keras.layers.Dense(8, activation="relu", name="shared")
    return lambda: keras.Sequential(
        [keras.Input((4,)), shared, keras.layers.Dense(3, activation="softmax")]
    )


def builder_with_one_optimizer():
    """Return a builder that compiles every model with the same optimizer object."""
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)

    def build():
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
        model.compile(optimizer, "sparse_categorical_crossentropy")
        return model

    return build


class StatefulCallback(keras.callbacks.Callback):
    """Keeps on the object what it has seen; a shared one would tell of the fits before."""

    def __init__(self):
        super().__init__()
        self.epochs_seen = 0

    def on_epoch_end(self, epoch, logs=None):
        self.epochs_seen += 1
        logs["epochs_seen"] = self.epochs_seen


class Uncopyable(keras.callbacks.Callback):
    """Can be copied in no way."""

    def __deepcopy__(self, memo):
        raise RuntimeError("holds a socket")


class WeightsTravel(KerasClassifier):
    """Goes on from the weights of the fit before, whatever estimator that was."""

    last_weights = None

    def _build(self, sample):
        model, outputs = super()._build(sample)
        if WeightsTravel.last_weights is not None:
            model.set_weights(WeightsTravel.last_weights)
        model.fit = self._remembering(model)
        return model, outputs

    @staticmethod
    def _remembering(model):
        fit = type(model).fit

        def remember(*args, **kwargs):
            history = fit(model, *args, **kwargs)
            WeightsTravel.last_weights = model.get_weights()
            return history

        return remember


class LeakySplitter:
    """Every fold's test rows are among its training rows."""

    def __init__(self, n_splits=3):
        self.n_splits = n_splits

    def split(self, X, y=None, groups=None):
        rows = np.arange(len(X))
        for fold in np.array_split(rows, self.n_splits):
            yield rows, fold

    def get_n_splits(self, X=None, y=None, groups=None):
        return self.n_splits


class Failing(keras.callbacks.Callback):
    """Fails in the middle of a fit."""

    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError("in the middle of a fit")


def builder_that_sets_the_policy(meta):
    """Build a model, and leave another dtype policy and precision for all that come after."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    keras.config.set_floatx("float32")
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(meta["n_classes_"], activation="softmax", dtype="float32"),
        ]
    )


class ForgetfulLoss(keras.losses.Loss):
    """Its configuration leaves its weight out."""

    def __init__(self, weight=1.0, **more):
        super().__init__(**more)
        self.weight = weight

    def call(self, y_true, y_pred):
        return self.weight * keras.ops.mean(keras.ops.square(y_true - y_pred), axis=-1)


class ForgetfulMetric(keras.metrics.Mean):
    """Its configuration leaves its weight out."""

    def __init__(self, weight=1.0, **more):
        super().__init__(**more)
        self.weight = weight


class ForgetfulOptimizer(keras.optimizers.SGD):
    """Its configuration leaves its weight out."""

    def __init__(self, weight=1.0, **more):
        super().__init__(**more)
        self.weight = weight
