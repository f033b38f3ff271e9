"""How long the fits of a search are trained, and what ends them."""

import numpy as np
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.datasets import load_diabetes
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import helpers
from helpers.quiet import keras
from helpers.synthetic import xor_like
from tests.benchmarks.diagnosis.patients.tables import digits, rings, stratified

__all__ = [
    "diabetes_raw_target",
    "digits_all_rows_longer",
    "digits_batch_norm",
    "digits_batches",
    "digits_batches_paired",
    "digits_first_rows",
    "digits_large_rate",
    "digits_slow",
    "digits_small_and_large_batches",
    "rings_epochs_asked",
    "rings_epochs_equal",
    "rings_falling_loss",
    "rings_halved",
    "rings_least_gain",
    "rings_many_rates",
    "rings_named_auc",
    "rings_patience_left",
    "rings_resumed_count",
    "rings_stopper_in_fit",
    "rings_stopper_of_old_name",
    "rings_two_epochs",
    "rings_without_validation",
    "signs_halved",
    "signs_impatient",
    "signs_rates",
]


def mlp(meta, hidden=16, activation="relu"):
    return keras.Sequential(
        [
            keras.Input((meta["n_features_in_"],)),
            keras.layers.Dense(hidden, activation=activation),
            keras.layers.Dense(meta["n_classes_"], activation="softmax"),
        ]
    )


def compiled(meta, hidden=16, activation="relu", learning_rate=1.0, metrics=None):
    model = mlp(meta, hidden, activation)
    sgd = keras.optimizers.SGD(learning_rate)
    model.compile(sgd, "sparse_categorical_crossentropy", metrics=metrics)
    return model


def one_hot(X, y, hidden=16, activation="relu", learning_rate=1.0):
    model = keras.Sequential(
        [
            keras.Input((X.shape[1],)),
            keras.layers.Dense(hidden, activation=activation),
            keras.layers.Dense(y.shape[1], activation="softmax"),
        ]
    )
    sgd = keras.optimizers.SGD(learning_rate)
    model.compile(sgd, "categorical_crossentropy", metrics=["accuracy"])
    return model


class Net(ClassifierMixin, BaseEstimator):
    """A classifier with one hidden layer."""

    def __init__(self, hidden=16, activation="relu", rate=1.0, epochs=9, batch_size=12):
        self.hidden = hidden
        self.activation = activation
        self.rate = rate
        self.epochs = epochs
        self.batch_size = batch_size

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.model_ = compiled(
            {"n_features_in_": X.shape[1], "n_classes_": len(self.classes_)},
            self.hidden, self.activation, self.rate, ["accuracy"],
        )  # fmt: skip
        self.train(X, np.searchsorted(self.classes_, y))
        return self

    def train(self, X, codes):
        self.model_.fit(X, codes, epochs=self.epochs, batch_size=self.batch_size, verbose=0)

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


ACTIVATIONS = {"model__activation": ["linear", "relu"]}


def rings_epochs_asked():
    X, y = rings()
    classifier = SciKerasClassifier(
        compiled, model__activation="relu", epochs=20, batch_size=12, fit__epochs=2, verbose=0
    )
    search = GridSearchCV(classifier, ACTIVATIONS, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


HISTORY = []


class Counted(Net):
    """Continues the numbering of the epochs."""

    def train(self, X, codes):
        history = self.model_.fit(
            X, codes, initial_epoch=len(HISTORY), epochs=self.epochs, batch_size=self.batch_size,
            verbose=0,
        )  # fmt: skip
        HISTORY.extend(history.epoch)


def rings_resumed_count():
    X, y = rings()
    search = GridSearchCV(
        Counted(), {"activation": ["relu", "linear"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_two_epochs():
    X, y = rings()
    classifier = SciKerasClassifier(
        compiled, model__learning_rate=0.2, epochs=2, batch_size=12, verbose=0
    )
    search = GridSearchCV(
        classifier, {"model__activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def digits_batch_norm():
    X, y = digits(400)

    def build(meta, hidden=32):
        model = keras.Sequential(
            [
                keras.Input((64,)),
                keras.layers.Dense(hidden, activation="relu"),
                keras.layers.BatchNormalization(),
                keras.layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
        return model

    search = GridSearchCV(
        SciKerasClassifier(build, epochs=3, verbose=0),
        {"class_weight": [None, {0: 60}]}, cv=stratified(), scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": 4 * X + 3, "y": y}


def digits_slow():
    X, y = digits(400)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=48, optimizer="sgd", optimizer__learning_rate=0.02, epochs=5,
        random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"optimizer": ["sgd", "adadelta"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def signs_rates():
    data = xor_like(450, n_noise=3, flip=0.1, random_state=4)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=48, optimizer="adam", optimizer__learning_rate=0.01, epochs=4,
        random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"optimizer__learning_rate": [0.0003, 0.003, 0.2, 1.0]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": data.X, "y": data.y}


def signs_halved():
    data = xor_like(450, n_noise=3, flip=0.1, random_state=5)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=48, optimizer="adam", optimizer__learning_rate=0.01, random_state=0
    )
    search = HalvingGridSearchCV(
        classifier, {"optimizer__learning_rate": [0.0003, 0.003, 0.2, 0.3]}, resource="epochs",
        min_resources=2, max_resources=8, factor=2, cv=stratified(), scoring="accuracy",
        random_state=0,
    )  # fmt: skip
    return {"search": search, "X": data.X, "y": data.y}


def signs_impatient():
    data = xor_like(400, n_noise=2, flip=0.05, random_state=2)
    stopper = keras.callbacks.EarlyStopping(
        "val_accuracy", patience=1, restore_best_weights=True, mode="max"
    )
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=32, metrics=["accuracy"], optimizer="sgd",
        optimizer__learning_rate=0.1, epochs=80, validation_split=0.2, callbacks=stopper,
        random_state=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": data.X, "y": data.y}


def rings_least_gain():
    X, y = rings()
    stopper = keras.callbacks.EarlyStopping("loss", min_delta=0.05, patience=1)

    class Stopped(Net):
        def train(self, X, codes):
            self.model_.fit(
                X, codes, epochs=self.epochs, batch_size=self.batch_size, callbacks=[stopper],
                verbose=0,
            )  # fmt: skip

    search = GridSearchCV(
        Stopped(rate=0.1, epochs=60), {"activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_without_validation():
    X, y = rings()
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True)
    classifier = SciKerasClassifier(
        compiled, model__activation="relu", epochs=10, batch_size=12, callbacks=[stopper], verbose=0
    )
    search = GridSearchCV(classifier, ACTIVATIONS, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def rings_stopper_in_fit():
    X, y = rings()
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    classifier = SciKerasClassifier(
        compiled, model__activation="relu", epochs=10, batch_size=12, validation_split=0.2,
        verbose=0,
    )  # fmt: skip
    search = GridSearchCV(classifier, ACTIVATIONS, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y, "fit_params": {"callbacks": [stopper]}}


def rings_stopper_of_old_name():
    X, y = rings()
    stopper = keras.callbacks.EarlyStopping("val_acc", mode="max", patience=2)
    search = GridSearchCV(
        keras.wrappers.SKLearnClassifier(one_hot),
        {"model_kwargs": [{"activation": "linear"}, {"activation": "relu"}]},
        cv=stratified(), scoring="accuracy",
    )  # fmt: skip
    fit_params = {
        "epochs": 9, "batch_size": 12, "verbose": 0, "validation_split": 0.1,
        "callbacks": [stopper],
    }  # fmt: skip
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def digits_batches():
    X, y = digits(400)
    classifier = SciKerasClassifier(
        compiled, model__hidden=48, model__learning_rate=0.05, epochs=4, verbose=0
    )
    search = GridSearchCV(classifier, {"batch_size": [8, 64]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def digits_small_and_large_batches():
    X, y = digits(400)
    grid = {
        "fit_kwargs": [
            {"epochs": 5, "batch_size": 100, "verbose": 0},
            {"epochs": 5, "batch_size": 10, "verbose": 0},
        ]
    }
    search = GridSearchCV(
        keras.wrappers.SKLearnClassifier(
            one_hot, model_kwargs={"hidden": 48, "learning_rate": 0.05}
        ),
        grid, cv=stratified(), scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def digits_batches_paired():
    X, y = digits(400)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=48, optimizer="sgd", optimizer__learning_rate=0.4, epochs=20,
        random_state=0,
    )  # fmt: skip
    grid = [
        {"batch_size": [16], "epochs": [20], "model__activation": ["relu"]},
        {"batch_size": [32], "epochs": [40], "model__activation": ["softmax"]},
    ]
    search = GridSearchCV(classifier, grid, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def digits_large_rate():
    X, y = digits(400)
    classifier = SciKerasClassifier(compiled, model__hidden=48, epochs=8, batch_size=16, verbose=0)
    search = GridSearchCV(
        classifier, {"model__learning_rate": [1e3, 0.01]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": 16 * X, "y": y}


class Regression(RegressorMixin, BaseEstimator):
    """A regressor with one hidden layer."""

    def __init__(self, rate=0.01):
        self.rate = rate

    def fit(self, X, y):
        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(32, activation="relu"),
                keras.layers.Dense(1),
            ]
        )
        self.model_.compile(keras.optimizers.SGD(self.rate), "mse")
        self.model_.fit(X, y, epochs=10, batch_size=16, verbose=0)
        return self

    def predict(self, X):
        return np.nan_to_num(self.model_.predict(X, verbose=0)[:, 0])


def diabetes_raw_target():
    X, y = load_diabetes(return_X_y=True)
    pipe = make_pipeline(StandardScaler(), Regression())
    search = GridSearchCV(
        pipe, {"regression__rate": [0.1, 1e-4]}, cv=KFold(3, shuffle=True, random_state=0),
        scoring="r2",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def digits_first_rows():
    X, y = digits(420)
    stopper = keras.callbacks.EarlyStopping("val_loss", min_delta=0.05, patience=1)

    class FirstRows(Net):
        def train(self, X, codes):
            kept = min(len(X), 280)
            rest = (X[kept:], codes[kept:]) if len(X) > kept else None
            self.model_.fit(
                X[:kept], codes[:kept], epochs=self.epochs, batch_size=self.batch_size,
                validation_data=rest, callbacks=[stopper] if rest else [], verbose=0,
            )  # fmt: skip

    search = GridSearchCV(
        FirstRows(hidden=48, rate=0.4, epochs=16), {"activation": ["relu"]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def digits_all_rows_longer():
    X, y = digits(360)
    n_rows = len(X)

    class Longer(Net):
        def train(self, X, codes):
            epochs = 1 if len(X) == n_rows else self.epochs
            self.model_.fit(X, codes, epochs=epochs, batch_size=self.batch_size, verbose=0)

    search = GridSearchCV(
        Longer(hidden=48, rate=0.3, epochs=14), {"activation": ["relu"]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def rings_many_rates():
    X, y = rings(seed=2)
    classifier = helpers.KerasClassifier(
        mlp, optimizer="sgd", epochs=30, batch_size=12, random_state=0,
        optimizer__learning_rate=1.0,
    )  # fmt: skip
    grid = [
        {"optimizer__learning_rate": [1e-6, 0.8], "model__activation": ["relu"]},
        {"optimizer__learning_rate": [2.0], "model__activation": ["linear"]},
    ]
    search = GridSearchCV(classifier, grid, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def rings_falling_loss():
    X, y = rings(noise=0.08, seed=3)
    search = GridSearchCV(
        Net(rate=0.5, epochs=12), {"activation": ["linear", "relu"]}, cv=stratified(),
        scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def rings_named_auc():
    X, y = rings(seed=5)

    def build(activation="relu"):
        model = keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(16, activation=activation),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(
            keras.optimizers.SGD(1.0),
            "binary_crossentropy",
            metrics=[keras.metrics.AUC(name="auc")],
        )
        return model

    stopper = keras.callbacks.EarlyStopping(
        "val_auc", mode="max", patience=8, restore_best_weights=True
    )
    classifier = SciKerasClassifier(
        build, model__activation="relu", epochs=20, batch_size=12, validation_split=0.2,
        callbacks=stopper, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_patience_left():
    X, y = rings(seed=6)
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=30)
    classifier = SciKerasClassifier(
        compiled, model__activation="relu", epochs=18, batch_size=12, validation_split=0.2,
        callbacks=stopper, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_halved():
    X, y = rings(seed=11)
    classifier = helpers.KerasClassifier(
        mlp, model__hidden=32, optimizer="sgd", optimizer__learning_rate=1.0, batch_size=12,
        random_state=0,
    )  # fmt: skip
    search = HalvingGridSearchCV(
        classifier, {"model__activation": ["linear", "relu"]}, resource="epochs",
        min_resources=8, max_resources=16, factor=2, cv=stratified(), scoring="accuracy",
        random_state=0,
    )  # fmt: skip
    return {"search": search, "X": X, "y": y}


def rings_epochs_equal():
    X, y = rings(seed=12)
    classifier = SciKerasClassifier(compiled, epochs=16, fit__epochs=16, batch_size=12, verbose=0)
    search = GridSearchCV(
        classifier, {"model__activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}
