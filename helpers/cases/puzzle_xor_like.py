"""The puzzle where it shows: a task that takes training time, and whose winner changes with it."""

from dataclasses import replace
from functools import cache

import numpy as np
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from helpers import datasets
from helpers.cases._builders import in_pipeline, mlp
from helpers.cases._case import Case
from helpers.cases._puzzle import long_curves, losses
from helpers.quiet import keras
from helpers.randomness import isolated
from helpers.wrapper import KerasClassifier


def faulty(task):
    """Rows of xor_like, searched as the article advises."""
    return losses(on_xor(task), advised)


def fixed(task):
    """The same rows, searched with enough epochs."""
    return losses(on_xor(task), ours)


class ResettingClassifier(ClassifierMixin, BaseEstimator):
    """The article's Example 1 made to run: a new model in each fit, trained as it says."""

    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        meta = {"n_features_in_": X.shape[1], "n_classes_": len(self.classes_)}
        self.model_ = mlp(meta)
        optimizer = keras.optimizers.SGD(self.learning_rate)
        self.model_.compile(optimizer, "sparse_categorical_crossentropy")
        self.model_.fit(X, y, verbose=0)
        return self

    def predict(self, X):
        outputs = keras.ops.convert_to_numpy(self.model_(np.asarray(X, "float32")))
        return self.classes_[outputs.argmax(axis=1)]


def advised(X, y, rates, epochs, seed):
    """As the article advises: the same search around a classifier that resets its model."""
    name = "net__learning_rate"
    with isolated(seed):
        search = GridSearchCV(in_pipeline(ResettingClassifier()), {name: rates}, cv=2)
        return search.fit(X, y), name


def ours(X, y, rates, epochs, seed):
    """A pure fit, trained for long enough, in stratified and shuffled folds."""
    classifier = KerasClassifier(mlp, optimizer="sgd", epochs=epochs, random_state=seed)
    name = "net__optimizer__learning_rate"
    folds = StratifiedKFold(2, shuffle=True, random_state=seed)
    search = GridSearchCV(in_pipeline(classifier), {name: rates}, cv=folds)
    with parallel_config(backend="lockstep"):  # fits that differ in numbers alone: one graph
        return search.fit(X, y), name


def curves(task):
    """What long training does to each candidate, on rows of xor_like."""
    columns = {"learning_rate": "candidate", "accuracy": "value"}
    return long_curves(on_xor(task)).rename(columns=columns)


def on_xor(task):
    """The task, on rows of xor_like."""
    return replace(task, data=_xor_like(task.settings.seed))


@cache  # a task is known by its data: the arms of one notebook share the long curves
def _xor_like(seed):
    return datasets.load("xor_like", random_state=seed)


CASE = Case(
    code="puzzle/xor-like",
    title="The puzzle, on a task that takes training time",
    statement="On xor_like, the model that the advised search delivers loses more accuracy on "
    "fresh rows than the one of a search with enough epochs.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy lost on fresh rows",
    unit="accuracy",
    expect="higher",
    margin=0.01,
    on=("repeat",),
    source="seed article",
)
