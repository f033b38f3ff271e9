"""The networks that the cases train, for each wrapper in the form that it wants.

Small, and trained by plain SGD unless a case says otherwise: its graph is made in a third of the
time that Adam's takes, which is most of what a fit of such a network costs.
"""

import numpy as np
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from helpers.quiet import keras

__all__ = ["in_pipeline", "layers", "meta_of", "mlp", "mlp_compiled", "mlp_one_hot", "sgd"]


def meta_of(X, y):
    """What `mlp` needs to know of the data, for a network made before any wrapper sees them.

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
    y : ndarray, shape (n_samples,)

    Returns
    -------
    dict
    """
    return {"n_features_in_": X.shape[1], "n_classes_": len(np.unique(y))}


def layers(n_features, n_classes, units=32, rate=0.0, depth=1):
    """Layers of a classifier: `depth` times dense, with dropout if `rate`; then a softmax.

    Parameters
    ----------
    n_features, n_classes : int
    units : int, default=32
        Of each hidden layer.
    rate : float in [0, 1), default=0.0
        Share of the hidden units dropped; 0: there is no dropout layer.
    depth : int >= 0, default=1
        Hidden layers.

    Returns
    -------
    list
    """
    stack = [keras.Input((n_features,))]
    for _ in range(depth):
        stack.append(keras.layers.Dense(units, activation="relu"))
        stack += [keras.layers.Dropout(rate)] if rate else []
    return [*stack, keras.layers.Dense(n_classes, activation="softmax")]


def sgd(learning_rate=0.3):
    """A new optimizer. Without momentum, whose variables would make Keras trace each step twice."""
    return keras.optimizers.SGD(learning_rate)


def mlp(meta, units=32, rate=0.0, depth=1):
    """Builder without compile, for `helpers.KerasClassifier`, where the optimizer may be searched.

    Parameters
    ----------
    meta : dict
        What the wrapper knows of the data; both SciKeras and ours pass it.
    units, rate, depth
        As for `layers`.
    """
    return keras.Sequential(
        layers(meta["n_features_in_"], meta["n_classes_"], units=units, rate=rate, depth=depth)
    )


def mlp_compiled(meta, units=32, rate=0.0, depth=1, learning_rate=0.3):
    """Builder that compiles, for SciKeras and for `helpers.KerasClassifier`."""
    model = mlp(meta, units=units, rate=rate, depth=depth)
    model.compile(sgd(learning_rate), "sparse_categorical_crossentropy")
    return model


def mlp_one_hot(X, y, units=32, rate=0.0, depth=1, learning_rate=0.3):
    """Builder for `keras.wrappers.SKLearnClassifier`, which passes the rows, `y` one-hot."""
    stack = layers(X.shape[1], y.shape[1], units=units, rate=rate, depth=depth)
    model = keras.Sequential(stack)
    model.compile(sgd(learning_rate), "categorical_crossentropy")
    return model


def in_pipeline(estimator):
    """The estimator behind an imputer and a scaler that are fitted with it, in each fold.

    For any numeric data set, missing values included. The steps are called ``impute``, ``scale``,
    ``net``: its parameters are searched as ``net__units``.
    """
    return Pipeline(
        [
            # A column without any value in a fold stays, or the input shape would change.
            ("impute", SimpleImputer(keep_empty_features=True)),
            ("scale", StandardScaler()),
            ("net", estimator),
        ]
    )
