"""Example 1 of the article: a wrapper class that takes its parameters as ``**kwargs``."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV

from helpers.cases._builders import in_pipeline, mlp
from helpers.cases._case import Case
from helpers.cases._steps import rows, tried
from helpers.recorder import FitRecorder
from helpers.wrapper import KerasClassifier

GRID = {"units": [16, 64], "rate": [0.2]}


class ResettingClassifier(BaseEstimator, ClassifierMixin):
    """The article's idea: a new model in each fit. Its parameters hide in ``**kwargs``."""

    def __init__(self, build_fn, **kwargs):
        self.build_fn = build_fn
        self.model = None
        self.params = kwargs

    def fit(self, X, y):
        self.model = self.build_fn(**self.params)
        self.model.fit(X, y, verbose=0)
        return self

    def predict(self, X):
        return np.argmax(self.model.predict(X, verbose=0), axis=1)


def faulty(task):
    """The class as published, in a search and by itself, on the one-hot labels its loss wants."""
    X, y = rows(task)
    one_hot = np.eye(len(np.unique(y)))[np.unique(y, return_inverse=True)[1]]

    def create_model(units=64, rate=0.2):
        meta = {"n_features_in_": X.shape[1], "n_classes_": one_hot.shape[1]}
        model = mlp(meta, units, rate)
        model.compile(optimizer="sgd", loss="categorical_crossentropy", metrics=["accuracy"])
        return model

    classifier = ResettingClassifier(build_fn=create_model)
    search = GridSearchCV(classifier, GRID, cv=3, scoring="accuracy")

    def train():
        with FitRecorder() as recorder:
            classifier.fit(X, one_hot)
        return recorder.fits[0].epochs_run > 1

    return tried(
        the_search_sets_units_and_rate=lambda: search.fit(X, one_hot) is search,
        a_fit_trains_more_than_one_epoch=train,
        its_predictions_can_be_scored=lambda: accuracy_score(one_hot, classifier.predict(X)) > 0,
    )


def fixed(task):
    """Parameters that scikit-learn can see, set and copy; epochs that are asked for; labels."""
    X, y = rows(task)
    classifier = KerasClassifier(
        mlp, optimizer="sgd", optimizer__learning_rate=0.1, epochs=5,
        random_state=task.settings.seed,
    )  # fmt: skip
    search = GridSearchCV(
        in_pipeline(classifier),
        {f"net__{name}": values for name, values in GRID.items()},
        cv=2,
        scoring="accuracy",
    )

    def fit():
        with FitRecorder() as recorder:
            search.fit(X, y)
        recorders.append(recorder)

    recorders = []
    return tried(
        the_search_sets_units_and_rate=fit,
        a_fit_trains_more_than_one_epoch=lambda: min(f.epochs_run for f in recorders[0].fits) > 1,
        its_predictions_can_be_scored=lambda: accuracy_score(y, search.predict(X)) > 0,
    )


CASE = Case(
    code="article/example-1",
    title="Example 1: a class with **kwargs",
    statement="Of the article's Example 1 (a resetting wrapper with **kwargs), no step does what "
    "it was written for.",
    faulty=faulty,
    fixed=fixed,
    value="step works (1) or not (0)",
    unit="share of steps",
    expect="lower",
    margin=0.5,
    on=("step",),
    source="seed article, Example 1",
)
