"""Noisy labels, by a loss that trusts the network more as it learns."""

from scikeras.wrappers import KerasClassifier
from sklearn.datasets import make_classification
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from helpers.quiet import keras


class BootstrappedCrossentropy(keras.losses.Loss):
    """Hard bootstrapping (Reed et al. 2015): trust the network more as it learns."""

    def __init__(self, n_classes, ramp, top=0.97):
        super().__init__(name="bootstrapped")
        self.n_classes = n_classes
        self.ramp = ramp
        self.top = top
        self.seen = keras.Variable(0.0, trainable=False, dtype="float32")

    def call(self, y_true, y_pred):
        self.seen.assign_add(1.0)
        beta = keras.ops.minimum(self.top, self.seen / self.ramp)
        given = keras.ops.one_hot(
            keras.ops.cast(keras.ops.reshape(y_true, (-1,)), "int32"), self.n_classes
        )
        own = keras.ops.one_hot(keras.ops.argmax(y_pred, axis=-1), self.n_classes)
        return keras.losses.categorical_crossentropy((1 - beta) * given + beta * own, y_pred)


def make_builder(loss):
    def network(meta, units, learning_rate):
        model = keras.Sequential(
            [
                keras.Input((meta["n_features_in_"],)),
                keras.layers.Dense(units, activation="relu"),
                keras.layers.Dense(meta["n_classes_"], activation="softmax"),
            ]
        )
        model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss=loss)
        return model

    return network


def labels_bootstrapped():
    X, y = make_classification(
        n_samples=700,
        n_features=16,
        n_informative=9,
        n_redundant=2,
        n_classes=4,
        n_clusters_per_class=1,
        class_sep=1.4,
        flip_y=0.1,
        random_state=5,
    )
    loss = BootstrappedCrossentropy(n_classes=4, ramp=450)
    net = KerasClassifier(
        make_builder(loss),
        model__units=24,
        model__learning_rate=3e-3,
        epochs=20,
        batch_size=24,
        verbose=0,
        random_state=3,
    )
    search = GridSearchCV(
        Pipeline([("scale", StandardScaler()), ("net", net)]),
        {"net__model__learning_rate": [1e-3, 4e-3], "net__model__units": [12, 48]},
        cv=StratifiedKFold(3, shuffle=True, random_state=0),
    )
    return {"search": search, "X": X, "y": y}
