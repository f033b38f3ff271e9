"""A smooth function, by nets of several depths."""

from scikeras.wrappers import KerasRegressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import make_friedman1
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from helpers.quiet import keras


def net(meta, depth=1, units=32):
    layers = [keras.Input((meta["n_features_in_"],))]
    layers += [keras.layers.Dense(units, activation="sigmoid") for _ in range(depth)]
    return keras.Sequential([*layers, keras.layers.Dense(1)])


def friedman_deep():
    X, y = make_friedman1(n_samples=700, n_features=7, noise=0.4, random_state=8)
    estimator = Pipeline(
        [
            ("scale", StandardScaler()),
            (
                "net",
                TransformedTargetRegressor(
                    KerasRegressor(
                        net,
                        model__depth=1,
                        loss="mse",
                        optimizer="adam",
                        optimizer__learning_rate=5e-3,
                        epochs=8,
                        batch_size=16,
                        verbose=0,
                    ),
                    transformer=StandardScaler(),
                ),
            ),
        ]
    )
    search = GridSearchCV(
        estimator,
        {"net__regressor__model__depth": [0, 1, 3]},
        scoring="neg_root_mean_squared_error",
        cv=KFold(4, shuffle=True, random_state=0),
    )
    return {"search": search, "X": X, "y": y}
