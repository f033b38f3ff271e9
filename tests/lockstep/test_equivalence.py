"""A fit in a stack is the fit alone: equal rows, batches, weights at the start and at the end."""

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from helpers import KerasClassifier
from helpers.quiet import keras

RNG = np.random.default_rng(0)
X = RNG.normal(size=(90, 8)).astype("float32")
Y = (X[:, 0] * X[:, 1] > 0).astype(int) + (X[:, 2] > 1)
#: Folds of different sizes, whose last batches have different numbers of rows.
FOLDS = [np.arange(0, 70), np.arange(10, 80), np.arange(20, 89)]


class Scale(keras.layers.Layer):
    """A user's layer, with a loss of its own."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, inputs):
        self.add_loss(1e-2 * keras.ops.mean(self.scale**2))
        return inputs * self.scale


class Noise(keras.layers.Layer):
    """A user's layer that draws."""

    def __init__(self, deviation):
        super().__init__()
        self.deviation, self.generator = deviation, keras.random.SeedGenerator()

    def call(self, inputs, training=False):
        if not training:
            return inputs
        shape = keras.ops.shape(inputs)
        return inputs + self.deviation * keras.random.normal(shape, seed=self.generator)


class Residual(keras.Model):
    """A subclassed model."""

    def __init__(self, n_classes):
        super().__init__()
        self.first, self.second = keras.layers.Dense(8, "relu"), keras.layers.Dense(8)
        self.last = keras.layers.Dense(n_classes, "softmax")

    def call(self, inputs):
        return self.last(self.second(self.first(inputs)) + inputs)


def dense(*layers):
    def build(meta):
        last = keras.layers.Dense(meta["n_classes_"], "softmax")
        hidden = [layer() if callable(layer) else layer for layer in layers]
        return keras.Sequential([keras.Input((8,)), *hidden, last])

    return build


def branches(meta):
    inputs = keras.Input((8,))
    left = keras.layers.Dense(4, "relu")(inputs)
    right = keras.layers.Dense(4, "tanh")(keras.ops.abs(inputs))
    joined = keras.layers.Concatenate()([left, right, left * right])
    return keras.Model(inputs, keras.layers.Dense(meta["n_classes_"], "softmax")(joined))


def embedding(meta):
    inputs = keras.Input((8,))
    codes = keras.ops.cast(keras.ops.clip(3 * (inputs + 1), 0, 9), "int32")
    flat = keras.layers.Flatten()(keras.layers.Embedding(10, 3)(codes))
    return keras.Model(inputs, keras.layers.Dense(meta["n_classes_"], "softmax")(flat))


def subclassed(meta):
    return Residual(meta["n_classes_"])


layers = keras.layers
BUILDERS = {
    "dense": dense(lambda: layers.Dense(8, "relu")),
    "dropout": dense(lambda: layers.Dense(8, "relu"), lambda: layers.Dropout(0.4)),
    "batch normalisation": dense(lambda: layers.BatchNormalization(momentum=0.1)),
    "layer normalisation": dense(lambda: layers.Dense(8), layers.LayerNormalization),
    "convolution": dense(
        lambda: layers.Reshape((4, 2, 1)), lambda: layers.Conv2D(4, 2, activation="relu"),
        lambda: layers.MaxPooling2D((2, 1)), layers.Flatten,
    ),
    "large convolution": dense(  # which is looped over: see helpers.lockstep.graph.LARGE
        lambda: layers.Reshape((4, 2, 1)), lambda: layers.UpSampling2D(8),
        lambda: layers.Conv2D(4, 3), layers.GlobalAveragePooling2D,
    ),
    "average pooling": dense(
        lambda: layers.Reshape((4, 2, 1)), lambda: layers.Conv2D(4, 2),
        layers.GlobalAveragePooling2D,
    ),
    "other convolutions": dense(
        lambda: layers.Reshape((4, 2, 1)), lambda: layers.Conv2DTranspose(3, 2),
        lambda: layers.DepthwiseConv2D(2), lambda: layers.SeparableConv2D(4, 2), layers.Flatten,
    ),
    "spatial dropout": dense(
        lambda: layers.Reshape((4, 2)), lambda: layers.SpatialDropout1D(0.4), layers.Flatten
    ),
    "lstm": dense(lambda: layers.Reshape((4, 2)), lambda: layers.LSTM(4)),
    "gru": dense(lambda: layers.Reshape((4, 2)), lambda: layers.GRU(4)),
    "embedding": embedding,
    "branches": branches,
    "subclassed": subclassed,
    "own layer and loss": dense(Scale),
    "own layer that draws": dense(lambda: Noise(0.2)),
    "penalties": dense(lambda: layers.Dense(8, kernel_regularizer="l2", bias_regularizer="l1")),
    "constraint": dense(lambda: layers.Dense(8, kernel_constraint=keras.constraints.MaxNorm(1.0))),
}  # fmt: skip


def falling():
    return keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)


def cosine():
    return keras.optimizers.schedules.CosineDecay(0.1, 10, warmup_target=0.2, warmup_steps=2)


def without_biases(optimizer):
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "adam": lambda: keras.optimizers.Adam(0.01),
    "adamw": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
    "adamw but for biases": lambda: without_biases(keras.optimizers.AdamW(0.01, weight_decay=0.1)),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01),
    "nadam": lambda: keras.optimizers.Nadam(0.01),
    "adagrad": lambda: keras.optimizers.Adagrad(0.1),
    "lamb": lambda: keras.optimizers.Lamb(0.01),
    "exponential schedule": lambda: keras.optimizers.SGD(falling()),
    "cosine schedule": lambda: keras.optimizers.Adam(cosine()),
    "clipped by norm": lambda: keras.optimizers.SGD(0.5, clipnorm=0.1),
    "clipped together": lambda: keras.optimizers.SGD(0.5, global_clipnorm=0.1),
    "clipped by value": lambda: keras.optimizers.SGD(0.5, clipvalue=0.01),
}


def fitted(backend, estimators, caplog):
    """The fits of some estimators on each fold, by a joblib backend."""
    caplog.clear()
    with joblib.parallel_config(backend=backend):
        fits = joblib.Parallel()(
            joblib.delayed(_fit)(clone(estimator), rows)
            for rows in FOLDS
            for estimator in estimators
        )
    assert not [record.message for record in caplog.records if "by itself" in record.message]
    return fits


def _fit(estimator, rows):
    return estimator.fit(X[rows], Y[rows])


def assert_equal_fits(expected, got, rtol, atol):
    for first, second in zip(expected, got, strict=True):
        assert first.history_.keys() == second.history_.keys()
        for name, values in first.history_.items():
            np.testing.assert_allclose(second.history_[name], values, rtol=rtol, atol=atol)
        for path, one, two in zip(
            [v.path for v in first.model_.variables], numbers(first), numbers(second), strict=True
        ):
            np.testing.assert_allclose(two, one, rtol=rtol, atol=atol, err_msg=path)


def numbers(estimator):
    return [np.asarray(v) for v in estimator.model_.variables]


def of(builder, optimizer, **parameters):
    return [
        KerasClassifier(builder, optimizer=optimizer, random_state=seed, **parameters)
        for seed in (0, 1)
    ]


@pytest.mark.parametrize("builder", BUILDERS.values(), ids=BUILDERS)
def test_one_step_and_one_epoch_of_each_layer(builder, caplog):
    step = of(builder, "sgd", epochs=1, batch_size=-1)
    assert_equal_fits(
        fitted("sequential", step, caplog), fitted("lockstep", step, caplog), rtol=1e-6, atol=1e-6
    )
    epoch = of(builder, "adam", epochs=2, batch_size=16, metrics=["accuracy"])
    assert_equal_fits(
        fitted("sequential", epoch, caplog), fitted("lockstep", epoch, caplog), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_each_optimizer(optimizer, caplog):
    estimators = of(BUILDERS["dropout"], optimizer(), epochs=2, batch_size=16)
    assert_equal_fits(
        fitted("sequential", estimators, caplog), fitted("lockstep", estimators, caplog),
        rtol=1e-4, atol=1e-5,
    )  # fmt: skip


def test_scores_of_fifty_pairs_of_fits_and_what_wins():
    one_split = [(np.arange(60), np.arange(60, 90))]
    estimator = KerasClassifier(
        BUILDERS["dropout"], optimizer__learning_rate=0.02, epochs=10, batch_size=16
    )
    searches = {}
    for backend in ("sequential", "lockstep"):
        with joblib.parallel_config(backend=backend):
            searches[backend] = GridSearchCV(
                estimator, {"random_state": range(50)}, cv=one_split, scoring="neg_log_loss"
            ).fit(X, Y)
    alone, stacked = (search.cv_results_["mean_test_score"] for search in searches.values())
    difference, noise = stacked - alone, alone.std(ddof=1)
    # Two standard deviations are asked for. Rows, batches, initial weights and dropout are the
    # same, so that there is no more between the two than the last digits.
    assert np.abs(difference).max() < 1e-3 * noise
    assert abs(difference.mean()) < 1e-4 * noise
    second, first = np.sort(alone)[-2:]
    assert first - second > 2 * np.abs(difference).max()
    assert searches["lockstep"].best_params_ == searches["sequential"].best_params_
