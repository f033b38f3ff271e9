"""A learning rate whose loss is not a number, and a score that is."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp, mlp_compiled
from helpers.cases._fits import rows
from helpers.cases._scores import repeats, stratified
from helpers.cases._wrappers import SciKeras
from helpers.randomness import isolated
from helpers.recorder import FitRecorder
from helpers.wrapper import KerasClassifier

RATES = [0.1, 1e20]


def faulty(task):
    classifier = SciKeras(mlp_compiled, epochs=2, verbose=0)
    return searched(task, classifier, "net__model__learning_rate")


def fixed(task):
    classifier = KerasClassifier(mlp, epochs=2, optimizer="sgd")
    return searched(task, classifier, "net__optimizer__learning_rate")


def searched(task, classifier, name):
    """Search two rates, one of which diverges; the value is whether its folds have a score."""
    repeat, seed = repeats(task)[0]
    X, y = rows(task)
    search = GridSearchCV(
        in_pipeline(classifier), {name: RATES}, cv=stratified(task, seed), scoring="accuracy",
        refit=False,
    )  # fmt: skip
    with warnings.catch_warnings(), isolated(seed), FitRecorder() as recorder:
        # The fits that are meant to fail do so with a warning, and make the mean a NaN.
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", "One or more of the test scores are non-finite")
        search.fit(X, y)
    diverged = recorder.fits[task.settings.n_splits :]
    scores = [search.cv_results_[f"split{k}_test_score"][1] for k in range(task.settings.n_splits)]
    return pd.DataFrame(
        {
            "repeat": repeat,
            "fold": range(len(scores)),
            "loss": [record.history["loss"][-1] for record in diverged],
            "score": scores,
            "share_of_first_class": np.mean(y == np.unique(y)[0]),
            "value": np.isfinite(scores).astype(float),
        }
    )


CASE = Case(
    code="budget/diverged",
    title="A loss that is not a number, a score that is",
    statement="SciKeras gives every fit whose loss is NaN a score, that of predicting the first "
    "class; a wrapper that raises gives it none.",
    faulty=faulty,
    fixed=fixed,
    value="share of diverged fits with a score",
    unit="share of fits",
    expect="higher",
    margin=0.5,
    source="KT#477",
)
