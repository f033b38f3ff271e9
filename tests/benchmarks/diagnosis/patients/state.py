"""Where networks, optimizers, callbacks and results of a search are made and kept."""

import pickle
import tempfile
from pathlib import Path

import keras_tuner
import numpy as np
from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers.quiet import keras
from tests.benchmarks.diagnosis.patients.tables import rings, shifted, stratified

__all__ = [
    "iris_compiled_instance",
    "rings_adam",
    "rings_after_a_first_look",
    "rings_backup",
    "rings_best_file",
    "rings_cooling",
    "rings_equal_starts",
    "rings_ever_smaller_rate",
    "rings_layer_list",
    "rings_network",
    "rings_optimizers",
    "rings_remembered",
    "rings_schedule",
    "rings_settings_written",
    "rings_stem",
    "rings_stem_fixed",
    "rings_stopper",
    "rings_watched_auc",
    "rings_weights_drawn",
    "rings_weights_file",
    "tuner_again",
    "tuner_another_table",
    "tuner_resumed",
]


def network(activation="relu", learning_rate=1.0):
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(16, activation=activation),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(learning_rate), "sparse_categorical_crossentropy")
    return model


def rings_network():
    X, y = rings()
    net = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )

    def build(learning_rate):
        net.compile(keras.optimizers.SGD(learning_rate), "sparse_categorical_crossentropy")
        return net

    classifier = SciKerasClassifier(
        build, model__learning_rate=0.1, epochs=4, batch_size=12, verbose=0
    )
    search = GridSearchCV(
        classifier, {"model__learning_rate": [0.03, 0.3, 0.1]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_after_a_first_look():
    X, y = rings(noise=0.2)
    classifier = SciKerasClassifier(network(), epochs=8, batch_size=12, verbose=0)
    classifier.fit(X, y)
    search = GridSearchCV(classifier, {"epochs": [3, 6, 9]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


class Headed(ClassifierMixin, BaseEstimator):
    """A new head on a stem of layers."""

    stem = None

    def __init__(self, activation="relu", rate=0.5, epochs=6):
        self.activation = activation
        self.rate = rate
        self.epochs = epochs

    def fit(self, X, y):
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                *type(self).stem,
                keras.layers.Dense(8, activation=self.activation),
                keras.layers.Dense(len(self.classes_), activation="softmax"),
            ]
        )
        self.model_.compile(keras.optimizers.SGD(self.rate), "sparse_categorical_crossentropy")
        self.model_.fit(X, codes, epochs=self.epochs, batch_size=12, verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def rings_stem():
    X, y = rings()
    Headed.stem = [keras.layers.Dense(16, activation="relu")]
    search = GridSearchCV(
        Headed(), {"activation": ["tanh", "relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_stem_fixed():
    X, y = rings()
    wide = keras.layers.Dense(64, activation="relu", bias_initializer="random_normal")
    wide.build((None, 2))
    wide.trainable = False
    Headed.stem = [wide]
    search = GridSearchCV(
        Headed(epochs=16), {"activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


class Kept(ClassifierMixin, BaseEstimator):
    """Keeps its weights in a file and goes on from there."""

    def __init__(self, path=None, rate=0.3):
        self.path = path
        self.rate = rate

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.model_ = network(learning_rate=self.rate)
        if Path(self.path).exists():
            self.model_.load_weights(self.path)
        self.model_.fit(X, y, epochs=3, batch_size=12, verbose=0)
        self.model_.save_weights(self.path)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def rings_weights_file():
    X, y = rings()
    path = str(Path(tempfile.mkdtemp()) / "net.weights.h5")
    search = GridSearchCV(
        Kept(path), {"rate": [0.1, 0.3, 0.2]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_cooling():
    X, y = rings()
    net = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    schedule = keras.optimizers.schedules.ExponentialDecay(1.0, 100, 0.5)
    net.compile(keras.optimizers.SGD(schedule), "sparse_categorical_crossentropy")
    start = net.get_weights()

    def build():
        net.set_weights(start)
        return net

    classifier = SciKerasClassifier(build, epochs=8, verbose=0)
    search = GridSearchCV(
        classifier, {"batch_size": [12, 10, 15]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_adam():
    X, y = rings()
    adam = keras.optimizers.Adam(0.03)

    def build(X, y, activation="relu"):
        model = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(16, activation=activation),
                keras.layers.Dense(y.shape[1], activation="softmax"),
            ]
        )
        model.compile(adam, "categorical_crossentropy")
        return model

    grid = {"model_kwargs": [{"activation": "linear"}, {"activation": "relu"}]}
    search = GridSearchCV(
        keras.wrappers.SKLearnClassifier(build), grid, cv=stratified(), scoring="accuracy",
        refit=False,
    )  # fmt: skip
    return {"search": search, "X": X, "y": y, "fit_params": {"epochs": 12, "verbose": 0}}


def rings_weights_drawn():
    X, y = rings()
    net = network()
    net.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy")

    class Again(ClassifierMixin, BaseEstimator):
        def __init__(self, batch_size=12):
            self.batch_size = batch_size

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            rng = np.random.default_rng(len(X))
            net.set_weights([rng.normal(0, 0.4, w.shape) for w in net.get_weights()])
            net.fit(X, y, epochs=10, batch_size=self.batch_size, verbose=0)
            self.weights_ = net.get_weights()
            return self

        def predict(self, X):
            net.set_weights(self.weights_)
            return self.classes_[net.predict(X, verbose=0).argmax(axis=1)]

    search = GridSearchCV(Again(), {"batch_size": [12]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


class Halving(keras.callbacks.Callback):
    """Halves the rate every second epoch."""

    rate = 1.0

    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = Halving.rate
        if epoch % 2:
            Halving.rate = Halving.rate / 2


def rings_schedule():
    X, y = rings()
    classifier = SciKerasClassifier(
        network, model__activation="relu", epochs=6, batch_size=12, callbacks=[Halving()], verbose=0
    )
    search = GridSearchCV(
        classifier, {"model__activation": ["tanh", "relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_backup():
    X, y = rings()

    def build(X, y, hidden=16):
        model = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(hidden, activation="relu"),
                keras.layers.Dense(y.shape[1], activation="softmax"),
            ]
        )
        model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy")
        return model

    backup = keras.callbacks.BackupAndRestore(tempfile.mkdtemp(), delete_checkpoint=False)
    search = GridSearchCV(
        keras.wrappers.SKLearnClassifier(build), {"model_kwargs": [{"hidden": 16}]},
        cv=stratified(), scoring="accuracy",
    )  # fmt: skip
    fit_params = {"epochs": 8, "batch_size": 12, "verbose": 0, "callbacks": [backup]}
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def rings_best_file():
    X, y = rings(noise=0.25)
    path = str(Path(tempfile.mkdtemp()) / "best.weights.h5")
    saver = keras.callbacks.ModelCheckpoint(
        path, monitor="val_loss", save_best_only=True, save_weights_only=True
    )

    class BestEpoch(ClassifierMixin, BaseEstimator):
        def __init__(self, rate=1.0):
            self.rate = rate

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            self.model_ = network(learning_rate=self.rate)
            self.model_.fit(
                X, y, validation_split=0.2, epochs=5, batch_size=12, callbacks=[saver], verbose=0
            )
            self.model_.load_weights(path)
            return self

        def predict(self, X):
            return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]

    search = GridSearchCV(BestEpoch(), {"rate": [1.0, 0.02]}, cv=stratified(),
                          scoring="accuracy")  # fmt: skip
    return {"search": search, "X": X, "y": y}


class Stacked(ClassifierMixin, BaseEstimator):
    """Hidden layers of the given sizes."""

    def __init__(self, layers=None, rate=1.0):
        self.layers = layers
        self.rate = rate

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        model = keras.Sequential([keras.Input((X.shape[1],))])
        while self.layers:
            model.add(keras.layers.Dense(self.layers.pop(0), activation="relu"))
        model.add(keras.layers.Dense(len(self.classes_), activation="softmax"))
        model.compile(keras.optimizers.SGD(self.rate), "sparse_categorical_crossentropy")
        model.fit(X, y, epochs=8, batch_size=12, verbose=0)
        self.model_ = model
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def rings_layer_list():
    X, y = rings()
    search = GridSearchCV(Stacked(), {"layers": [[16]]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def rings_settings_written():
    X, y = rings()

    def build(X, y, hidden=16):
        model = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(hidden, activation="relu"),
                keras.layers.Dense(y.shape[1], activation="softmax"),
            ]
        )
        model.compile(keras.optimizers.SGD(1.0), "categorical_crossentropy")
        return model

    search = GridSearchCV(
        keras.wrappers.SKLearnClassifier(build), {"fit_kwargs": [{"epochs": 9, "verbose": 0}]},
        cv=stratified(), scoring="accuracy",
    )  # fmt: skip
    return {"search": search, "X": X, "y": y, "fit_params": {"batch_size": 12}}


def rings_watched_auc():
    X, y = rings()

    def build(activation="relu"):
        model = keras.Sequential(
            [
                keras.Input((2,)),
                keras.layers.Dense(16, activation=activation),
                keras.layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(
            keras.optimizers.SGD(0.5), "binary_crossentropy", metrics=[keras.metrics.AUC()]
        )
        return model

    stopper = keras.callbacks.EarlyStopping("val_auc", mode="max", min_delta=0.03, patience=1)
    classifier = SciKerasClassifier(
        build, model__activation="relu", epochs=10, batch_size=16, validation_split=0.2,
        callbacks=stopper, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


N_TRAINED = []


class Cooled(ClassifierMixin, BaseEstimator):
    """Starts with a large rate, which becomes smaller."""

    def __init__(self, hidden=16):
        self.hidden = hidden

    def fit(self, X, y):
        keras.utils.set_random_seed(1)
        N_TRAINED.append(len(X))
        self.classes_ = np.unique(y)
        self.model_ = keras.Sequential(
            [
                keras.Input((X.shape[1],)),
                keras.layers.Dense(self.hidden, activation="relu"),
                keras.layers.Dense(len(self.classes_), activation="softmax"),
            ]
        )
        rate = 1.0 / 3 ** len(N_TRAINED)
        self.model_.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy")
        self.model_.fit(X, y, epochs=8, batch_size=12, verbose=0)
        return self

    def predict(self, X):
        return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]


def rings_ever_smaller_rate():
    X, y = rings()
    search = GridSearchCV(Cooled(), {"hidden": [4, 16, 8]}, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def rings_remembered():
    X, y = rings(noise=0.3)
    folder = Path(tempfile.mkdtemp())

    class Remembering(ClassifierMixin, BaseEstimator):
        def __init__(self, activation="relu", rate=1.0):
            self.activation = activation
            self.rate = rate

        def fit(self, X, y):
            self.classes_ = np.unique(y)
            self.model_ = network(self.activation, self.rate)
            file = folder / f"{self.activation}-{self.rate}.pkl"
            if file.exists():
                self.model_.set_weights(pickle.loads(file.read_bytes()))
                return self
            self.model_.fit(X, y, epochs=10, batch_size=12, verbose=0)
            file.write_bytes(pickle.dumps(self.model_.get_weights()))
            return self

        def predict(self, X):
            return self.classes_[self.model_.predict(X, verbose=0).argmax(axis=1)]

    search = GridSearchCV(
        Remembering(), {"activation": ["linear", "relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_stopper():
    X, y = rings()
    stopper = keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)
    classifier = SciKerasClassifier(
        network, model__activation="relu", epochs=18, batch_size=12, validation_split=0.2,
        callbacks=stopper, verbose=0,
    )  # fmt: skip
    search = GridSearchCV(
        classifier, {"model__activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_equal_starts():
    X, y = rings(noise=0.1)
    classifier = SciKerasClassifier(
        network, model__activation="relu", epochs=16, batch_size=12, random_state=0, verbose=0
    )
    search = GridSearchCV(
        classifier, {"model__activation": ["relu"]}, cv=stratified(), scoring="accuracy"
    )
    return {"search": search, "X": X, "y": y}


def rings_optimizers():
    X, y = rings()

    def build(meta, compile_kwargs):
        model = keras.Sequential(
            [
                keras.Input((meta["n_features_in_"],)),
                keras.layers.Dense(16, activation="relu"),
                keras.layers.Dense(meta["n_classes_"], activation="softmax"),
            ]
        )
        model.compile(**compile_kwargs)
        return model

    classifier = SciKerasClassifier(
        build, loss="sparse_categorical_crossentropy", epochs=14, batch_size=12, verbose=0
    )
    grid = {"optimizer": [keras.optimizers.SGD(1.0), keras.optimizers.Adam(1e-4)]}
    search = GridSearchCV(classifier, grid, cv=stratified(), scoring="accuracy")
    return {"search": search, "X": X, "y": y}


def iris_compiled_instance():
    X, y = load_iris(return_X_y=True)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.2), "categorical_crossentropy")
    pipe = make_pipeline(StandardScaler(), keras.wrappers.SKLearnClassifier(model))
    search = GridSearchCV(
        pipe, {"sklearnclassifier__warm_start": [False]}, cv=stratified(), scoring="accuracy"
    )
    fit_params = {
        "sklearnclassifier__epochs": 16,
        "sklearnclassifier__batch_size": 10,
        "sklearnclassifier__verbose": 0,
    }
    return {"search": search, "X": X, "y": y, "fit_params": fit_params}


def hypermodel(parameters):
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(
                16, activation=parameters.Choice("activation", ["relu", "tanh", "sigmoid"])
            ),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    model.compile(
        keras.optimizers.SGD(parameters.Choice("rate", [0.001, 0.3])),
        "sparse_categorical_crossentropy", metrics=["accuracy"],
    )  # fmt: skip
    return model


def tuner_in(folder, kind=keras_tuner.RandomSearch):
    return kind(
        hypermodel, objective="val_accuracy", max_trials=2, seed=0, directory=folder,
        project_name="net",
    )  # fmt: skip


SEARCH = {"epochs": 4, "batch_size": 20, "validation_split": 0.3, "verbose": 0}


def tuner_again():
    X, y = shifted(300, 8, 2.5)
    folder = tempfile.mkdtemp()
    tuner_in(folder).search(X, (X[:, 0] > 0).astype(int), **SEARCH)
    return {"search": tuner_in(folder), "X": X, "y": y, "fit_params": SEARCH}


def tuner_another_table():
    X, y = shifted(300, 8, 2.5, seed=1)
    folder = tempfile.mkdtemp()
    rough = (100 * X).astype("float32")
    tuner_in(folder, keras_tuner.BayesianOptimization).search(rough, y, **SEARCH)
    tuner = tuner_in(folder, keras_tuner.BayesianOptimization)
    return {"search": tuner, "X": X, "y": y, "fit_params": SEARCH}


def tuner_resumed():
    X, y = shifted(300, 8, 2.5, seed=2)
    folder = tempfile.mkdtemp()
    tuner_in(folder).search(X, y, **SEARCH)
    return {"search": tuner_in(folder), "X": X, "y": y, "fit_params": SEARCH}
