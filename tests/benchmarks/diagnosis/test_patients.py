"""The planted faults are complete, well named, and do not give themselves away."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import pytest

from tests.benchmarks.diagnosis import relatives
from tests.benchmarks.diagnosis.expected import EXPECTED, SMOKE, THEMES
from tests.benchmarks.diagnosis.one import patient
from tests.benchmarks.diagnosis.processes import diagnosed
from tests.benchmarks.diagnosis.report import CODES, SUSPECTS, by_code, judged, summary, write

PATIENTS = Path(__file__).parent / "patients"
THEME_OF = {name: theme for theme, members in THEMES.items() for name in members}
FAULTY = [name for name, each in EXPECTED.items() if each.faults]
HEALTHY = [name for name, each in EXPECTED.items() if not each.faults and not each.info]
TELLING = re.compile(
    r"leak|(?<!de)fault|broken|buggy|wrong|stale|healthy|patholog|inert|misalign|overfit"
    r"|optimism|optimistic|unrepresentative|contaminat|cheat",
    re.IGNORECASE,
)


def finding(code, verdict="fault"):
    return {"code": code, "verdict": verdict}


def outcome(*findings):
    report = {"findings": list(findings), "checks": [], "cost": {"fits": 3, "seconds": 1.0}}
    return {"report": report, "seconds": 1.0, "error": None}


def test_every_code_is_planted():
    assert len(CODES) == 34
    assert {code for each in EXPECTED.values() for code in each.faults} == set(CODES)


def test_known_codes_only():
    for each in EXPECTED.values():
        assert {*each.faults, *each.also, *each.info} <= set(CODES)


def test_there_are_enough():
    assert len(FAULTY) >= 45
    assert len(HEALTHY) >= 18
    assert sum(len(each.faults) > 1 for each in EXPECTED.values()) >= 10
    planted = [code for each in EXPECTED.values() for code in each.faults]
    assert sum(planted.count(code) >= 2 for code in CODES) > len(CODES) / 2


def test_each_is_in_one_theme():
    assert len(EXPECTED) == sum(map(len, THEMES.values()))


@pytest.mark.parametrize("theme", THEMES)
def test_expected_are_those_that_there_are(theme):
    module = importlib.import_module(f"tests.benchmarks.diagnosis.patients.{theme}")
    assert sorted(module.__all__) == sorted(THEMES[theme])
    assert all(inspect.isfunction(getattr(module, name)) for name in module.__all__)


@pytest.mark.parametrize("file", sorted(PATIENTS.rglob("*.py")), ids=lambda file: file.stem)
def test_no_source_gives_itself_away(file):
    source = file.read_text(encoding="utf-8")
    assert not [code for code in CODES if code in source]
    assert not TELLING.findall(source)


@pytest.mark.parametrize("file", sorted(PATIENTS.rglob("*.py")), ids=lambda file: file.stem)
def test_patients_do_not_lean_on_the_cases(file):
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.startswith(("helpers.cases", "helpers.diag"))]


@pytest.mark.parametrize("name", SMOKE)
def test_arguments_are_made(name):
    arguments = patient(THEME_OF[name], name)()
    assert {"search", "X", "y"} <= set(arguments)
    assert set(arguments) <= {"search", "X", "y", "groups", "fit_params", "prepare"}
    assert len(arguments["X"]) == len(np.asarray(arguments["y"]))


def test_a_true_consequence_is_neither_hit_nor_alarm():
    expected = EXPECTED["rings_cooling"]
    row = judged("rings_cooling", expected, outcome(finding("state/order-dependent")))
    assert (row["hits"], row["missed"]) == ([], ["state/shared-optimizer"])
    assert row["false_alarms"] == []


def test_only_a_fault_is_an_alarm():
    expected = EXPECTED["strong_marker"]
    findings = [finding(CODES[0], "undecided"), finding(CODES[1], "not the cause"),
                finding(SUSPECTS[0], "undecided"), finding(CODES[2])]  # fmt: skip
    assert judged("strong_marker", expected, outcome(*findings))["false_alarms"] == [CODES[2]]


def test_a_suspect_is_a_hit():
    found = outcome(finding(SUSPECTS[0], "undecided"))
    assert judged("invoices", EXPECTED["invoices"], found)["hits"] == [SUSPECTS[0]]


def test_a_crash_is_a_row_and_a_miss(tmp_path):
    crashed = {"report": None, "seconds": 2.0, "error": "ValueError: no"}
    row = judged("rings_network", EXPECTED["rings_network"], crashed)
    assert row["missed"] == ["state/shared-weights"]
    assert by_code([row])["state/shared-weights"]["recall"] == 0
    assert "crashed: rings_network: ValueError: no" in summary([row])
    write(tmp_path / "made" / "results.json", [row])
    assert [file.name for file in (tmp_path / "made").iterdir()] == ["results.json"]


@pytest.mark.parametrize("name", SMOKE)
def test_the_diagnosis_tells_faulty_from_healthy(name):
    """In a process of its own each, as `make bench-diagnosis` runs all of them."""
    row = judged(name, EXPECTED[name], diagnosed(THEME_OF[name], name, 300))
    assert not row["error"]
    assert not row["missed"], row["findings"]
    assert not row["false_alarms"], row["findings"]
    assert not row["info_missed"], row["findings"]


def test_what_the_relatives_say_is_judged_in_our_codes():
    for kinds in relatives.CODES.values():
        assert {code for codes in kinds.values() for code in codes} <= set(CODES)
    said = {"said": ["group_leakage", "unheard of"], "seconds": 1.0, "error": None}
    found = relatives.judged("clinic_rows", "splitguard", said)
    assert found["hits"] == ["leak/shared-groups"]
    alarm = relatives.judged("strong_marker", "splitguard", said)
    failed = {"seconds": 1.0, "error": "ValueError: no"}
    crashed = relatives.judged("invoices", "splitguard", failed)
    line = relatives.table([found, alarm, crashed]).splitlines()[-1]
    assert line == "| splitguard | 2 of 3 | 1 of 1 | 1 of 1 | 1.0 s |"


def test_the_relatives_see_what_the_search_is_given():
    arguments = patient("split", "days_apart")()
    given = relatives.given(arguments)
    train, test = given.first_fold()
    assert len(given.X) == len(given.y)
    assert not set(train) & set(test)
    assert given.search is not arguments["search"]


def test_without_relatives_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(relatives, "installed", list)
    with pytest.raises(SystemExit, match="2"):
        relatives.main([])
    assert "pip install skore splitguard targetleak" in capsys.readouterr().err
