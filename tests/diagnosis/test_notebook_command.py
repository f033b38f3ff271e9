"""``python -m helpers diagnose NOTEBOOK.ipynb``: in a kernel of its own, nothing written to it."""

import contextlib
import json
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from helpers.__main__ import main

# Stands in for `diagnose`: says whether held-out rows move the others by way of prepare.
FAKE = """\
import os
import numpy as np
from helpers import diagnosis
from helpers.diagnosis.findings import Finding, Fix, Outcome
from helpers.diagnosis.report import Report

def diagnose(search, X, y, *, prepare=None, random_state=0, **arguments):
    findings = []
    if prepare is not None:
        changed = X.copy()
        changed[10:] *= 50
        moved = np.abs(prepare(X, y)[0][:10] - prepare(changed, y)[0][:10]).max()
        if moved > 0:
            code = "leak/preparation-saw-test-rows"
            findings.append(Finding(code, "fault", "warning", "rows <moved>", Fix("Pipeline.")))
    search = {"kind": type(search).__name__, "seed": random_state, "folder": os.getcwd()}
    cost = {"fits": 0, "seconds": 0.0}
    check = Outcome("prepare", ("leak/preparation-saw-test-rows",), "clean")
    return Report(findings, [check], 0.01, "accuracy", search, cost)

diagnosis.diagnose = diagnose
"""
IMPORTS = """\
import fake_diagnosis
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV"""
DATA = "X = np.arange(40.0).reshape(20, 2)\ny = np.arange(20) % 2"
LEAK = "%matplotlib inline\nX = (X - X.mean(axis=0)) / X.std(axis=0)\nprint('scaled')"
ROWWISE = "X = np.log1p(X)"
SEARCH = "search = GridSearchCV(LogisticRegression(), {'C': [0.1, 1.0]}, cv=2)"
FIT = "%%time\nsearch.fit(X, y)"


@pytest.fixture
def notebook(tmp_path):
    """Writes a notebook of these code cells, the second one of which is tagged."""
    (tmp_path / "fake_diagnosis.py").write_text(FAKE)

    def write(*cells, tagged=(1,), name="own.ipynb"):
        cells = [nbformat.v4.new_code_cell(source) for source in cells]
        for place in tagged:
            cells[place].metadata.tags = ["data"]
        cells.insert(1, nbformat.v4.new_markdown_cell("# Between"))
        path = tmp_path / name
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
        return path

    return write


@pytest.fixture
def said(capsys):
    """Runs the command: its exit status, stdout and stderr."""

    def said(*arguments):
        status = main(["diagnose", *map(str, arguments)])
        return status, *capsys.readouterr()

    return said


class TestRuns:
    def test_a_leak_across_cells_is_found_through_the_notebook(self, notebook, said, tmp_path):
        path = notebook(IMPORTS, DATA, LEAK, SEARCH, FIT, "search.best_score_")
        before, files = path.read_bytes(), sorted(tmp_path.iterdir())
        page = tmp_path / "page.html"
        status, out, err = said(path, "--seed", "4", "--json", "-", "--html", page)
        assert status == 1, err
        content = json.loads(out)
        assert [finding["code"] for finding in content["findings"]] == [
            "leak/preparation-saw-test-rows"
        ]
        assert content["search"] == {"kind": "GridSearchCV", "seed": 4, "folder": str(tmp_path)}
        assert "rows &lt;moved&gt;" in page.read_text()
        page.unlink()
        assert path.read_bytes() == before
        assert [f for f in sorted(tmp_path.iterdir()) if f.name != "__pycache__"] == files

    def test_a_preparation_row_by_row_is_clean_in_an_older_format_too(self, notebook, said):
        path = notebook(IMPORTS, DATA, ROWWISE, f"{SEARCH}.fit(X, y)")
        content = json.loads(path.read_text()) | {"nbformat_minor": 4}
        for cell in content["cells"]:
            del cell["id"]
        path.write_text(json.dumps(content))
        status, out, err = said(path)
        assert status == 0, err
        assert out.startswith("Diagnosis of GridSearchCV\nNo fault found.")


class TestFailures:
    def test_a_cell_that_fails_is_named_with_its_traceback(self, notebook, said):
        path = notebook(IMPORTS, DATA, "def inner():\n    1 / 0\n\n\ninner()", SEARCH)
        status, out, err = said(path)
        assert (status, out) == (2, "")
        assert f"error: {path}: code cell [3] failed: ZeroDivisionError: division by zero\n" in err
        assert "1 / 0" in err
        assert "\x1b" not in err

    def test_a_notebook_without_a_search_is_told_so(self, notebook, said):
        path = notebook(IMPORTS, DATA, "model = LogisticRegression().fit(X, y)")
        status, _, err = said(path)
        assert status == 2
        assert err == (
            f"error: {path}: no variable holds a scikit-learn search when the notebook has run: "
            "assign one, search = GridSearchCV(...).\n"
        )

    def test_a_diagnosis_that_fails_is_not_the_users_cell(self, notebook, said):
        spoil = "from helpers import diagnosis\ndiagnosis.diagnose = lambda *_, **__: 1 / 0"
        status, _, err = said(notebook(IMPORTS, DATA, SEARCH, spoil))
        assert status == 2
        assert "own.ipynb: the diagnosis failed: ZeroDivisionError" in err

    def test_a_kernel_that_dies_leaves_its_last_words(self, notebook, said):
        dies = "import os, sys\nos.write(2, b'last words\\n')\nos._exit(1)"
        status, _, err = said(notebook(IMPORTS, DATA, dies))
        assert status == 2
        assert "Kernel died" in err


class TestBeforeAnythingRuns:
    def test_without_the_tag_it_says_how_to_put_it(self, notebook, said):
        path = notebook("raise SystemExit", DATA, SEARCH, tagged=())
        status, _, err = said(path)
        assert status == 2
        assert err == (
            f'error: {path}: no cell is tagged "data".\n'
            "Tag the cell that assigns the raw data: X and y, or the DataFrame df and target, the "
            "name\nof its column. In JupyterLab: select the cell, open the Property Inspector (the "
            'gears at the\nright), type data below "Cell Tags", press Enter; then save. The code '
            "cells are:\n"
            "  [1] raise SystemExit\n"
            "  [2] X = np.arange(40.0).reshape(20, 2)\n"
            f"  [3] {SEARCH}\n"
        )

    def test_two_tags_are_one_too_many(self, notebook, said):
        status, _, err = said(notebook(IMPORTS, DATA, SEARCH, tagged=(1, 2)))
        assert status == 2
        assert 'several cells are tagged "data", [2], [3]: accepts one.' in err

    def test_an_empty_cell_assigns_nothing(self, notebook, said):
        status, _, err = said(notebook(IMPORTS, " ", SEARCH))
        assert status == 2
        assert 'the cell tagged "data" is empty.' in err

    def test_a_file_that_is_not_there_or_no_notebook_is_named(self, said, tmp_path):
        path = tmp_path / "own.ipynb"
        assert said(path) == (2, "", f"error: {path}: no such file.\n")
        for content in ("{", "[]", '{"cells": 3}', '{"nbformat": 4, "cells": 3}'):
            path.write_text(content)
            status, _, err = said(path)
            assert status == 2
            assert f"error: {path}: not a notebook: " in err

    def test_a_neighbour_that_hides_this_package_is_named(self, notebook, said, tmp_path):
        path = notebook(IMPORTS, DATA, SEARCH)
        (tmp_path / "helpers.py").touch()
        status, _, err = said(path)
        assert status == 2
        assert "helpers.py: hides this package from the notebook beside it" in err


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_an_interrupt_ends_the_kernel(notebook, tmp_path, name):
    started = tmp_path / "started"
    path = notebook("pass", f"import time\nopen({str(started)!r}, 'w')\ntime.sleep(600)")
    process = psutil.Popen(
        [sys.executable, "-m", "helpers", "diagnose", path],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell that starts in the background has its children ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    family = []
    try:
        end = time.monotonic() + 60
        while not started.exists():
            assert time.monotonic() < end, "waited 60 s for the notebook to run"
            time.sleep(0.05)
        family = process.children(recursive=True)
        process.send_signal(getattr(signal, name))
        said, _ = process.communicate(timeout=60)
        assert (process.returncode, said) == (130, "interrupted\n")
        assert family
        assert [one for one in family if one.is_running() and one.status() != "zombie"] == []
    finally:
        for one in (process, *family):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        process.communicate()
