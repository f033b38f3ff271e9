"""A learning rate at which the loss becomes NaN, and the score does not."""

import warnings

import numpy as np
import pandas as pd
from sklearn.exceptions import FitFailedWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp
from helpers.cases._diagnosed import patient_of
from helpers.cases._fits import rows
from helpers.cases._scores import repeats
from helpers.cases._wrappers import SciKeras
from helpers.randomness import isolated
from helpers.recorder import FitRecorder
from helpers.wrapper import KerasClassifier

RATE = "net__optimizer__learning_rate"
#: Meant were 0.1 and 1e-3.
RATES = [1e-1, 1e3]
SETTINGS = {
    "loss": "sparse_categorical_crossentropy",
    "optimizer": "sgd",
    "optimizer__learning_rate": 0.1,
    "epochs": 5,
    "verbose": 0,
}


def faulty(task):
    return searched(task, SciKeras(mlp, **SETTINGS))


def fixed(task):
    return searched(task, KerasClassifier(mlp, **SETTINGS))


def searched(task, network):
    """Search both rates; the value of a fit that diverged is whether its score says so (is NaN)."""
    repeat, seed = repeats(task)[0]
    X, y = rows(task)
    # What is asked is yes or no: two folds will do.
    folds = StratifiedKFold(2, shuffle=True, random_state=seed)
    search = GridSearchCV(
        in_pipeline(network), {RATE: RATES}, cv=folds, scoring="accuracy", refit=False
    )
    with isolated(seed), FitRecorder() as recorder, warnings.catch_warnings():
        # Ours fails on purpose; the table says so.
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", "One or more of the test scores are non-finite")
        search.fit(X, y)
    results = search.cv_results_
    first = y == np.unique(y)[0]
    table = pd.DataFrame(
        [
            {"repeat": repeat, "candidate": rate, "fold": fold,
             "score": results[f"split{fold}_test_score"][position],
             "rank": results["rank_test_score"][position],
             "share_of_first_class": first[test].mean()}
            for position, rate in enumerate(RATES)
            for fold, (_, test) in enumerate(folds.split(X, y))
        ]
    )  # fmt: skip
    table = table.assign(loss=[record.loss_last for record in recorder.fits])
    return table.assign(value=table["score"].isna().astype(float))[table["candidate"] == RATES[1]]


def patient(task):
    return patient_of(task, SciKeras(mlp, **SETTINGS), optimizer__learning_rate=RATES)


CASE = Case(
    code="budget/diverged",
    title="The loss is NaN, the score is not",
    statement="With SciKeras, fits whose loss has become NaN get a score like any other; "
    "KerasClassifier raises, and their score is NaN.",
    faulty=faulty,
    fixed=fixed,
    value="diverged fits whose score is NaN",
    unit="share of fits",
    expect="lower",
    margin=0.1,
    patient=patient,
    source="KT#477",
)
