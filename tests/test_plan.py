"""What a batch runs is settled before a kernel starts."""

import json
from pathlib import Path

import nbformat
import papermill
import pytest

from helpers import parameters, plan

ROOT = Path(__file__).parents[1]
FIXTURES = ROOT / "tests" / "notebooks" / "fixtures"
NOTEBOOKS = sorted(ROOT.glob("notebooks/*.ipynb")) + sorted(FIXTURES.glob("*.ipynb"))


@pytest.fixture
def folder(tmp_path):
    """Three notebooks, two of them with the same parameters."""
    for stem in ("00_question", "01_state", "02_leaks"):
        save(tmp_path / f"{stem}.ipynb", 'seed = 0  # >= 0\nunits = 64\nclaims_path = "c.json"\n')
    return tmp_path


def save(path, parameters_cell):
    cell = nbformat.v4.new_code_cell(parameters_cell, metadata={"tags": ["parameters"]})
    work, blank = nbformat.v4.new_code_cell("seed"), nbformat.v4.new_code_cell(" \n")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell, work, blank]), path)


@pytest.mark.parametrize(
    ("names", "stems"),
    [
        ([], ["00_question", "01_state", "02_leaks"]),
        (["01"], ["01_state"]),
        (["2", "0"], ["02_leaks", "00_question"]),
        (["01_state", "01", "01_state.ipynb"], ["01_state"]),
    ],
)
def test_notebooks_are_found_by_number_stem_or_name(folder, names, stems):
    assert [job.stem for job in plan.make_plan(names, folder=folder)] == stems


def test_a_notebook_elsewhere_is_found_by_path(folder, tmp_path_factory):
    path = tmp_path_factory.mktemp("mine") / "mine.ipynb"
    save(path, "own = 1.5")
    (job,) = plan.make_plan([str(path)], {"own": 2}, folder)
    assert (job.path, job.parameters, job.writes_claims, job.n_cells) == (
        path,
        {"own": 2},
        False,
        2,
    )


def test_copies_of_an_editor_are_not_notebooks_of_the_folder(folder):
    save(folder / ".01_state.ipynb", "seed = 0")
    assert len(plan.find(folder)) == 3


def test_two_notebooks_of_one_name_are_refused(folder, tmp_path_factory):
    other = tmp_path_factory.mktemp("other") / "01_state.ipynb"
    save(other, "seed = 0")
    with pytest.raises(ValueError, match="two notebooks are named '01_state'"):
        plan.make_plan(["01", str(other)], folder=folder)


@pytest.mark.parametrize(
    ("names", "given", "error", "message"),
    [
        (["01_stat"], {}, ValueError, "unknown notebook '01_stat'; did you mean '01_state'? known"),
        (["07"], {}, ValueError, "unknown notebook '07'"),
        (["x/01_state.ipynb"], {}, ValueError, "did you mean '01_state'?"),
        ([], {"sed": 3}, ValueError, "'sed'; did you mean 'seed'? known: seed, units, claims_path"),
        ([], {"n_splits": 3}, ValueError, "unknown parameter 'n_splits'"),
        ([], {"seed": -1}, ValueError, "seed=-1: accepts an integer from 0"),
        ([], {"seed": "3"}, TypeError, "seed='3': accepts an integer"),
        ([], {"units": "many"}, TypeError, "units='many': accepts int, as its default 64"),
        ([], {"claims_path": "x.json"}, ValueError, "claims_path: a batch run sets it"),
    ],
)
def test_what_is_not_known_or_not_accepted_is_refused(folder, names, given, error, message):
    with pytest.raises(error) as caught:
        plan.make_plan(names, given, folder)
    assert message in str(caught.value)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(ValueError, match=f"no notebooks in {tmp_path}"):
        plan.make_plan(folder=tmp_path)


@pytest.mark.parametrize(
    "cell", ["seed = int('3')", "import os", "seed: int", "a = b = 1", "for", "x.y = 1", "%time"]
)
def test_parameters_cells_hold_plain_literals_only(tmp_path, cell):
    save(tmp_path / "01_bad.ipynb", cell)
    with pytest.raises(
        ValueError, match=r"01_bad.ipynb: its parameters cell accepts names assigned"
    ):
        plan.make_plan(folder=tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"worksheets": []}', '{"cells": '])
def test_files_that_are_no_notebooks_are_named(tmp_path, text):
    (tmp_path / "01_bad.ipynb").write_text(text)
    with pytest.raises(ValueError, match=r"01_bad.ipynb: not a notebook"):
        plan.make_plan(folder=tmp_path)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_papermill_reads_the_same_parameters(path):
    ours = plan.parameter_defaults(json.loads(path.read_text()), path.name)
    assert list(ours) == list(papermill.inspect_notebook(path))


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda path: path.stem)
def test_the_projects_notebooks_have_the_parameters_of_the_table(path):
    defaults = plan.parameter_defaults(json.loads(path.read_text()), path.name)
    absent = set(parameters.TABLE) - set(defaults)
    assert absent <= set(parameters.OPTIONAL)
    assert list(defaults) == [name for name in parameters.TABLE if name not in absent]
    assert defaults.pop("claims_path") == f"{path.stem}.claims.json"
    parameters.check(**defaults)
