"""Batch runs: what is left behind when all goes well, and when it does not."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from helpers.__main__ import main

FIXTURES = Path(__file__).parent / "notebooks" / "fixtures"
FAILING = ("fails_in_cell", "kernel_dies", "writes_no_claims")
PASSING = ("healthy", "claim_does_not_hold", "no_parameters", "draws_figure")
PATIENCE_S = 60


def command(*arguments, out=None):
    place = [] if out is None else ["--out", str(out)]
    return ["run", "--notebooks", str(FIXTURES), *place, *map(str, arguments)]


def titles(notebook):
    return [cell.source for cell in notebook.cells if "papermill-error" in str(cell.metadata)]


def wait_for(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"waited {PATIENCE_S} s for {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """One run over all the fixtures that end, two at a time, over the remains of an older one."""
    out = tmp_path_factory.mktemp("batch") / "build"
    out.mkdir()
    for stale in ("fails_in_cell.claims.json", "healthy.html", "claims.json", "other.html"):
        (out / stale).write_text("stale")
    dead = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"],
                          capture_output=True, text=True, check=True).stdout.strip()  # fmt: skip
    (out / f".run-{dead}-x").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "helpers", *command(*PASSING, *FAILING, "--jobs", 2, out=out)],
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE_S,
    )
    return done, out


class TestOutputs:
    def test_a_failure_or_a_claim_that_does_not_hold_is_exit_1(self, batch):
        done, _ = batch
        assert done.returncode == 1

    def test_every_notebook_leaves_its_copy_and_page_and_nothing_else_is_left(self, batch):
        _, out = batch
        expected = {f"{stem}{end}" for stem in PASSING + FAILING for end in (".ipynb", ".html")}
        expected |= {"healthy.claims.json", "claim_does_not_hold.claims.json"}
        expected |= {"claims.json", "other.html"}  # no notebook of this run made that page
        assert {path.name for path in out.iterdir()} == expected

    def test_claims_are_gathered_in_the_order_of_the_notebooks(self, batch):
        _, out = batch
        content = json.loads((out / "claims.json").read_text())
        assert content["version"] == 1
        assert [(one["notebook"], one["holds"]) for one in content["claims"]] == [
            ("healthy", True),
            ("claim_does_not_hold", False),
        ]

    def test_the_report_has_every_claim_time_and_error(self, batch):
        done, _ = batch
        lines = done.stdout.splitlines()
        assert any(line.startswith("  FAILS  noise/claim-does-not-hold") for line in lines)
        for stem in PASSING + FAILING:
            assert any(line.startswith(f"{stem} ") and " s" in line for line in lines)
        assert "In [4]: ValueError: planted" in done.stdout
        assert "wrote no claims" in done.stdout
        assert lines[-1] == "1 of 2 claims hold; 4 of 7 notebooks ran to their end"

    def test_one_bar_and_nothing_of_the_kernels_is_on_the_terminal(self, batch):
        done, _ = batch
        assert "7 notebooks: 100%" in done.stderr
        for line in done.stderr.replace("\r", "\n").splitlines():
            assert line.strip() == "" or line.startswith("7 notebooks: ")

    def test_a_failing_notebook_keeps_its_copy_with_the_error_on_top(self, batch):
        _, out = batch
        notebook = nbformat.read(out / "fails_in_cell.ipynb", as_version=4)
        assert "An Exception was encountered" in notebook.cells[0].source
        assert len(titles(notebook)) == 2
        streams = [
            o.text for cell in notebook.cells for o in cell.get("outputs", []) if "text" in o
        ]
        assert streams == ["before\n"]
        assert "planted" in (out / "fails_in_cell.html").read_text()

    def test_a_kernel_that_dies_is_marked_at_the_cell_with_its_last_words(self, batch):
        done, out = batch
        notebook = nbformat.read(out / "kernel_dies.ipynb", as_version=4)
        assert "An Exception was encountered" in notebook.cells[0].source
        assert len(titles(notebook)) == 2
        (error,) = [o for cell in notebook.cells for o in cell.get("outputs", [])]
        assert error.ename == "DeadKernelError"
        assert "last words" in error.evalue
        assert notebook.cells[-1].metadata.papermill.status == "pending"
        assert "DeadKernelError: Kernel died; its last output: last words" in done.stdout

    def test_kernels_run_on_this_interpreter(self, batch):
        _, out = batch
        assert f"seed 0 on {sys.executable}" in (out / "healthy.ipynb").read_text()

    def test_pages_need_no_network_and_keep_the_alternative_text(self, batch):
        _, out = batch
        for path in out.glob("*.html"):
            page = path.read_text()
            assert "<script src=" not in page
            assert "cdnjs" not in page
            assert "unpkg" not in page
        assert 'alt="one &lt;red&gt; pixel"' in (out / "draws_figure.html").read_text()

    def test_nothing_points_to_a_folder_that_is_gone(self, batch):
        _, out = batch
        notebook = nbformat.read(out / "no_parameters.ipynb", as_version=4)
        assert notebook.metadata.papermill.output_path == str(out / "no_parameters.ipynb")


class TestParameters:
    def test_they_arrive_in_the_notebook(self, tmp_path, capsys):
        file = tmp_path / "params.yaml"
        file.write_text("seed: 4\n")
        assert main(command("healthy", "-f", file, "-p", "seed", "5", out=tmp_path)) == 0
        assert "seed 5 on" in (tmp_path / "healthy.ipynb").read_text()
        assert "1 of 1 claims hold" in capsys.readouterr().out

    def test_plain_papermill_works_too(self, tmp_path):
        notebook = [str(FIXTURES / "healthy.ipynb"), "out.ipynb", "-p", "seed", "3"]
        papermill = [sys.executable, "-m", "papermill", "--no-progress-bar", *notebook]
        done = subprocess.run(papermill, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "unknown parameter" not in done.stderr
        assert "seed 3 on" in (tmp_path / "out.ipynb").read_text()
        assert json.loads((tmp_path / "healthy.claims.json").read_text())["version"] == 1

    def test_a_kernel_registered_under_the_same_name_cannot_win(self, tmp_path, monkeypatch):
        rogue = tmp_path / "kernels" / "python3"
        rogue.mkdir(parents=True)
        spec = {"argv": ["/bin/false", "{connection_file}"], "display_name": "x", "language": "x"}
        (rogue / "kernel.json").write_text(json.dumps(spec))
        monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
        assert main(command("no_parameters", out=tmp_path)) == 0


class TestUsage:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["healthy", "-p", "sed", "3"], "'sed'; did you mean 'seed'? known: seed, claims_path"),
            (["no_parameters", "-p", "seed", "3"], "unknown parameter 'seed'; known: none"),
            (["healthy", "-p", "seed", "many"], "seed='many': accepts an integer"),
            (["healthy", "--profile", "ci"], "unknown parameter 'profile'"),
            (["helthy"], "unknown notebook 'helthy'; did you mean 'healthy'?"),
            (["-p", "profile", "full", "--profile", "ci"], "profile='full', but --profile ci"),
            (["-f", "no/such.yaml"], "no/such.yaml"),
        ],
    )
    def test_errors_are_said_before_anything_runs(self, arguments, message, tmp_path, capsys):
        assert main(command(*arguments, out=tmp_path / "build")) == 2
        assert message in capsys.readouterr().err
        assert not (tmp_path / "build").exists()

    @pytest.mark.parametrize("content", ["- 1\n", "seed: [", "3: 4\n"])
    def test_a_file_that_is_no_mapping_is_named(self, content, tmp_path, capsys):
        path = tmp_path / "params.yaml"
        path.write_text(content)
        assert main(command("-f", path)) == 2
        assert str(path) in capsys.readouterr().err

    @pytest.mark.parametrize("arguments", [[], ["run", "--jobs", "0"], ["run", "--profile", "x"]])
    def test_a_command_line_that_makes_no_sense_is_exit_2(self, arguments, capsys):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
        capsys.readouterr()

    def test_a_misspelt_parameter_is_answered_without_jupyter_or_keras(self):
        probe = (
            "import sys; from helpers.__main__ import main; code = main(sys.argv[1:]);"
            "heavy = {'tensorflow', 'keras', 'papermill', 'pandas', 'sklearn'} & set(sys.modules);"
            "sys.exit(f'imported {heavy}' if heavy else code)"
        )
        done = subprocess.run(
            [sys.executable, "-c", probe, *command("-p", "sed", "3")],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2, done.stderr


class Interrupted:
    """A batch in its own process, stopped in the middle of two endless notebooks."""

    def __init__(self, folder):
        self.out = folder / "build"
        for name in ("endless", "endless_too"):
            shutil.copy(FIXTURES / "endless.ipynb", folder / f"{name}.ipynb")
        options = ["--notebooks", folder, "--out", self.out, "--jobs", "2"]
        self.process = psutil.Popen(
            [sys.executable, "-m", "helpers", "run", *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_until_both_run(self):
        wait_for(lambda: len(list(self.out.glob(".run-*/*.started"))) == 2, "two running notebooks")
        self.family = self.process.children(recursive=True)
        assert len(self.family) >= 4  # two kernels, each with a child of its own

    def survivors(self):
        return [one for one in self.family if one.is_running() and one.status() != "zombie"]

    def files(self):
        return sorted(path.name for path in self.out.iterdir())


@pytest.fixture
def interrupted(tmp_path):
    run = Interrupted(tmp_path)
    try:
        run.wait_until_both_run()
        yield run
    finally:
        for one in (run.process, *getattr(run, "family", ())):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        run.process.communicate()


class TestInterruption:
    @pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
    def test_no_kernel_and_no_half_written_output_survives(self, interrupted, name):
        (interrupted.out / "endless.html").write_text("of an earlier run")
        interrupted.process.send_signal(getattr(signal, name))
        said, _ = interrupted.process.communicate(timeout=PATIENCE_S)
        assert interrupted.process.returncode == 130, said
        assert interrupted.survivors() == []
        assert interrupted.files() == ["endless.html"]
        assert (interrupted.out / "endless.html").read_text() == "of an earlier run"
        assert said.splitlines()[-1].startswith("interrupted; ")
        assert "Traceback" not in said

    def test_an_impatient_second_ctrl_c_changes_nothing(self, interrupted):
        for _ in range(3):
            interrupted.process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        assert interrupted.process.wait(timeout=PATIENCE_S) == 130
        assert interrupted.survivors() == []

    def test_after_sigkill_kernels_end_by_themselves_and_the_next_run_cleans_up(self, interrupted):
        interrupted.process.kill()
        interrupted.process.wait(timeout=PATIENCE_S)
        kernels = [one for one in interrupted.family if "ipykernel" in " ".join(cmdline(one))]
        wait_for(lambda: not any(one.is_running() for one in kernels), "the end of the kernels")
        assert main(command("no_parameters", out=interrupted.out)) == 0
        assert interrupted.files() == ["claims.json", "no_parameters.html", "no_parameters.ipynb"]


def cmdline(process):
    with contextlib.suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
        return process.cmdline()
    return []


def test_what_a_finished_kernel_left_running_is_ended(tmp_path):
    source = "import subprocess; print(subprocess.Popen(['sleep', '600']).pid)"
    path = tmp_path / "leaves_child.ipynb"
    cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert main(command(path, out=tmp_path / "build")) == 0
    executed = nbformat.read(tmp_path / "build" / path.name, as_version=4)
    pid = int(executed.cells[0].outputs[0].text)
    wait_for(lambda: not alive(pid), "the end of the child")


def alive(pid):
    try:
        os.kill(pid, 0)
        return psutil.Process(pid).status() != "zombie"
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False
