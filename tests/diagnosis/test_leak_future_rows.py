"""Mixed times matter where rows near in time are alike; ordered files of others are silent."""

import numpy as np
import pandas as pd
import pytest
from examined import examined, found
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.model_selection import GridSearchCV, KFold, TimeSeriesSplit
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from helpers.diagnosis.checks.leak_future_rows import leak_future_rows

CODE = "leak/future-rows"
MIXED = KFold(3, shuffle=True, random_state=0)


def slow(n, n_series, memory, seed=0):
    rng, keep = np.random.default_rng(seed), np.exp(-1 / memory)
    values = rng.standard_normal((n, n_series))
    for now in range(1, n):
        values[now] = keep * values[now - 1] + np.sqrt(1 - keep**2) * values[now]
    return values


def findings(X, y, cv=MIXED, budget=0, **options):
    model = KNeighborsClassifier(1) if np.asarray(y).dtype.kind == "i" else KNeighborsRegressor(1)
    search = GridSearchCV(model, {}, cv=cv)
    return found(leak_future_rows, examined(search, X, y, budget=budget, **options))


def series(n=400, seed=0):
    """Sensors and a label that wander, each for itself."""
    return slow(n, 6, 40, seed), (slow(n, 1, 20, seed + 1000)[:, 0] > 0).astype(int)


def test_mixed_times_are_a_fault():
    finding = findings(*series(), budget=10)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect > 0.1


def copied(X, y, times=3, seed=0):
    """Each row with noisy copies of itself below."""
    noise = np.random.default_rng(seed).normal(0, 0.02, (len(X) * times, X.shape[1]))
    return np.repeat(X, times, axis=0) + noise, np.repeat(y, times)


def test_copies_below_each_other_are_no_series():
    X, y = load_digits(return_X_y=True)
    assert findings(*copied(X[:160] / 16, y[:160])) == {}


def test_a_series_with_copies_is_one():
    assert findings(*copied(*series(200)), budget=10)[CODE].verdict == "fault"


@pytest.mark.parametrize("form", [None, "%d.%m.%Y", "%Y-%m-%d %H:%M"])
def test_dates_give_the_order(form):
    X, y = series()
    order = np.random.default_rng(0).permutation(len(X))
    days = pd.date_range("2024-01-01", periods=len(X))
    table = pd.DataFrame(X).add_prefix("x").assign(day=days.strftime(form) if form else days)
    assert findings(table.iloc[order], y[order])[CODE].evidence["order"] == "order of day"


def test_dates_of_birth_say_how_old_somebody_is():
    X, y = series()
    born = pd.date_range("1960-01-01", periods=len(X)).strftime("%d.%m.%Y")
    order = np.random.default_rng(0).permutation(len(X))
    table = pd.DataFrame(X).add_prefix("x").assign(date_of_birth=born)
    assert findings(table.iloc[order], y[order]) == {}


@pytest.mark.parametrize("is_latest_first", [False, True])
def test_lags_beside_other_columns_are_windows(is_latest_first):
    values = slow(420, 1, 30)[:, 0]
    lags = np.lib.stride_tricks.sliding_window_view(values[:-20], 8)
    lags = lags[:, ::-1] if is_latest_first else lags
    ahead = np.lib.stride_tricks.sliding_window_view(values[8:], 20).mean(axis=1)
    others = np.random.default_rng(0).standard_normal((len(lags), 5))
    finding = findings(np.hstack([others, lags])[: len(ahead)], ahead, budget=10)[CODE]
    assert finding.evidence["rows_that_overlap"] == 7


def panel(matters, seed=0):
    """Shops below each other, weeks in order within each; demand is common to all of a week."""
    rng = np.random.default_rng(seed)
    weeks, shop = np.tile(np.arange(40), 10), np.repeat(np.arange(10), 40)
    demand = np.cumsum(rng.standard_normal(40))[weeks] if matters else 0.0
    X = pd.DataFrame(rng.standard_normal((400, 2))).add_prefix("x").assign(shop=shop)
    X["day"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(7 * weeks, unit="D")
    return X, X["x0"].to_numpy() + demand + 0.3 * rng.standard_normal(400)


def test_other_series_of_the_same_weeks_are_a_fault():
    finding = findings(*panel(matters=True), TimeSeriesSplit(3))[CODE]
    assert (finding.verdict, finding.evidence["order"]) == ("fault", "order of day")


def test_weeks_that_have_nothing_in_common_are_silent():
    for seed in range(4):
        assert findings(*panel(matters=False, seed=seed), TimeSeriesSplit(3)) == {}


def test_overlapping_windows_are_a_fault():
    sensors, demand = slow(420, 3, 60), slow(420, 1, 20, 1)[:, 0]
    X = np.stack([sensors[i : i + 4].ravel() for i in range(380)])
    y = np.array([demand[i + 4 : i + 24].mean() for i in range(380)])
    finding = findings(X, y)[CODE]
    assert finding.verdict == "fault"
    assert finding.evidence["rows_that_overlap"] == 3


def test_windows_without_a_gap_are_found_and_those_with_one_not():
    values = np.random.default_rng(0).standard_normal(300)
    X = np.lib.stride_tricks.sliding_window_view(values, 6)
    y = X.mean(axis=1)
    assert findings(X, y, TimeSeriesSplit(3))[CODE].verdict != "fault"
    assert findings(X, y, TimeSeriesSplit(3, gap=5)) == {}


def growing(n=500, matters=True, seed=0):
    """A column that grows with time, old values staying about, and a label that is a wave of it."""
    rng, now = np.random.default_rng(seed), np.linspace(0, 1, n)
    newest = 6 * now - rng.exponential(0.15, n)
    size = np.where(rng.random(n) < 0.6, newest, rng.uniform(0, 6 * now))
    size = size if matters else rng.permutation(size)
    X = pd.DataFrame({"day": pd.date_range("2024", periods=n), "size": size})
    return X, (np.sin(2.2 * size) + 0.2 * rng.standard_normal(n) > 0).astype(int)


def turned_round(X, y):
    return X[::-1].reset_index(drop=True), y[::-1]


def test_splits_in_time_of_a_table_sorted_newest_first_are_a_fault():
    finding = findings(*turned_round(*growing()), TimeSeriesSplit(4))[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert "order of day every split trains on later rows" in finding.title


@pytest.mark.parametrize("seed", range(5))
def test_newest_first_is_silent_where_times_are_alike(seed):
    assert findings(*turned_round(*growing(matters=False, seed=seed)), TimeSeriesSplit(4)) == {}


def test_oldest_first_is_silent():
    assert findings(*growing(), TimeSeriesSplit(4)) == {}


def test_times_kept_apart_are_silent():
    X, y = series()
    assert findings(X, y, KFold(3)) == {}
    assert findings(X, y, TimeSeriesSplit(3)) == {}


@pytest.mark.parametrize("load", [load_iris, load_digits, load_breast_cancer, load_diabetes])
def test_data_sets_are_silent(load):
    assert findings(*load(return_X_y=True)) == {}


@pytest.mark.parametrize("dated", [True, False])
def test_false_alarms_on_independent_rows(dated):
    """Null: independent rows, in order of a date, or sorted by label or a column: none of 8."""
    for seed in range(4):
        rng = np.random.default_rng(seed)
        y = rng.integers(0, 2, 240)
        X = pd.DataFrame(rng.standard_normal((240, 4)) + 0.7 * y[:, None]).add_prefix("x")
        if dated:
            X.index = pd.date_range("2024-01-01", periods=240)
            assert findings(X, y) == {}
        for order in (np.argsort(y, kind="stable"), np.argsort(X["x0"].to_numpy())):
            assert dated or findings(X.to_numpy()[order], y[order]) == {}


def weeks_held_out(n, days=7, n_folds=4, seed=0):
    week = np.arange(n) // days
    fold = np.random.default_rng(seed).permutation(week.max() + 1) % n_folds
    return [
        (np.flatnonzero(fold[week] != each), np.flatnonzero(fold[week] == each))
        for each in range(n_folds)
    ]


def test_weeks_held_out_of_a_slow_series_are_a_fault():
    finding = findings(*series(), cv=weeks_held_out(400), budget=10)[CODE]
    assert finding.verdict == "fault"
    assert finding.effect > 0.05


@pytest.mark.parametrize("seed", range(4))
def test_groups_that_lie_below_each_other_are_no_series(seed):
    """Patients of seven visits, held out whole: where one ends, another begins."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(rng.standard_normal((60, 5)), 7, axis=0)
    X = patient + 0.2 * rng.standard_normal(patient.shape)
    y = np.repeat((rng.random(60) < 0.5).astype(int), 7)
    assert findings(X, y, cv=weeks_held_out(420, seed=seed), budget=10) == {}


@pytest.mark.parametrize("seed", range(4))
def test_weeks_of_rows_that_say_nothing_of_each_other_are_silent(seed):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((420, 5))
    assert findings(X, (X[:, 0] > 0).astype(int), cv=weeks_held_out(420, seed=seed)) == {}
