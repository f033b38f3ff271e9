"""The diagnosis family: what is reported of each patient, and that it can be shown."""

import pickle

import pytest

from helpers import cases, datasets, parameters
from helpers.cases import Task

SETTINGS = parameters.check(profile="ci", max_rows=200, n_splits=2)
TASK = Task(datasets.load("digits", max_rows=SETTINGS.max_rows, random_state=0), SETTINGS)
NAMES = [code.split("/")[1] for code in cases.codes() if code.startswith("diagnosis/")]


@pytest.fixture(scope="module")
def tables():
    """Tables of all arms of a case, each run once."""
    known = {}

    def of(name):
        if name not in known:
            case = cases.get(f"diagnosis/{name}")
            known[name] = {arm: case.run(arm, TASK) for arm in case.arms}
        return known[name]

    return of


@pytest.mark.parametrize("name", NAMES)
def test_claim_holds(name, tables):
    case = cases.get(f"diagnosis/{name}")
    claim = case.claim(tables(name)["faulty"], tables(name)["fixed"], TASK)
    assert claim.holds, claim.sentence()


@pytest.mark.parametrize("name", NAMES)
def test_no_fault_is_reported_once_it_is_mended(name, tables):
    fixed = tables(name)["fixed"]
    assert (fixed["value"] == 0).all(), fixed["codes"].tolist()


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("tutorial-search", "search/parameter-ignored, budget/stopper-inert"),
        ("preparation-leak", "leak/preparation-saw-test-labels"),
        ("healthy-search", "none"),
    ],
)
def test_what_is_reported_is_what_is_wrong(name, codes, tables):
    assert tables(name)["faulty"]["codes"].unique().tolist() == [codes]


@pytest.mark.parametrize("name", NAMES)
def test_reports_travel_between_processes_and_no_check_crashed(name, tables):
    for table in tables(name).values():
        for report in pickle.loads(pickle.dumps(table["report"].tolist())):
            assert "search-diagnosis" in report._repr_html_()
            assert not [each for each in report.checks if each.outcome == "crashed"]


FOUND = {
    "state/global-model": {"state/shared-weights", "state/shared-optimizer"},
    "state/shared-optimizer": {"state/shared-optimizer", "search/failed-fits", "search/all-tied"},
    "state/class-level-schedule": {"state/shared-callback"},
    "leak/selection-before-split": {"leak/preparation-saw-test-labels"},
    "leak/scaler-before-split": set(),
    "budget/one-silent-epoch": {"budget/epochs-ignored", "wrapper/clone-drops-parameter"},
    "budget/diverged": {"budget/diverged"},
}


def test_every_patient_of_the_catalogue_has_its_faults_listed_here():
    assert {case.code for case in cases.all() if case.patient is not None} == set(FOUND)


@pytest.mark.parametrize("code", FOUND)
def test_the_faults_of_other_families_are_found(code):
    report = cases.diagnosed([code], TASK)[code]
    assert {each.code for each in report.faults()} == FOUND[code]
    assert report.cost["fits"] == 0


def test_what_hardly_matters_is_said_not_to_be_the_cause():
    report = cases.get("leak/scaler-before-split").diagnosed(TASK)
    verdicts = {each.code: each.verdict for each in report.findings}
    assert verdicts == {"leak/preparation-saw-test-rows": "not the cause"}
