"""What a case is and how the catalogue finds it, on cases planted for the purpose."""

import importlib
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from IPython.display import Markdown

from helpers import cases, parameters
from helpers.cases import Case, Task
from helpers.cases._collect import Catalogue
from helpers.cases._source import source_of
from helpers.datasets import Dataset

MODULE = '''
"""A planted case."""

import functools

import pandas as pd

from helpers.cases import Case

EPOCHS = 30


def faulty(task):
    return measure(one_epoch())


def fixed(task):
    return measure(EPOCHS)


def one_epoch():
    return 1


def measure(epochs):
    return pd.DataFrame({"fold": [0, 1], "value": [epochs, epochs]})


partial = functools.partial(measure, 3)

CASE = Case(
    code="CODE", title="Thirty asked, one run", statement="Fits run fewer epochs than asked.",
    faulty=faulty, fixed=fixed, value="epochs run", unit="epochs", expect="lower", margin=1,
    on=("fold",), source="seen",
)
'''


def one_epoch(task):
    return pd.DataFrame({"fold": [0, 1], "value": [1, 1], "candidate": ["a", "a"]})


def all_epochs(task):
    return pd.DataFrame({"fold": [0, 1], "value": [30, 30]})


FIELDS = {
    "code": "budget/one-epoch",
    "title": "Thirty asked, one run",
    "statement": "Fits run fewer epochs than asked.",
    "faulty": one_epoch,
    "fixed": all_epochs,
    "value": "epochs run",
    "unit": "epochs",
    "expect": "lower",
    "margin": 1,
    "on": ("fold",),
}
CASE = Case(**FIELDS)


@pytest.fixture
def task():
    data = Dataset(
        name="tiny", X=np.zeros((4, 2)), y=np.arange(4) % 2, task="classification", description=""
    )
    return Task(data, parameters.check(profile="ci", dataset="digits", n_splits=3))


@pytest.fixture
def plant(tmp_path, monkeypatch):
    """Write modules into a package of their own; gives its catalogue."""
    folder = tmp_path / "planted_cases"
    folder.mkdir()
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()

    def write(**modules):
        for name, text in modules.items():
            (folder / f"{name}.py").write_text(text)
        return Catalogue("planted_cases", [str(folder)])

    yield write
    for name in [name for name in sys.modules if name.startswith("planted_cases")]:
        del sys.modules[name]


# A case


def test_an_arm_runs_and_is_named(task):
    table = CASE.run("faulty", task)
    assert list(table) == ["arm", "fold", "value", "candidate"]
    assert set(table["arm"]) == {"faulty"}


def test_an_arm_is_given_the_task(task):
    given = []

    def arm(task):
        given.append(task)
        return one_epoch(task)

    replace(CASE, faulty=arm).run("faulty", task)
    assert given == [task]


def test_the_claim_is_measured(task):
    claim = CASE.claim(CASE.run("faulty", task), CASE.run("fixed", task), task)
    assert (claim.case, claim.statement, claim.unit) == (CASE.code, CASE.statement, "epochs")
    assert (claim.faulty, claim.fixed, claim.interval, claim.holds) == (1, 30, (-29, -29), True)


def test_reused_folds_widen_the_interval_by_the_number_of_folds(task):
    faulty, fixed = one_epoch(task).assign(value=[1, 2]), all_epochs(task)
    width = {}
    for reused in (False, True):
        low, high = replace(CASE, reused_folds=reused).claim(faulty, fixed, task).interval
        width[reused] = high - low
    # n = 2 pairs; 3 folds: test rows / training rows = 1 / 2
    assert width[True] / width[False] == pytest.approx(np.sqrt((1 / 2 + 1 / 2) / (1 / 2)))


def test_arms_and_family():
    assert CASE.family == "budget"
    assert CASE.arms == ("faulty", "fixed")
    assert replace(CASE, control=all_epochs).arms == ("faulty", "fixed", "control")


@pytest.mark.parametrize(
    ("arm", "message"),
    [
        ("fautly", "arm='fautly': Did you mean 'faulty'\\? budget/one-epoch has 'faulty', 'fixed'"),
        ("control", "arm='control': budget/one-epoch has 'faulty', 'fixed'"),
        (None, "arm=None"),
    ],
)
def test_an_unknown_arm_is_named(arm, message, task):
    for use in (lambda: CASE.run(arm, task), lambda: CASE.source_of(arm)):
        with pytest.raises(ValueError, match=message):
            use()


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pd.DataFrame({"value": [1]}), "arm 'faulty' lacks the column 'fold'"),
        (pd.DataFrame({"fold": [1]}), "arm 'faulty' lacks the column 'value'"),
        (pd.DataFrame({"fold": [], "value": []}), "arm 'faulty' is empty"),
    ],
)
def test_an_incomplete_table_is_named(table, message, task):
    with pytest.raises(ValueError, match=f"budget/one-epoch: the table of {message}"):
        replace(CASE, faulty=lambda task: table).run("faulty", task)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("code", "one-epoch"),
        ("code", "Budget/one_epoch"),
        ("title", ""),
        ("statement", "  "),
        ("unit", None),
        ("faulty", "one_epoch"),
        ("fixed", None),
        ("control", 3),
        ("expect", "worse"),
        ("margin", -1),
        ("margin", float("nan")),
        ("margin", True),
        ("on", ()),
        ("on", "fold"),
    ],
)
def test_a_bad_field_is_named(field, value):
    with pytest.raises(ValueError, match=f"^{field}={value!r}.*: accepts"):
        Case(**FIELDS | {field: value})


def test_the_same_within_nothing_is_refused():
    with pytest.raises(ValueError, match="margin=0 of a case: accepts a number > 0"):
        replace(CASE, expect="same", margin=0)


# Its source


def test_the_source_is_what_the_arms_do_not_share(plant):
    case = plant(budget_one_epoch=MODULE.replace("CODE", "budget/one-epoch")).get(
        "budget/one-epoch"
    )
    shown = case.source_of("faulty")
    assert isinstance(shown, Markdown)
    assert shown.data == (
        "```python\ndef faulty(task):\n    return measure(one_epoch())\n\n\n"
        "def one_epoch():\n    return 1\n```"
    )
    assert case.source_of("fixed").data.startswith("```python\nEPOCHS = 30\n\n\ndef fixed(task):")


def test_the_source_of_what_cannot_be_shown_is_an_error(plant):
    plant(budget_one_epoch=MODULE.replace("CODE", "budget/one-epoch"))
    module = importlib.import_module("planted_cases.budget_one_epoch")
    for function in (lambda task: None, module.partial):
        with pytest.raises(TypeError, match="no function at the top level"):
            source_of(function)


# The catalogue


def test_modules_are_found_by_their_name(plant):
    catalogue = plant(
        state_shared_weights=MODULE.replace("CODE", "state/shared-weights"),
        budget_one_epoch=MODULE.replace("CODE", "budget/one-epoch"),
        _shared="raise AssertionError('not a case')",
    )
    assert catalogue.codes() == ("budget/one-epoch", "state/shared-weights")
    assert catalogue.families() == ("budget", "state")
    assert catalogue.codes_of("state") == ("state/shared-weights",)
    assert catalogue.get("state/shared-weights").title == "Thirty asked, one run"
    assert catalogue.get("state/shared-weights") is catalogue.get("state/shared-weights")


def test_one_broken_case_does_not_hide_the_others(plant):
    catalogue = plant(
        state_broken="raise ImportError('gone')",
        budget_one_epoch=MODULE.replace("CODE", "budget/one-epoch"),
    )
    assert catalogue.get("budget/one-epoch").code == "budget/one-epoch"
    with pytest.raises(ImportError, match="gone"):
        catalogue.get("state/broken")


def test_a_second_case_of_one_code_is_refused(plant):
    text = MODULE.replace("CODE", "budget/one-epoch")
    catalogue = plant(budget_one_epoch=text, budget_another=text)
    with pytest.raises(ValueError, match="code 'budget/one-epoch', its file name says"):
        catalogue.get("budget/another")


@pytest.mark.parametrize(
    ("module", "text", "error", "message"),
    [
        ("budget_empty", "", TypeError, "planted_cases.budget_empty: CASE=None: accepts a Case"),
        ("helpers1", "CASE = 1", ValueError, "planted_cases.helpers1: its name would make"),
    ],
)
def test_a_module_without_a_case_is_named(module, text, error, message, plant):
    catalogue = plant(**{module: text})
    with pytest.raises(error, match=message):
        catalogue.get(catalogue.codes()[0])


def test_the_nearest_code_is_named(plant):
    catalogue = plant(state_shared_weights=MODULE.replace("CODE", "state/shared-weights"))
    with pytest.raises(ValueError, match="code='state/shared-weigth': Did you mean 'state/shared-"):
        catalogue.get("state/shared-weigth")
    with pytest.raises(ValueError, match="family='stat': Did you mean 'state'"):
        catalogue.codes_of("stat")


def test_the_real_catalogue_loads():
    found = cases.all()
    assert tuple(case.code for case in found) == cases.codes()
    assert [case for family in cases.families() for case in cases.of(family)] == list(found)


def test_every_real_arm_can_be_shown():
    for case in cases.all():
        assert all("def " in case.source_of(arm).data for arm in case.arms)
