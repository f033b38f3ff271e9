"""Every notebook, executed by papermill: with the CI profile and with other parameters."""

import re
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest

from helpers import cases, claims

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
OTHER = {"dataset": "wine", "seed": 3, "n_splits": 2, "profile": "ci"}


@pytest.fixture(scope="module")
def run_of_all(tmp_path_factory):
    """One batch run with the CI profile, as the command line does it."""
    out = tmp_path_factory.mktemp("build")
    result = subprocess.run(
        [sys.executable, "-m", "helpers", "run", "--profile", "ci", "--out", str(out)],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return result, out


def test_every_claim_holds_and_the_run_is_good(run_of_all):
    result, out = run_of_all
    assert result.returncode == 0, result.stdout + result.stderr[-3000:]
    failed = [claim for claim in claims.read(out / "claims.json") if not claim.holds]
    assert not failed


def test_every_case_is_claimed_in_one_notebook(run_of_all):
    claimed = [claim.case for claim in claims.read(run_of_all[1] / "claims.json")]
    assert sorted(claimed) == sorted(cases.codes())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_reader_sees_no_noise(run_of_all, path):
    """No warning, no log, no error; every figure says in words what it shows."""
    executed = nbformat.read(run_of_all[1] / path.name, as_version=4)
    for cell in executed.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error"
            assert output.get("name") != "stderr", output["text"]
            html = output.get("data", {}).get("text/html", "")
            assert "image/png" not in output.get("data", {})
            assert all('alt="' in tag for tag in re.findall(r"<img[^>]*>", html))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_plain_papermill_with_other_parameters(tmp_path, path):
    """Another data set may not bear a claim out; the notebook says so and runs to its end."""
    papermill.execute_notebook(
        path, tmp_path / path.name, parameters=OTHER, cwd=tmp_path, kernel_name="python3",
        progress_bar=False,
    )  # fmt: skip
    assert claims.read(tmp_path / f"{path.stem}.claims.json")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_source_is_stripped_and_readable(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert not any(cell.outputs or cell.execution_count for cell in code)
    assert "parameters" in code[0].metadata.tags
    assert "parameters.check(" in code[1].source
    for cell in code:
        assert cell.source.count("\n") < 15, cell.source
