"""Columns selected in one cell of a notebook, and searched over in a later one."""

from sklearn.feature_selection import SelectKBest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import synthetic
from helpers.cases import Case
from helpers.cases._diagnosed import each_diagnosis, folds
from helpers.cases._network import network
from helpers.diagnosis import diagnose


def faulty(task):
    return each_diagnosis(task, prepared_before)


def prepared_before(task, seed):
    X, y = study(seed)
    search = GridSearchCV(
        net(task, seed), {"model__units": [8, 32]}, cv=folds(task, seed), scoring="accuracy"
    )
    return diagnose(search, X, y, prepare=prepare, budget=0, random_state=seed)


def prepare(X, y):
    """What the cells above the search do to the rows: all rows, those of the test folds too."""
    X = StandardScaler().fit_transform(X)
    X = SelectKBest(k=KEPT).fit_transform(X, y)
    return X, y


def fixed(task):
    return each_diagnosis(task, prepared_inside)


def prepared_inside(task, seed):
    X, y = study(seed)
    whole = make_pipeline(StandardScaler(), SelectKBest(k=KEPT), net(task, seed))
    grid = {"kerasclassifier__model__units": [8, 32]}
    search = GridSearchCV(whole, grid, cv=folds(task, seed), scoring="accuracy")
    return diagnose(search, X, y, budget=0, random_state=seed)


def net(task, seed):
    return network(task, seed, epochs=10, optimizer__learning_rate=0.1)


def study(seed):
    """Rows of two classes, a standard deviation apart in `TELLING` of the columns."""
    noise = synthetic.pure_noise(150, n_features=COLUMNS, random_state=seed)
    X, y = noise.X.copy(), noise.y
    X[:, :TELLING] += y[:, None]
    return X, y


#: Columns that tell the classes apart, columns in all, and columns that are kept.
TELLING, COLUMNS, KEPT = 5, 300, 20

CASE = Case(
    code="diagnosis/preparation-leak",
    title="A preparation that leaks across cells",
    statement="diagnose reports more faults of a search after columns were selected on all rows "
    "than of the same search with the selection in its pipeline.",
    faulty=faulty,
    fixed=fixed,
    value="faults reported",
    unit="faults",
    expect="higher",
    margin=0.5,
    on=("repeat",),
    source="Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 7.10.2",
)
