"""SciKeras given a model: what it has learnt goes along when the estimator is cloned."""

import pandas as pd
from sklearn.model_selection import cross_validate

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, meta_of, mlp_compiled
from helpers.cases._fits import evidence, few_epochs, rows, several_epochs, weights_are_saved
from helpers.cases._scores import repeats, stratified
from helpers.cases._wrappers import SciKeras
from helpers.randomness import isolated
from helpers.recorder import FitRecorder


def faulty(task):
    return tried_then_cross_validated(task, make_model=lambda X, y: mlp_compiled(meta_of(X, y)))


def fixed(task):
    return tried_then_cross_validated(task, make_model=lambda X, y: mlp_compiled)


def tried_then_cross_validated(task, make_model):
    """Fit on all rows, to see that it works; then cross-validate the same estimator."""
    parts = []
    X, y = rows(task)
    for repeat, seed in repeats(task)[:2]:
        with isolated(seed), weights_are_saved(), FitRecorder() as recorder:
            model = make_model(X, y)
            network = SciKeras(model, epochs=few_epochs(task), batch_size=32, verbose=0)
            classifier = in_pipeline(network).fit(X, y, net__epochs=several_epochs(task))
            cv = stratified(task, seed)
            result = cross_validate(classifier, X, y, cv=cv, scoring="accuracy")
        fits = evidence(recorder)[1:].reset_index(drop=True)
        parts.append(fits.assign(repeat=repeat, fold=fits.index, value=result["test_score"]))
    return pd.concat(parts, ignore_index=True)


CASE = Case(
    code="state/model-instance",
    title="SciKeras is given a model instead of a builder",
    statement="Cross-validated after a first fit on all rows, an estimator around a model scores "
    "more than one around a builder: clone() keeps the trained weights.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on the test fold",
    unit="accuracy",
    expect="higher",
    margin=0.02,
    reused_folds=True,
    source="SciKeras 0.13: a model is copied with its weights",
)
