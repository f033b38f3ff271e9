"""Builders that the tests share: small, fast to trace, each for one thing."""

from helpers.quiet import keras


def dense(meta, units=8, rate=0.0):
    """Uncompiled classifier of any number of classes."""
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Flatten(),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dropout(rate),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def compiled(loss="sparse_categorical_crossentropy", units=3, activation="softmax", n_features=4):
    """Classifier that compiles itself."""
    model = keras.Sequential(
        [keras.Input((n_features,)), keras.layers.Dense(units, activation=activation)]
    )
    model.compile(optimizer="sgd", loss=loss, metrics=["accuracy"])
    return model


def convolution(meta):
    """Uncompiled classifier of images, with normalisation and a seedless dropout."""
    return keras.Sequential(
        [
            keras.Input(meta["X_shape_"][1:]),
            keras.layers.Conv2D(4, 3),
            keras.layers.BatchNormalization(momentum=0.1),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def linear(meta):
    """Uncompiled regressor."""
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(meta["n_outputs_"])]
    )


def any_classifier(meta):
    """Uncompiled classifier of two or more classes, or of several labels a row."""
    several = meta["target_type_"] == "multilabel-indicator"
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(meta["n_classes_"], activation="sigmoid" if several else "softmax"),
        ]
    )


def any_regressor(meta):
    """Uncompiled regressor of one or more targets."""
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(meta["n_outputs_"]),
        ]
    )


def logits(meta):
    """Uncompiled classifier without an activation at its end."""
    return keras.Sequential(
        [keras.Input((meta["n_features_in_"],)), keras.layers.Dense(meta["n_classes_"])]
    )
