"""A look-alike: keras.wrappers given a compiled model. It is cloned without its weights."""

import numpy as np

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp_one_hot
from helpers.cases._fits import each_fold, few_epochs, rows, seeded
from helpers.cases._scores import repeats
from helpers.cases._wrappers import SKLearnClassifier


@seeded
def faulty(task):
    X, y = rows(task)
    model = mlp_one_hot(X, np.eye(len(np.unique(y))))
    return tried_then_cross_validated(task, SKLearnClassifier(model))


@seeded
def fixed(task):
    return tried_then_cross_validated(task, SKLearnClassifier(mlp_one_hot))


def tried_then_cross_validated(task, network):
    """Fit on all rows, to see that it works; then cross-validate the same estimator."""
    repeat, seed = repeats(task)[0]
    options = {"net__epochs": few_epochs(task), "net__verbose": 0}
    classifier = in_pipeline(network).fit(*rows(task), **options)
    return each_fold(classifier, task, seed=seed, fit_params=lambda: options).assign(repeat=repeat)


CASE = Case(
    code="state/compiled-instance",
    title="A compiled model in keras.wrappers: harmless",
    statement="In keras.wrappers, a compiled model scores what a builder scores, although it was "
    "fitted before: each fit clones its layers, with new weights.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on the test fold",
    unit="accuracy",
    expect="same",
    margin=0.01,
    reused_folds=True,
    source="keras.wrappers: SKLBase._get_model",
)
