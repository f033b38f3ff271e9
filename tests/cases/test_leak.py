"""The leak family: each claim at a small setting, and the evidence that its notebook shows."""

import numpy as np
import pytest

from helpers import cases, datasets, parameters, synthetic
from helpers.cases import Task
from helpers.cases._lottery import drawn
from helpers.cases._prepared import rows_of

SETTINGS = parameters.check(profile="ci", max_rows=300)
TASK = Task(datasets.load("digits", max_rows=SETTINGS.max_rows), SETTINGS)
NAMES = [case.code.split("/")[1] for case in cases.of("leak")]
PREPARED = [
    "scaler-before-split",
    "imputer-before-split",
    "pca-before-split",
    "adapted-normalization",
]


@pytest.fixture(scope="module")
def tables():
    """Tables of all arms of a case, each run once."""
    known = {}

    def of(name):
        if name not in known:
            case = cases.get(f"leak/{name}")
            known[name] = {arm: case.run(arm, TASK) for arm in case.arms}
        return known[name]

    return of


def test_the_family_is_complete():
    assert len(NAMES) == 12


@pytest.mark.parametrize("name", NAMES)
def test_claim_holds(name, tables):
    claim = cases.get(f"leak/{name}").claim(tables(name)["faulty"], tables(name)["fixed"], TASK)
    assert claim.holds, claim.sentence()


@pytest.mark.parametrize("name", PREPARED)
def test_statistics_come_from_more_rows_than_are_trained_on(name, tables):
    faulty, fixed = tables(name)["faulty"], tables(name)["fixed"]
    assert (faulty["rows_in_statistics"] == len(TASK.data.y)).all()
    assert (fixed["rows_in_statistics"] == fixed["rows_trained_on"]).all()
    assert (faulty["rows_trained_on"] == fixed["rows_trained_on"]).all()


@pytest.mark.parametrize(
    ("name", "column", "at_least"),
    [
        ("oversampling-before-split", "test_rows_with_copy", 0.3),
        ("smote-before-split", "test_rows_made_up", 0.3),
        ("augmentation-before-split", "image_trained_on", 0.9),
        ("shared-groups", "patient_trained_on", 0.9),
        ("future-rows", "later_rows", 0.9),
    ],
)
def test_faulty_has_it_on_both_sides_and_fixed_has_not(name, column, at_least, tables):
    assert (tables(name)["faulty"][column] >= at_least).all()
    assert (tables(name)["fixed"][column] == 0).all()


def test_training_rows_alone_choose_other_columns(tables):
    both = tables("selection-before-split")
    assert (both["faulty"]["columns_chosen_alone"] < 30).all()
    assert (both["fixed"]["columns_chosen_alone"] == 50).all()


def test_encoded_category_is_the_label_only_where_it_leaks(tables):
    column = "correlation_with_test_labels"
    both = tables("target-encoding-before-split")
    assert (both["faulty"][column] > 0.3).all()
    assert abs(both["fixed"][column].mean()) < 0.15


@pytest.mark.parametrize("name", ["target-encoding-before-split", "future-rows"])
def test_look_alike_is_harmless(name, tables):
    arms = {arm: table["value"].mean() for arm, table in tables(name).items()}
    assert arms["control"] - arms["fixed"] < 0.4 * (arms["faulty"] - arms["fixed"])


@pytest.mark.parametrize(
    "name",
    [
        "selection-before-split",
        "oversampling-before-split",
        "smote-before-split",
        "augmentation-before-split",
        "stopping-on-test-fold",
    ],
)
def test_fixed_finds_the_truth_where_nothing_can_be_learnt(name, tables):
    assert abs(tables(name)["fixed"]["value"].mean() - 0.5) < 0.1


def test_best_epoch_is_no_better_on_fresh_rows(tables):
    for table in tables("stopping-on-test-fold").values():
        assert abs(table["fresh_rows"].mean() - 0.5) < 0.03
        assert table["watched_rows"].mean() > 0.53


def test_truths_in_the_statements_are_those_of_the_rows():
    for name, data in [
        ("shared-groups", synthetic.patients(300)),
        ("future-rows", synthetic.series()),
    ]:
        assert f"{data.best_accuracy:.2f}" in cases.get(f"leak/{name}").statement


@pytest.mark.parametrize("name", ["scaler-before-split", "smote-before-split"])
def test_arms_are_repeatable_and_leave_the_generators_alone(name, tables):
    state = np.random.get_state()[1].copy()
    again = cases.get(f"leak/{name}").run("faulty", TASK)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    np.testing.assert_array_equal(tables(name)["faulty"]["value"], again["value"])


@pytest.mark.parametrize("dataset", ["penguins", "digits_images"])
def test_other_data_sets_run(dataset):
    """Missing values and string labels; images."""
    settings = parameters.check(dataset=dataset, profile="ci", n_splits=2, n_repeats=1, epochs=5)
    task = Task(datasets.load(dataset, max_rows=100), settings)
    for name in (*PREPARED, "oversampling-before-split", "augmentation-before-split"):
        case = cases.get(f"leak/{name}")
        claim = case.claim(case.run("faulty", task), case.run("fixed", task), task)
        assert np.isfinite(claim.interval).all()


def test_columns_that_hardly_vary_are_left_out():
    X = np.random.default_rng(0).normal(size=(100, 4)).astype("float32")
    X[:, 1] = 0
    X[:3, 1] = 1
    X[:, 2] = np.nan
    X[:6, 3] = 0.5
    data = datasets.Dataset("made up", X, np.arange(100) % 2)
    np.testing.assert_array_equal(rows_of(data), X[:, [0, 3]])


def test_rows_without_any_variation_stay():
    data = datasets.Dataset("constant", np.zeros((10, 2), dtype="float32"), np.arange(10) % 2)
    assert rows_of(data).shape == (10, 2)


def test_lots_are_exact_and_repeatable():
    np.testing.assert_array_equal(drawn(60, 3, share=0.15), drawn(60, 3, share=0.15))
    assert drawn(60, 3, share=0.15).sum() == 9
    assert not np.array_equal(drawn(60, 3), drawn(60, 4))
