"""The state family: each claim at a tiny setting, and the evidence that its notebook shows."""

import numpy as np
import pytest

from helpers import cases, datasets, parameters
from helpers.cases import Task

SETTINGS = parameters.check(profile="ci", max_rows=200, epochs=6)
DATA = datasets.load("digits", max_rows=SETTINGS.max_rows, random_state=0)
TASK = Task(DATA, SETTINGS)


@pytest.fixture(scope="module")
def tables():
    """Tables of all arms of a case, each run once."""
    known = {}

    def of(name):
        if name not in known:
            case = cases.get(f"state/{name}")
            known[name] = {arm: case.run(arm, TASK) for arm in case.arms}
        return known[name]

    return of


NAMES = [code.split("/")[1] for code in cases.codes() if code.startswith("state/")]


@pytest.mark.parametrize("name", NAMES)
def test_claim_holds(name, tables):
    claim = cases.get(f"state/{name}").claim(tables(name)["faulty"], tables(name)["fixed"], TASK)
    assert claim.holds, claim.sentence()


@pytest.mark.parametrize("name", NAMES)
def test_fixed_fits_start_from_nothing(name, tables):
    fixed = tables(name)["fixed"]
    assert (fixed["taken_over"] == 0).all()
    assert (fixed["iterations_start"] == 0).all()
    assert fixed["error"].isna().all()


@pytest.mark.parametrize(
    ("name", "share"), [("global-model", 1.0), ("model-instance", 1.0), ("shared-base", 4 / 6)]
)
def test_faulty_fits_take_over_trained_weights(name, share, tables):
    faulty = tables(name)["faulty"]
    later = faulty[faulty["order"] > 1]
    assert (later["taken_over"] == share * later["n_weights"]).all()


def test_shared_base_is_invisible_to_a_digest_of_the_whole_model(tables):
    faulty = tables("shared-base")["faulty"]
    assert (faulty["iterations_start"] == 0).all()
    assert not set(faulty["start_digest"]) & set(faulty["end_digest"])


def test_frozen_base_is_taken_over_by_nobody(tables):
    control = tables("shared-base")["control"]
    assert (control["taken_over"] == 0).all()


def test_global_model_makes_the_last_candidate_win(tables):
    faulty = tables("global-model")["faulty"]
    assert faulty.loc[faulty["rank"] == 1, "candidate"].max() == 2
    assert faulty.loc[faulty["candidate"] == 1, "rank"].eq(2).all()


def test_shared_optimizer_leaves_the_first_candidate_of_equal_ranks(tables):
    faulty = tables("shared-optimizer")["faulty"]
    assert faulty["error"].isna().tolist() == [True] + (len(faulty) - 1) * [False]
    assert faulty["error"].dropna().str.startswith("ValueError: Unknown variable").all()
    assert (faulty["rank"] == 1).all()


def test_schedule_goes_on_from_the_last_fit(tables):
    faulty, fixed = (tables("class-level-schedule")[arm] for arm in ("faulty", "fixed"))
    rates = faulty.sort_values("order")["learning_rate_start"]
    assert (np.diff(rates) < 0).all()
    assert fixed["learning_rate_start"].nunique() == 1


def test_shared_backup_scores_another_folds_model(tables):
    faulty = tables("shared-backup")["faulty"]
    later = faulty[faulty["fold"] > 0]
    assert (later["epochs_run"] == 0).all()
    assert (later["taken_over"] == later["n_weights"]).all()


def test_stoppers_stop(tables):
    assert tables("early-stopping-object")["faulty"]["stopped_early"].all()


def test_own_wrapper_depends_on_neither_order_nor_jobs(tables):
    fixed = tables("global-seed")["fixed"]
    assert (fixed["forwards"] == fixed["backwards"]).all()
    assert (fixed["forwards"] == fixed["by_two_jobs"]).all()


@pytest.mark.parametrize("name", ["global-model", "shared-optimizer"])
@pytest.mark.parametrize("arm", ["faulty", "fixed"])
def test_arms_are_repeatable_and_leave_the_generators_alone(name, arm, tables):
    first = tables(name)[arm]
    state = np.random.get_state()[1].copy()
    second = cases.get(f"state/{name}").run(arm, TASK)
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    np.testing.assert_array_equal(first["accuracy"], second["accuracy"])


@pytest.mark.parametrize("dataset", ["penguins", "digits_images"])
def test_other_data_sets_run(dataset):
    """Missing values and string labels; images."""
    settings = parameters.check(
        dataset=dataset, profile="ci", n_splits=2, n_repeats=1, max_rows=100
    )
    task = Task(datasets.load(dataset, max_rows=100), settings)
    for name in ("shared-optimizer", "compiled-instance"):
        case = cases.get(f"state/{name}")
        assert case.claim(case.run("faulty", task), case.run("fixed", task), task).holds
