"""Copies of the rare class, made before the split."""

import numpy as np
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from helpers.cases import Case
from helpers.cases._lottery import drawn
from helpers.cases._network import quick_network
from helpers.cases._prepared import rows_of
from helpers.cases._scores import draws, fold_scores, stratified
from helpers.workers import each_repetition

#: More rows than these change nothing but the time it takes.
ROWS = 300


def faulty(task):
    def scores(X, y, seed, **how):
        X, y = RandomOverSampler(random_state=seed).fit_resample(X, y)  # the folds come later
        return fold_scores(learner(task, seed), X, y, evidence=copied(X), **how)

    return on_lots(task, scores)


def fixed(task):
    def scores(X, y, seed, **how):
        whole = make_pipeline(RandomOverSampler(random_state=seed), learner(task, seed))
        return fold_scores(whole, X, y, evidence=copied(X), **how)

    return on_lots(task, scores)


def learner(task, seed):
    return make_pipeline(StandardScaler(), quick_network(task, seed))


def on_lots(task, scores):
    # Filled once, for both arms alike: a sampler takes no gaps.
    X = SimpleImputer(keep_empty_features=True).fit_transform(rows_of(task.data))[:ROWS]

    def draw(repeat, seed):
        y = drawn(len(X), seed, share=0.15)
        how = {"cv": stratified(task, seed), "repeat": repeat, "scoring": "roc_auc"}
        return scores(X, y, seed, last_only=True, **how)

    return each_repetition(draw, draws(task))


def copied(X):
    """Share of the test rows of which the training rows hold a copy."""
    _, row = np.unique(X, axis=0, return_inverse=True)

    def evidence(model, train, test):
        return {"test_rows_with_copy": np.isin(row[test], row[train]).mean()}

    return evidence


CASE = Case(
    code="leak/oversampling-before-split",
    title="Rows of the rare class copied before the split",
    statement="With labels drawn by lot, where an AUC of 0.5 is the truth, RandomOverSampler "
    "before the split raises the AUC on the test fold by more than 0.02.",
    faulty=faulty,
    fixed=fixed,
    value="ROC AUC on the test fold",
    unit="AUC",
    expect="higher",
    margin=0.02,
    on=("repeat",),
    source="scikit-learn-contrib/imbalanced-learn#751",
)
