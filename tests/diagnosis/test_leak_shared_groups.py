"""Groups on both sides matter where rows are like their group; else, and kept together, not."""

import re

import numpy as np
import pandas as pd
import pytest
from examined import examined, found
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

from helpers.diagnosis.checks.leak_shared_groups import leak_shared_groups

CODE = "leak/shared-groups"
CV = StratifiedKFold(3, shuffle=True, random_state=0)
KNN = KNeighborsClassifier(1)


def patients(n_groups=40, each=8, seed=0, matters=True):
    """Scans of patients: near their patient's own, whose label is drawn."""
    rng = np.random.default_rng(seed)
    key = rng.permutation(np.repeat(np.arange(n_groups), each))
    label = rng.permutation(np.arange(n_groups) % 2)
    X = rng.standard_normal((len(key), 8))
    if not matters:
        y = rng.permutation(np.arange(len(key)) % 2)
        return X + 0.8 * y[:, None], y, key
    X = 0.3 * X + rng.standard_normal((n_groups, 8))[key]
    return X, label[key], key


def examination_of(X, y, estimator=KNN, cv=CV, budget=10, **options):
    return examined(GridSearchCV(estimator, {}, cv=cv), X, y, budget=budget, **options)


def test_patients_on_both_sides_are_a_fault():
    X, y, key = patients()
    examination = examination_of(X, y, groups=key)
    finding = found(leak_shared_groups, examination)[CODE]
    assert (finding.verdict, finding.severity) == ("fault", "serious")
    assert finding.effect > 0.2
    assert examination.budget.spent_fits == 3


def test_a_subject_that_shifts_the_target_is_a_fault():
    rng = np.random.default_rng(0)
    key = rng.permutation(np.repeat(np.arange(40), 8))
    X = rng.standard_normal((40, 6))[key] + 0.2 * rng.standard_normal((320, 6))
    y = rng.standard_normal(40)[key] + 0.1 * rng.standard_normal(320)
    cv = KFold(3, shuffle=True, random_state=0)
    examination = examination_of(X, y, KNeighborsRegressor(1), cv, groups=key)
    assert found(leak_shared_groups, examination)[CODE].verdict == "fault"


def test_a_column_that_numbers_patients_is_a_fault():
    X, y, key = patients()
    table = pd.DataFrame(X).add_prefix("x").assign(patient=[f"p{each}" for each in key])
    cv = KFold(3, shuffle=True, random_state=0)
    examination = examined(GridSearchCV(KNN, {}, cv=cv), table, y, observe=False)
    finding = found(leak_shared_groups, examination)[CODE]
    assert finding.evidence["key"] == "patient"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("KH-{}-B{}", r"sample: \d+ of KH-\d+-B\d+"),
        ("{:03d}T{}", r"sample: \d+ of \d+T\d+"),
        ("scans/{1}/{0}.png", r"sample: \d+ of scans/\d+/\d+.png"),
    ],
)
@pytest.mark.parametrize("matters", [True, False])
def test_patients_named_within_a_text(text, says, matters):
    X, y, key = patients(matters=matters)
    samples = [text.format(each, n) for n, each in enumerate(key)]
    table = pd.DataFrame(X).add_prefix("x").assign(sample=samples)
    findings = found(leak_shared_groups, examination_of(table, y, budget=0))
    assert set(findings) == ({CODE} if matters else set())
    if matters:
        assert re.fullmatch(says, findings[CODE].evidence["key"])


def test_a_running_number_in_the_text_of_sorted_rows_is_silent():
    """The text is in the order of the rows, and so are the labels: models that see it gain."""
    X, y = np.random.default_rng(0).standard_normal((320, 8)), np.repeat([0, 1], 160)
    X[:, 0] += y
    table = pd.DataFrame(X).add_prefix("x")
    table["sample"] = [f"R{n // 4:03d}-{n % 4}" for n in range(320)]
    assert found(leak_shared_groups, examination_of(table, y, budget=0)) == {}


def visits(matters):
    """Two visits a patient, kept together each; whose patient is a column of its own."""
    X, y, patient = patients(matters=matters)
    visit = 2 * patient + np.random.default_rng(0).integers(0, 2, len(patient))
    table = pd.DataFrame(X).add_prefix("x").assign(patient=[f"p{each}" for each in patient])
    return examined(GridSearchCV(KNN, {}, cv=GroupKFold(3)), table, y, groups=visit, observe=False)


def test_copies_of_rows_are_no_groups():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"income": rng.permutation(60), "age": rng.normal(size=60)})
    table = table.loc[np.repeat(np.arange(60), 3)].sample(frac=1, random_state=0)
    y = rng.integers(0, 2, 60)[table["income"]]
    assert found(leak_shared_groups, examination_of(table, y)) == {}


def test_visits_kept_together_and_patients_not_are_a_fault():
    finding = found(leak_shared_groups, visits(matters=True))[CODE]
    assert (finding.verdict, finding.evidence["key"]) == ("fault", "patient")


def test_patients_that_mean_nothing_beside_visits_are_silent():
    assert found(leak_shared_groups, visits(matters=False)) == {}


def test_groups_kept_together_are_silent():
    X, y, key = patients()
    examination = examination_of(X, y, cv=GroupKFold(3), groups=key)
    assert found(leak_shared_groups, examination) == {}


def test_false_alarms_of_numbers_that_mean_nothing():
    """Null: the key says nothing of rows and labels; none of 6 searches."""
    for seed in range(6):
        X, y, key = patients(seed=seed, matters=False)
        assert found(leak_shared_groups, examination_of(X, y, groups=key, budget=0)) == {}


@pytest.mark.parametrize("load", [load_wine, load_breast_cancer, load_digits, load_diabetes])
def test_data_sets_without_groups_are_silent(load):
    X, y = load(return_X_y=True)
    estimator, cv = (Ridge(), 3) if load is load_diabetes else (KNN, CV)
    search = GridSearchCV(estimator, {}, cv=cv)
    assert found(leak_shared_groups, examined(search, X[:500], y[:500], observe=False)) == {}
