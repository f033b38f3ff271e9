"""Rows of one patient on both sides of the split."""

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from helpers import synthetic
from helpers.cases import Case
from helpers.cases._network import quick_network
from helpers.cases._scores import draws, fold_scores
from helpers.workers import each_repetition


def faulty(task):
    def folds(patient, seed):
        cv = StratifiedKFold(task.settings.n_splits, shuffle=True, random_state=seed)
        return {"cv": cv}

    return on_patients(task, folds)


def fixed(task):
    def folds(patient, seed):
        cv = StratifiedGroupKFold(task.settings.n_splits, shuffle=True, random_state=seed)
        return {"cv": cv, "groups": patient}

    return on_patients(task, folds)


def on_patients(task, folds):
    def draw(repeat, seed):
        data = synthetic.patients(300, random_state=seed)
        how = folds(data.groups, seed) | {"evidence": patient_trained_on(data.groups)}
        how |= {"repeat": repeat, "last_only": True}
        return fold_scores(quick_network(task, seed), data.X, data.y, **how)

    return each_repetition(draw, draws(task))


def patient_trained_on(patient):
    """Share of the test rows whose patient has rows among the training rows."""

    def evidence(model, train, test):
        return {"patient_trained_on": np.isin(patient[test], patient[train]).mean()}

    return evidence


CASE = Case(
    code="leak/shared-groups",
    title="Rows of one patient on both sides",
    statement="With six rows per patient, folds that deal them out one by one raise the "
    "accuracy on the test fold by more than 0.02; on new patients no model exceeds 0.68.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on the test fold",
    unit="accuracy",
    expect="higher",
    margin=0.02,
    on=("repeat",),
    source="changspencer/Tumor-CapsNet#1",
)
