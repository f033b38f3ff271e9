"""Columns chosen with the labels of the test rows."""

import numpy as np
from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from helpers import synthetic
from helpers.cases import Case
from helpers.cases._diagnosed import folds
from helpers.cases._network import quick_network
from helpers.cases._scores import draws, fold_scores, repeats, stratified
from helpers.workers import each_repetition

#: Columns that are kept of 5,000.
KEPT = 50


def faulty(task):
    def scores(X, y, seed, **how):
        selector = SelectKBest(k=KEPT).fit(X, y)  # the labels of the test rows choose, too
        evidence = chosen_alone(X, y, lambda model: selector)
        return fold_scores(
            quick_network(task, seed), selector.transform(X), y, evidence=evidence, **how
        )

    return on_noise(task, scores)


def fixed(task):
    def scores(X, y, seed, **how):
        whole = make_pipeline(SelectKBest(k=KEPT), quick_network(task, seed))
        evidence = chosen_alone(X, y, lambda model: model[0])
        return fold_scores(whole, X, y, evidence=evidence, **how)

    return on_noise(task, scores)


def on_noise(task, scores):
    def draw(repeat, seed):
        noise = synthetic.pure_noise(200, n_features=5000, random_state=seed)
        folds = stratified(task, seed)
        return scores(noise.X, noise.y, seed, cv=folds, repeat=repeat, last_only=True)

    return each_repetition(draw, draws(task))


def chosen_alone(X, y, selector):
    """How many of the kept columns the training rows would have chosen by themselves."""

    def evidence(model, train, test):
        alone = SelectKBest(k=KEPT).fit(X[train], y[train]).get_support()
        return {"columns_chosen_alone": np.sum(alone & selector(model).get_support())}

    return evidence


def patient(task):
    seed = repeats(task)[0][1]
    noise = synthetic.pure_noise(200, n_features=5000, random_state=seed)
    search = GridSearchCV(
        quick_network(task, seed), {"model__units": [8, 32]}, cv=folds(task, seed),
        scoring="accuracy", refit=False,
    )  # fmt: skip
    return {"search": search, "X": noise.X, "y": noise.y, "prepare": selected_on_all_rows}


def selected_on_all_rows(X, y):
    return SelectKBest(k=KEPT).fit_transform(X, y), y


CASE = Case(
    code="leak/selection-before-split",
    title="Columns selected before the split",
    statement="On pure noise, where an accuracy of 0.5 is the truth, keeping the best 50 of 5,000 "
    "columns before the split raises the accuracy on the test fold by more than 0.02.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on the test fold",
    unit="accuracy",
    expect="higher",
    margin=0.02,
    on=("repeat",),
    patient=patient,
    source="Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 7.10.2",
)
