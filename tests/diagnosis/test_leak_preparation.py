"""Preparations that use held-out rows or labels are found, those that use each row alone not."""

import numpy as np
import pandas as pd
import pytest
from examined import examined, found
from scipy import signal
from sklearn.datasets import make_multilabel_classification
from sklearn.decomposition import PCA
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.impute import KNNImputer, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import shuffle

from helpers.diagnosis.checks.leak_preparation import LABELS, ROWS, leak_preparation

RNG = np.random.default_rng(0)
Y = RNG.permutation(np.arange(120) % 2)
X = RNG.standard_normal((120, 200)) * 3 + 1
X[:, :3] += Y[:, None]
HOLES = np.where(RNG.random((120, 6)) < 0.1, np.nan, X[:, :6])
RARE = (np.arange(240) % 6 == 0).astype(int)
FEW = RNG.standard_normal((240, 8)) + 0.5 * RARE[:, None]
TABLE = pd.DataFrame({"level": RNG.integers(0, 60, 120).astype(str), "x": X[:, 0]})
#: Few frequent words and many rare ones, which say nothing of the labels.
WORDS = (RNG.random((240, 900)) < np.minimum(0.3, 12 / (np.arange(900) + 5))).astype(float)
SHOPS = TABLE.assign(level="S" + TABLE["level"], region=RNG.choice(["N", "S", "W"], 120))


def search(cv=None):
    cv = cv or StratifiedKFold(3, shuffle=True, random_state=0)
    return GridSearchCV(LogisticRegression(max_iter=50), {"C": [0.1, 1.0]}, cv=cv)


def findings(prepare, data=(X, Y), cv=None, budget=0):
    return found(leak_preparation, examined(search(cv), *data, prepare=prepare, budget=budget))


def balanced_by_copies(X, y):
    classes, counts = np.unique(y, return_counts=True)
    rng, rare = np.random.default_rng(0), classes[counts.argmin()]
    rows = rng.choice(np.flatnonzero(y == rare), counts.max() - counts.min())
    return np.r_[X, X[rows]], np.r_[y, y[rows]]


def by_level(table, y):
    means = pd.Series(y).groupby(table["level"].to_numpy()).mean()
    return np.c_[table["level"].map(means), table["x"]], y


def weighted_by_class(X, y):
    """Words weighted by how much more often one class has them, as in NB-SVM; scaling undoes it."""
    counts = [1 + X[y == each].sum(axis=0) for each in (0, 1)]
    rates = [each / each.sum() for each in counts]
    return X * np.log(rates[1] / rates[0]), y


def running(X, y):
    """Lags and means of all that came before, without the rows that have none."""
    table = pd.DataFrame(X[:, :3])
    made = pd.concat([table.shift(1), table.expanding(6).mean()], axis=1)
    known = made.notna().all(axis=1).to_numpy()
    return made[known].to_numpy(), y[known]


def told_by_trees(X, y):
    """Trees that know their training rows by heart, as columns: the same leak every time."""
    trees = ExtraTreesClassifier(5, random_state=0).fit(X, y)
    told = trees.predict_proba(X)
    return np.column_stack([X, *(each[:, 1] for each in told)] if y.ndim > 1 else [X, told]), y


def test_labels_of_held_out_rows_are_a_fault_with_several_labels_a_row():
    data = make_multilabel_classification(150, n_features=6, n_classes=3, random_state=0)
    several = GridSearchCV(DecisionTreeClassifier(random_state=0), {}, cv=KFold(3, shuffle=True))
    finding = found(leak_preparation, examined(several, *data, prepare=told_by_trees))[LABELS]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect > 0.3
    scaled = examined(several, *data, prepare=lambda X, y: (StandardScaler().fit_transform(X), y))
    assert LABELS not in found(leak_preparation, scaled)


@pytest.mark.parametrize(
    ("prepare", "data"),
    [
        (lambda X, y: (SelectKBest(k=10).fit_transform(X, y), y), (X, Y)),
        (by_level, (TABLE, Y)),
        (balanced_by_copies, (FEW, RARE)),
        (told_by_trees, (X, Y)),
        (weighted_by_class, (WORDS, np.arange(240) % 2)),
    ],
    ids=["selection", "target encoding", "oversampling", "trees", "weights of words"],
)
def test_labels_of_held_out_rows_are_a_fault(prepare, data):
    (finding,) = findings(prepare, data, budget=20).values()
    assert (finding.code, finding.verdict, finding.severity) == (LABELS, "fault", "serious")
    assert finding.effect > 0.03


@pytest.mark.parametrize(
    ("prepare", "data"),
    [
        (lambda X, y: (StandardScaler().fit_transform(X), y), (X[:, :6], Y)),
        (lambda X, y: (MinMaxScaler().fit_transform(X), y), (X[:, :6], Y)),
        (lambda X, y: (PCA(3).fit_transform(X), y), (X[:, :6], Y)),
        (lambda X, y: (SimpleImputer().fit_transform(X), y), (HOLES, Y)),
        (lambda X, y: (KNNImputer().fit_transform(X), y), (HOLES, Y)),
    ],
    ids=["scaler", "range", "PCA", "mean", "neighbours"],
)
def test_values_of_held_out_rows_are_found_and_rarely_the_cause(prepare, data):
    (finding,) = findings(prepare, data).values()
    assert finding.code == ROWS
    assert finding.verdict != "fault"
    assert abs(finding.effect) < 0.05


@pytest.mark.parametrize(
    ("prepare", "data", "cv"),
    [
        (lambda X, y: (X / 255, y), (X, Y), None),
        (lambda X, y: (normalize(X), y), (X, Y), None),
        (lambda X, y: tuple(shuffle(X, y, random_state=0)), (X, Y), None),
        (lambda X, y: (X[:, :20], np.array(["no", "yes"])[y]), (X, Y), None),
        (lambda X, y: (X[~np.isnan(X).any(axis=1)], y[~np.isnan(X).any(axis=1)]), (HOLES, Y), None),
        (lambda X, y: (pd.get_dummies(X).to_numpy(float), y), (TABLE, Y), None),
        (lambda X, y: (np.r_[X, X + 0.01], np.r_[y, y]), (FEW, RARE), None),
        (lambda X, y: (np.c_[X, np.roll(X, 1, axis=0)], y), (FEW, RARE), None),
        (lambda X, y: ((X - X[:60].mean(axis=0)), y), (X, Y), TimeSeriesSplit(2)),
        (lambda X, y: (X + np.random.default_rng().random(X.shape), y), (FEW, RARE), None),
        (lambda X, y: (X.assign(x=X["x"] / 2), y), (SHOPS, Y), None),
        (running, (X, Y), TimeSeriesSplit(2)),
    ],
    ids=[
        "divide", "rows", "shuffle", "names", "dropna", "dummies", "augment", "lag", "earlier",
        "jitter", "text", "running means",
    ],
)  # fmt: skip
def test_rows_prepared_each_alone_are_silent(prepare, data, cv):
    assert findings(prepare, data, cv) == {}


def test_a_whitening_that_leaves_nothing_is_a_fault():
    data = (X + 0.6 * Y[:, None], Y)
    (finding,) = findings(lambda X, y: (PCA(0.999, whiten=True).fit_transform(X), y), data).values()
    assert (finding.code, finding.verdict) == (ROWS, "fault")
    assert finding.effect > 0.05


def test_a_scaler_behind_a_shuffle_is_seen_and_not_judged():
    def prepare(X, y):
        return tuple(shuffle(StandardScaler().fit_transform(X), y, random_state=0))

    (finding,) = findings(prepare, (X[:, :6], Y)).values()
    assert (finding.code, finding.verdict) == (ROWS, "undecided")


def series(seed, n=300):
    """Readings with memory, and what the next one is."""
    noise = np.random.default_rng(seed).standard_normal((n + 1, 2))
    level = signal.lfilter([1.0], [1.0, -0.6], noise[:, 0])
    table = pd.DataFrame({"level": level[:-1] + 5, "other": 3 * noise[:-1, 1]})
    return table, level[1:]


def lagged(table, n=4):
    return pd.concat([table.shift(lag) for lag in range(n)], axis=1).bfill().to_numpy()


def low_pass(table, y):
    waves = np.fft.rfft(table.to_numpy(), axis=0)
    waves[len(waves) // 2 :] = 0
    return lagged(pd.DataFrame(np.fft.irfft(waves, len(table), axis=0))), y


AHEAD = {
    "centred means": lambda X, y: (lagged(X.rolling(5, center=True, min_periods=1).mean()), y),
    "low pass of all": low_pass,
    "both ways": lambda X, y: (lagged(X.apply(lambda x: signal.filtfilt(*BUTTER, x))), y),
    "next one too": lambda X, y: (X.assign(after=X["level"].shift(-1).ffill()).to_numpy(), y),
}
BEHIND = {
    "means": lambda X, y: (lagged(X.rolling(5, min_periods=1).mean()), y),
    "one way": lambda X, y: (lagged(X.apply(lambda x: signal.lfilter(*BUTTER, x))), y),
    "so far": lambda X, y: ((X - X.expanding().mean()).to_numpy(), y),
    "decaying": lambda X, y: (X.assign(slow=X["level"].ewm(span=9).mean()).to_numpy(), y),
}
FITTED = {
    "scaled": lambda X, y: (StandardScaler().fit_transform(lagged(X)), y),
    "ranks": lambda X, y: (X.rank().to_numpy(), y),
    "components": lambda X, y: (PCA(3).fit_transform(lagged(X)), y),
}
BUTTER = signal.butter(2, 0.3)


def in_time(prepare, seed):
    ridge = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=TimeSeriesSplit(3))
    return found(leak_preparation, examined(ridge, *series(seed), prepare=prepare)).get(ROWS)


@pytest.mark.parametrize("name", AHEAD)
def test_windows_that_look_ahead_are_a_fault(name):
    finding = in_time(AHEAD[name], seed=0)
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect > 0.1
    assert "rolling(7, center=True)" in finding.fix.lines


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", BEHIND)
def test_windows_that_look_back_are_silent(name, seed):
    assert in_time(BEHIND[name], seed) is None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", FITTED)
def test_what_is_fitted_on_a_whole_series_is_judged_by_what_it_adds(name, seed):
    assert in_time(FITTED[name], seed).verdict != "fault"


def test_the_same_windows_are_silent_where_rows_are_shuffled():
    """Which leak/future-rows tells: rows beside each other are on both sides of the split."""
    ridge = GridSearchCV(Ridge(), {"alpha": [0.1, 1.0]}, cv=KFold(3, shuffle=True, random_state=0))
    examination = examined(ridge, *series(0), prepare=AHEAD["centred means"])
    assert found(leak_preparation, examination) == {}


def test_a_preparation_that_takes_all_rows_or_none_is_measured_otherwise():
    def prepare(table, y):
        if len(table) < 300:
            raise ValueError("a year is wanted")
        return AHEAD["centred means"](table, y)

    finding = in_time(prepare, seed=0)
    assert finding.verdict in ("undecided", "not the cause")


FLIPPED = (np.random.default_rng(1).random(400) < 0.2).astype(int)
BLOBS = np.random.default_rng(2).standard_normal((400, 5))
BLOB_LABELS = FLIPPED ^ (BLOBS[:, 0] + BLOBS[:, 1] > 0)


def unlikely_left_out(X, y):
    chance = cross_val_predict(LogisticRegression(), X, y, cv=5, method="predict_proba")
    stays = chance[np.arange(len(y)), y] > 0.2
    return X[stays], y[stays]


def unlike_neighbours_left_out(X, y):
    stays = KNeighborsClassifier(5).fit(X, y).predict(X) == y
    return X[stays], y[stays]


def balanced_by_leaving_out(X, y):
    rng = np.random.default_rng(0)
    fewest = min(np.bincount(y))
    rows = np.concatenate([rng.permutation(np.flatnonzero(y == each))[:fewest] for each in (0, 1)])
    return X[np.sort(rows)], y[np.sort(rows)]


def unlikely_left_out_of_a_table(X, y):
    """Beside another column, and without the index that tells which rows are left."""
    table = pd.get_dummies(X.assign(sign=np.where(X["x0"] > 0, "+", "-")), columns=["sign"])
    chance = cross_val_predict(LogisticRegression(), X, y, cv=5, method="predict_proba")
    stays = chance[np.arange(len(y)), y] > 0.2
    return table[stays].reset_index(drop=True), y[stays]


def test_rows_left_out_of_a_table_are_known_by_the_columns_that_stay():
    table = pd.DataFrame(BLOBS).add_prefix("x")
    (finding,) = findings(unlikely_left_out_of_a_table, (table, BLOB_LABELS), budget=20).values()
    assert (finding.code, finding.verdict) == (LABELS, "fault")


@pytest.mark.parametrize("prepare", [unlikely_left_out, unlike_neighbours_left_out])
def test_rows_left_out_because_models_get_them_wrong_are_a_fault(prepare):
    (finding,) = findings(prepare, (BLOBS, BLOB_LABELS), budget=20).values()
    assert (finding.code, finding.verdict, finding.severity) == (LABELS, "fault", "serious")
    assert finding.effect > 0.05


@pytest.mark.parametrize("seed", range(5))
def test_rows_left_out_for_another_reason_are_silent(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((400, 5))
    y = ((X[:, 0] + rng.standard_normal(400)) > 0.8).astype(int)
    assert findings(balanced_by_leaving_out, (X, y)) == {}
    calm = lambda X, y: (X[np.abs(X).max(axis=1) < 2], y[np.abs(X).max(axis=1) < 2])  # noqa: E731
    assert findings(calm, (X, y)) == {}
