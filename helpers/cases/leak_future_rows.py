"""Training rows from the future of the test rows."""

import numpy as np
from sklearn.model_selection import KFold, TimeSeriesSplit

from helpers import synthetic
from helpers.cases import Case
from helpers.cases._network import network
from helpers.cases._scores import draws, fold_scores
from helpers.workers import each_repetition


def faulty(task):
    return on_series(task, lambda n, seed: KFold(n, shuffle=True, random_state=seed))


def fixed(task):
    # The gap is the longest stretch of one label: the last training rows do not tell the first
    # test rows' label.
    return on_series(task, lambda n, seed: TimeSeriesSplit(n, gap=30))


def control(task):
    # Neighbours that do not look alike: with a memory of one row, order says next to nothing.
    return on_series(task, lambda n, seed: KFold(n, shuffle=True, random_state=seed), memory=1)


def on_series(task, splitter, memory=60):
    def draw(repeat, seed):
        data = synthetic.series(memory=memory, random_state=seed)
        how = {"cv": splitter(task.settings.n_splits, seed), "repeat": repeat, "last_only": True}
        estimator = network(task, seed)
        return fold_scores(estimator, data.X, data.y, evidence=places_in_time, **how)

    return each_repetition(draw, draws(task))


def places_in_time(model, train, test):
    """Training rows later than the first test row; rows from a test row to the nearest of them."""
    nearest = np.abs(test[:, None] - train).min(axis=1)
    return {"later_rows": (train > test.min()).mean(), "rows_to_nearest": np.median(nearest)}


CASE = Case(
    code="leak/future-rows",
    title="Training rows from the future",
    statement="On a slowly drifting series, shuffled folds raise the accuracy on the test fold by "
    "more than 0.02 over ordered ones; of later rows no model of single rows gets more than 0.62 "
    "right.",
    faulty=faulty,
    fixed=fixed,
    control=control,
    value="accuracy on the test fold",
    unit="accuracy",
    expect="higher",
    margin=0.02,
    on=("repeat",),
    source="keras-team/keras-tuner#412",
)
