"""``python -m helpers diagnose FILE.py:FUNC``: what it takes, says, writes and returns."""

import json
import pickle
import subprocess
import sys
import textwrap

import pytest
import reports

from helpers import diagnosis
from helpers.__main__ import main

FILE = """\
import numpy as np

RUNS = 1
print("loading")


class Search:
    pass


def make():
    print("noise of the user")
    return Search(), np.zeros((4, 2)), np.zeros(4)


def make_all():
    return {"search": Search(), "X": [[0]], "y": [0], "delta": 0.5, "groups": [1]}


def make_pair():
    return Search(), [0]


def make_nothing():
    pass


def make_unknown():
    return {"search": Search(), "X": [[0]], "y": [0], "group": [1]}


def make_without_y():
    return {"search": Search(), "X": [[0]]}


def fails():
    return inner()


def inner():
    return np.zeros(3).reshape(2, 2)


def leaves():
    raise SystemExit(3)
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    """A file of a user's; its module and folder are forgotten afterwards."""
    path = tmp_path / "users_search_file.py"
    path.write_text(FILE)
    monkeypatch.setattr(sys, "path", list(sys.path))
    yield path
    sys.modules.pop(path.stem, None)


@pytest.fixture
def given(monkeypatch):
    """What `diagnose` was given; it answers with ``given["report"]``."""
    given = {"report": reports.rich()}

    def diagnose(
        search, X, y, *, groups=None, fit_params=None, prepare=None, delta=None, budget=None,
        random_state=0,
    ):  # fmt: skip
        given.update(locals())
        if isinstance(given["report"], Exception):
            raise given["report"]
        return given["report"]

    monkeypatch.setattr(diagnosis, "diagnose", diagnose, raising=False)
    return given


class TestGiven:
    def test_a_tuple_becomes_the_arguments(self, file, given):
        main(["diagnose", f"{file}:make"])
        assert given["X"].shape == (4, 2)
        assert (given["delta"], given["budget"], given["random_state"]) == (None, None, 0)

    def test_a_dict_becomes_the_arguments_and_options_win(self, file, given):
        options = ["--delta", "0.02", "--budget", "12", "--seed", "3"]
        main(["diagnose", f"{file}:make_all", *options])
        assert given["groups"] == [1]
        assert (given["delta"], given["budget"], given["random_state"]) == (0.02, 12, 3)

    def test_a_budget_may_be_seconds(self, file, given):
        main(["diagnose", f"{file}:make_all", "--budget", "90s"])
        assert (given["delta"], given["budget"]) == (0.5, "90s")

    def test_the_file_runs_once_and_what_it_defines_can_be_pickled(self, file, given, capsys):
        main(["diagnose", f"{file}:make"])
        assert capsys.readouterr().err.count("loading") == 1
        copy = pickle.loads(pickle.dumps(given["search"]))
        assert type(copy) is type(given["search"])
        assert type(copy).__module__ == file.stem

    def test_its_folder_is_on_the_path_as_of_a_script(self, file, given, monkeypatch):
        (file.parent / "users_neighbour.py").write_text("VALUE = 7\n")
        file.write_text(f"from users_neighbour import VALUE\n{FILE}")
        assert main(["diagnose", f"{file}:make"]) == 1
        del sys.modules["users_neighbour"]


class TestExitStatus:
    @pytest.mark.parametrize(
        ("report", "options", "status"),
        [
            (reports.rich, [], 1),
            (reports.rich, ["--fail-on", "serious"], 1),
            (reports.healthy, [], 0),
            (reports.hostile, [], 0),
        ],
    )
    def test_it_says_whether_there_are_faults(self, file, given, report, options, status):
        given["report"] = report()
        assert main(["diagnose", f"{file}:make", *options]) == status

    def test_warnings_pass_where_only_serious_faults_fail(self, file, given):
        given["report"].findings[:] = [reports.EPOCHS_IGNORED]
        assert main(["diagnose", f"{file}:make"]) == 1
        assert main(["diagnose", f"{file}:make", "--fail-on", "serious"]) == 0


class TestOutput:
    def test_the_report_is_on_stdout_and_the_users_noise_is_not(self, file, given, capsys):
        main(["diagnose", f"{file}:make"])
        said = capsys.readouterr()
        assert said.out == f"{reports.rich()}\n"
        assert said.err == "loading\nnoise of the user\n"

    def test_json_on_stdout_is_all_that_is_there(self, file, given, capsys):
        main(["diagnose", f"{file}:make", "--json", "-"])
        assert json.loads(capsys.readouterr().out) == reports.rich().to_dict()

    def test_files_are_written(self, file, given, tmp_path):
        json_path, page = tmp_path / "new" / "report.json", tmp_path / "report.html"
        main(["diagnose", f"{file}:make", "--json", str(json_path), "--html", str(page)])
        assert json.loads(json_path.read_text()) == reports.rich().to_dict()
        assert page.read_text() == reports.rich().to_html()

    def test_colour_is_for_terminals_that_want_it(self, file, given, capsys, monkeypatch):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        monkeypatch.delenv("NO_COLOR", raising=False)
        main(["diagnose", f"{file}:make"])
        assert "\x1b[1;31mSERIOUS" in capsys.readouterr().out
        monkeypatch.setenv("NO_COLOR", "1")
        main(["diagnose", f"{file}:make"])
        assert "\x1b" not in capsys.readouterr().out


class TestErrors:
    @pytest.mark.parametrize(
        ("function", "message"),
        [
            ("mak", "has no function 'mak'. Did you mean 'make'? It has make, make_all, "),
            ("RUNS", "has no function, but a value, 'RUNS'."),
            ("make_pair", ":make_pair: returned a tuple of 2: accepts (search, X, y), or a dict"),
            ("make_nothing", ":make_nothing: returned a NoneType: accepts (search, X, y)"),
            ("make_unknown", "'group', which is no argument of diagnose. Did you mean 'groups'?"),
            ("make_without_y", "returned a dict without 'y'."),
            ("leaves", "leaves() failed:\n"),
        ],
    )
    def test_what_the_function_returns_is_checked(self, file, given, function, message, capsys):
        assert main(["diagnose", f"{file}:{function}"]) == 2
        said = capsys.readouterr()
        assert message in said.err
        assert said.out == ""
        assert "search" not in given

    def test_a_function_that_raises_shows_the_users_frames_alone(self, file, given, capsys):
        assert main(["diagnose", f"{file}:fails"]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"loading\nerror: {file}:fails: fails() failed:\n")
        assert said.count('File "') == 2
        assert "in inner" in said
        assert said.rstrip().endswith("cannot reshape array of size 3 into shape (2,2)")

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("import no_such_module_at_all\n", "ModuleNotFoundError: No module named"),
            ("def make(:\n", "SyntaxError"),
        ],
    )
    def test_a_file_that_does_not_run_is_named(self, file, given, content, message, capsys):
        file.write_text(content)
        assert main(["diagnose", f"{file}:make"]) == 2
        said = capsys.readouterr().err
        assert "users_search_file.py: the file failed:" in said
        assert message in said

    @pytest.mark.parametrize(
        ("target", "message"),
        [
            ("no_such.py:make", "no_such.py: no such file."),
            ("no_such.py", "accepts FILE.py:FUNC or NOTEBOOK.ipynb."),
            (f"{__file__}x:make", "no such file."),
        ],
    )
    def test_a_target_that_is_not_there_is_named(self, given, target, message, capsys):
        assert main(["diagnose", target]) == 2
        assert message in capsys.readouterr().err

    def test_a_name_that_is_taken_cannot_be_pickled_by(self, file, given, capsys):
        other = file.with_name("textwrap.py")
        other.write_text(FILE)
        assert main(["diagnose", f"{other}:make"]) == 2
        assert "a module named 'textwrap' is loaded already" in capsys.readouterr().err
        assert sys.modules["textwrap"] is textwrap

    def test_an_argument_that_diagnose_refuses_is_said(self, file, given, capsys):
        given["report"] = ValueError("delta=-1: accepts a number > 0.")
        assert main(["diagnose", f"{file}:make"]) == 2
        assert "ValueError: delta=-1: accepts a number > 0. (test_command.py" in (
            capsys.readouterr().err
        )

    def test_a_crash_of_the_diagnosis_shows_where(self, file, given, capsys):
        given["report"] = ZeroDivisionError("planted")
        assert main(["diagnose", f"{file}:make"]) == 2
        said = capsys.readouterr().err
        assert "Traceback (most recent call last)" in said
        assert "ZeroDivisionError: planted" in said

    @pytest.mark.parametrize(
        "option",
        [["--budget", "many"], ["--budget", "-1s"], ["--delta", "0"], ["--seed", "x"],
         ["--fail-on", "info"], ["--delta", "nan"]],
    )  # fmt: skip
    def test_options_are_checked(self, file, given, option, capsys):
        with pytest.raises(SystemExit) as caught:
            main(["diagnose", f"{file}:make", *option])
        assert caught.value.code == 2
        assert option[0] in capsys.readouterr().err

    def test_a_folder_is_no_file_to_write(self, file, given, tmp_path, capsys):
        assert main(["diagnose", f"{file}:make", "--html", str(tmp_path)]) == 2
        assert "is a folder" in capsys.readouterr().err
        assert "search" not in given


def test_help_documents_targets_and_exit_statuses(capsys):
    with pytest.raises(SystemExit):
        main(["diagnose", "--help"])
    said = capsys.readouterr().out
    for words in ("FILE.py:FUNC", "NOTEBOOK.ipynb", '"data"', "exit status:", "--fail-on"):
        assert words in said


def test_a_mistake_is_answered_without_keras():
    probe = (
        "import sys; from helpers.__main__ import main;"
        "[main(['diagnose', name]) for name in sys.argv[1:]];"
        "heavy = {'tensorflow', 'keras', 'papermill'} & set(sys.modules);"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    command = [sys.executable, "-c", probe, "no_such.py", "no_such.py:make"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
