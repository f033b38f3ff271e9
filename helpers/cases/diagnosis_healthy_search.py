"""A healthy search that looks like a faulty one: what is often blamed does no harm in it."""

from sklearn.model_selection import GridSearchCV

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp, sgd
from helpers.cases._diagnosed import each_diagnosis, folds, some_rows
from helpers.diagnosis import diagnose
from helpers.wrapper import KerasClassifier


def faulty(task):
    return each_diagnosis(task, suspicious)


def suspicious(task, seed):
    X, y = some_rows(task)
    how = {"optimizer": sgd(0.3), "epochs": 15, "batch_size": 32}  # one object for all fits
    classifier = KerasClassifier(mlp, random_state=seed, **how)
    grid = {"net__model__units": [2, 64]}
    search = GridSearchCV(in_pipeline(classifier), grid, cv=folds(task, seed), scoring="accuracy")
    return diagnose(search, X, y, budget=0, random_state=seed)


def fixed(task):
    return each_diagnosis(task, plain)


def plain(task, seed):
    X, y = some_rows(task)
    how = {"optimizer": "sgd", "optimizer__learning_rate": 0.3, "epochs": 15, "batch_size": 32}
    classifier = KerasClassifier(mlp, random_state=seed, **how)
    grid = {"net__model__units": [2, 64]}
    search = GridSearchCV(in_pipeline(classifier), grid, cv=folds(task, seed), scoring="accuracy")
    return diagnose(search, X, y, budget=0, random_state=seed)


CASE = Case(
    code="diagnosis/healthy-search",
    title="A healthy search that looks like a faulty one",
    statement="diagnose reports no more faults of a search whose wrapper is given one optimizer "
    "object, and copies it, than of one whose wrapper is given a name.",
    faulty=faulty,
    fixed=fixed,
    value="faults reported",
    unit="faults",
    expect="same",
    margin=0.5,
    on=("repeat",),
    source="a look-alike of state/shared-optimizer",
)
