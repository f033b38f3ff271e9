"""A search as tutorials have it: what is searched does nothing, what shall stop it never comes."""

import numpy as np
from sklearn.model_selection import GridSearchCV

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, layers
from helpers.cases._diagnosed import each_diagnosis, folds, some_rows
from helpers.cases._wrappers import SciKeras
from helpers.diagnosis import diagnose
from helpers.quiet import keras
from helpers.wrapper import KerasClassifier


def faulty(task):
    return each_diagnosis(task, as_in_tutorials)


def as_in_tutorials(task, seed):
    X, y = some_rows(task)

    def create_model():
        model = keras.Sequential(layers(n_features=X.shape[1], n_classes=len(np.unique(y))))
        model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy")
        return model

    network = in_pipeline(SciKeras(create_model, epochs=15, batch_size=32, verbose=0))
    grid = {"net__optimizer__learning_rate": [0.01, 0.3]}
    search = GridSearchCV(network, grid, cv=folds(task, seed), scoring="accuracy")
    stopper = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5)
    to_fit = {"net__callbacks": [stopper]}  # search.fit(X, y, net__callbacks=[stopper])
    return diagnose(search, X, y, fit_params=to_fit, budget=2, random_state=seed)


def fixed(task):
    return each_diagnosis(task, mended)


def mended(task, seed):
    X, y = some_rows(task)

    def build(meta):  # not compiled: the wrapper does it, with the learning rate that is searched
        return keras.Sequential(layers(meta["n_features_in_"], meta["n_classes_"]))

    stopper = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5)
    fit = {"epochs": 15, "batch_size": 32, "validation_split": 0.1, "callbacks": stopper}
    classifier = KerasClassifier(build, optimizer="sgd", random_state=seed, **fit)
    network = in_pipeline(classifier)
    grid = {"net__optimizer__learning_rate": [0.01, 0.3]}
    search = GridSearchCV(network, grid, cv=folds(task, seed), scoring="accuracy")
    return diagnose(search, X, y, budget=2, random_state=seed)


CASE = Case(
    code="diagnosis/tutorial-search",
    title="A search as found in tutorials",
    statement="diagnose reports more faults of a tutorial's search than of the same search mended.",
    faulty=faulty,
    fixed=fixed,
    value="faults reported",
    unit="faults",
    expect="higher",
    margin=0.5,
    on=("repeat",),
    source="SciKeras 0.13: the optimizer of a compiled model is kept, callbacks of fit are not",
)
