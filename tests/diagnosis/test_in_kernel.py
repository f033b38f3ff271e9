"""What runs in a notebook's kernel: finds data, search and preparation, and runs it again."""

import json
import random

import matplotlib.pyplot as plt
import numpy as np
import pytest
import reports
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from helpers import diagnosis, in_kernel

DATA = """\
import numpy as np
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
X = np.arange(40.0).reshape(20, 2)
y = np.arange(20) % 2
calls = []"""
FRAME = f"""\
{DATA}
import pandas as pd
df = pd.DataFrame({{"a": X[:, 0], "label": y, "b": X[:, 1]}})
target = "label"
del X, y"""
SEARCH = "search = GridSearchCV(LogisticRegression(), {'C': [0.1, 1.0]}, cv=2)"
SCALE = "X = (X - X.mean(axis=0)) / X.std(axis=0)"


@pytest.fixture
def shell():
    """A shell without history, whose names are its own."""
    InteractiveShell.clear_instance()
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def given(monkeypatch):
    """What `diagnose` was given."""
    given = {}

    def diagnose(search, X, y, **arguments):
        given.update(search=search, X=X, y=y, **arguments)
        return reports.rich()

    monkeypatch.setattr(diagnosis, "diagnose", diagnose, raising=False)
    return given


@pytest.fixture
def run(shell, given, tmp_path):
    """Runs cells as a notebook would, then the diagnosis of what they end in."""

    def run(*cells, data=0, **arguments):
        for place, source in enumerate(cells):
            shell.run_cell(source).raise_error()
            if place == data:
                in_kernel.remember_data(shell)
        plan = {
            "cells": [{"number": n, "source": source} for n, source in enumerate(cells, 1)],
            "data": data,
            "given": arguments,
            "report": str(tmp_path / "report.json"),
        }
        (tmp_path / "plan.json").write_text(json.dumps(plan))
        in_kernel.diagnose_search(shell, str(tmp_path / "plan.json"))
        return given

    return run


class TestPreparation:
    def test_it_is_what_lies_between_data_and_fit(self, run):
        given = run(DATA, SCALE, f"{SEARCH}\nsearch.fit(X, y)")
        X, y = given["prepare"](given["X"], given["y"])
        assert X.mean() == pytest.approx(0)
        np.testing.assert_array_equal(given["X"], np.arange(40.0).reshape(20, 2))
        np.testing.assert_array_equal(y, given["y"])

    def test_other_data_go_through_the_same_cells(self, run):
        given = run(DATA, SCALE, f"{SEARCH}\nsearch.fit(X, y)")
        held_out = given["X"].copy()
        held_out[10:] *= 100
        before, _ = given["prepare"](given["X"], given["y"])
        after, _ = given["prepare"](held_out, given["y"])
        assert not np.allclose(before[:10], after[:10])

    def test_two_runs_are_equal_although_cells_draw_from_what_they_share(self, run):
        data = f"{DATA}\nrng = np.random.default_rng(0)\nnp.random.seed(1)\nimport random"
        noise = "X = X + rng.normal(size=X.shape) + np.random.rand() + random.random()"
        given = run(data, noise, f"{SEARCH}\nsearch.fit(X, y)")
        one, _ = given["prepare"](given["X"], given["y"])
        two, _ = given["prepare"](given["X"], given["y"])
        np.testing.assert_array_equal(one, two)

    def test_the_rows_that_the_notebook_trained_on_are_met_again(self, run, shell):
        data = f"{DATA}\nrng = np.random.default_rng(0)"
        cells = ["X = X + rng.normal(size=X.shape)", f"{SEARCH}\nsearch.fit(X, y)"]
        given = run(data, *cells)
        again, _ = given["prepare"](given["X"], given["y"])
        np.testing.assert_array_equal(again, shell.user_ns["X"])

    def test_functions_that_cells_define_see_the_changed_data(self, run):
        data = f"{DATA}\ndef centred():\n    return X - X.mean(axis=0)"
        given = run(data, "Z = centred()", f"{SEARCH}\nsearch.fit(Z, y)")
        X, _ = given["prepare"](given["X"] + 7, given["y"])
        assert X.mean() == pytest.approx(0)
        assert X.max() == pytest.approx(19)

    def test_other_names_of_the_raw_data_are_changed_with_them(self, run):
        given = run(f"{DATA}\nraw = X", "Z = raw * 2", f"{SEARCH}\nsearch.fit(Z, y)")
        X, _ = given["prepare"](given["X"] * 0, given["y"])
        assert not X.any()

    def test_names_randomness_and_figures_are_afterwards_as_before(self, run, shell):
        plt.close("all")
        cells = ["import matplotlib.pyplot as plt\nplt.plot(X)", "calls.append(1); new = 3"]
        given = run(DATA, SCALE, *cells, f"{SEARCH}\nsearch.fit(X, y)", "after = 5")
        names, figures = dict(shell.user_ns), plt.get_fignums()
        state, drawn = random.getstate(), np.random.get_state()
        given["prepare"](given["X"], given["y"])
        assert shell.user_ns == names or list(shell.user_ns) == list(names)
        assert all(shell.user_ns[name] is value for name, value in names.items())
        assert shell.user_ns["calls"] == [1]
        assert plt.get_fignums() == figures
        assert random.getstate() == state
        np.testing.assert_array_equal(np.random.get_state()[1], drawn[1])
        plt.close("all")

    def test_it_says_nothing(self, run, capsys):
        given = run(DATA, f"print('loud')\n{SCALE}", f"{SEARCH}\nsearch.fit(X, y)")
        capsys.readouterr()
        given["prepare"](given["X"], given["y"])
        assert capsys.readouterr().out == ""

    def test_without_any_there_is_none(self, run):
        assert "prepare" not in run(DATA, f"{SEARCH}\nsearch.fit(X, y)")

    def test_a_search_that_is_never_fitted_is_meant_for_x_and_y(self, run):
        given = run(DATA, SCALE, SEARCH)
        X, _ = given["prepare"](given["X"], given["y"])
        assert X.mean() == pytest.approx(0)

    def test_nothing_is_trained_but_searches_that_prepare(self, run, shell):
        before = f"first = {SEARCH[9:]}.fit(X, y)\nX = X * first.best_params_['C']"
        fit = "calls.append('fit')\nsearch.fit(X, y)\ncalls.append('after')"
        given = run(f"{DATA}\nraw = calls", before, SEARCH, fit)
        assert shell.user_ns["calls"] == ["fit", "after"]
        X, _ = given["prepare"](given["X"], given["y"])
        np.testing.assert_array_equal(X, shell.user_ns["X"])

    def test_an_error_in_a_cell_is_raised_to_the_check(self, run):
        check = "if X.max() > 1000:\n    raise ValueError('implausible')"
        given = run(DATA, check, SCALE, f"{SEARCH}\nsearch.fit(X, y)")
        with pytest.raises(ValueError, match="implausible"):
            given["prepare"](given["X"] * 1000, given["y"])

    def test_cells_that_do_not_run_twice_are_named(self, run, tmp_path):
        once = f"import os\nos.mkdir({str(tmp_path / 'new')!r})"
        with pytest.raises(in_kernel.NotebookError) as caught:
            run(DATA, once, SCALE, f"{SEARCH}\nsearch.fit(X, y)")
        assert "do not run a second time: code cell [2]: FileExistsError" in str(caught.value)


class TestMagics:
    @pytest.mark.parametrize(
        "fit",
        [
            "%%time\nsearch.fit(X, y)",
            "%time search.fit(X, y)",
            "%%capture out\nsearch.fit(X, y)",
            "try:\n    search.fit(X, y)\nexcept Exception:\n    pass",
            "found = search.fit(X, y)",
        ],
    )
    def test_the_fit_may_be_timed_or_guarded(self, run, fit):
        given = run(DATA, SCALE, SEARCH, fit)
        X, _ = given["prepare"](given["X"], given["y"])
        assert X.mean() == pytest.approx(0)

    def test_commands_of_the_shell_are_not_given_again(self, run, tmp_path):
        (tmp_path / "log").touch()
        cell = f"!echo x >> {tmp_path / 'log'}\n%precision 3\n{SCALE}"
        given = run(
            DATA, cell, f"%%bash\necho y >> {tmp_path / 'log'}", f"{SEARCH}\nsearch.fit(X, y)"
        )
        given["prepare"](given["X"], given["y"])
        assert (tmp_path / "log").read_text() == "x\ny\n"


class TestData:
    def test_a_frame_is_taken_apart_and_put_together(self, run):
        cells = ["df = df[df.a >= 0]\nfeatures = df.drop(columns=target) - df[['a', 'b']].mean()"]
        given = run(FRAME, *cells, f"{SEARCH}\nsearch.fit(features, df[target])")
        assert list(given["X"].columns) == ["a", "b"]
        assert given["y"].name == "label"
        X, y = given["prepare"](given["X"] + 1, 1 - given["y"])
        assert list(X.columns) == ["a", "b"]
        assert X["a"].mean() == pytest.approx(0)
        assert list(y) == list(1 - given["y"])

    def test_arrays_may_stand_for_the_frame(self, run):
        given = run(FRAME, "Z = df[['b', 'a']] * 2", f"{SEARCH}\nsearch.fit(Z, df[target])")
        X, y = given["prepare"](given["X"].to_numpy(object), given["y"].to_numpy())
        np.testing.assert_array_equal(X["a"], given["X"]["a"] * 2)
        assert list(X.dtypes) == [float, float]
        np.testing.assert_array_equal(y, given["y"])

    @pytest.mark.parametrize(
        ("cell", "message"),
        [
            ("data = 3", 'code cell [1], tagged "data", assigns neither X and y nor df and target'),
            (f"{DATA}\ndf, target = X, 'a'", "assigns X and y as well as df and target"),
            ("df, target = [1], 'a'", "df is a list: accepts a DataFrame."),
            (f"{FRAME}\ntarget = 'lable'", "target='lable': accepts a column of df: a, label, b."),
        ],
    )
    def test_cells_that_assign_something_else_are_refused(self, run, cell, message):
        with pytest.raises(in_kernel.NotebookError) as caught:
            run(cell, "X = y = 0")
        assert message in str(caught.value)

    def test_rows_may_be_sparse(self, run):
        data = f"{DATA}\nfrom scipy.sparse import csr_array\nX = csr_array(X)\ncopy = X * 1"
        given = run(data, "X = X * 2 + copy", f"{SEARCH}\nsearch.fit(X, y, groups=None)")
        X, _ = given["prepare"](given["X"] * 0, given["y"])
        assert X.sum() == given["X"].sum()

    def test_rows_that_changed_data_do_not_reach_are_said_not_to_be_checked(self, run, tmp_path):
        data = f"{DATA}\ntable = X + 0\nunread = X + 1\nalias = X\nids = y + 3"
        run(data, "Z = table * 2 + alias + ids[:, None]", f"{SEARCH}\nsearch.fit(Z, y)")
        checks = json.loads((tmp_path / "report.json").read_text())["checks"]
        names = [check["name"] for check in checks if check["name"].startswith("notebook_reads")]
        assert names == ["notebook_reads_table"]


class TestSearch:
    def test_it_is_the_last_one_assigned_or_fitted(self, run, shell):
        other = SEARCH.replace("search", "other").replace("1.0", "2.0")
        assert run(DATA, SCALE, SEARCH, other)["search"] is shell.user_ns["other"]

    def test_fitting_counts_as_well(self, run, shell):
        other = SEARCH.replace("search", "other")
        given = run(DATA, SCALE, SEARCH, f"{other}", "search.fit(X, y)")
        assert given["search"] is shell.user_ns["search"]

    def test_a_cross_validation_around_it_gives_all_rows(self, run):
        given = run(DATA, SCALE, SEARCH, "scores = cross_val_score(search, X, y, cv=2)")
        X, _ = given["prepare"](given["X"], given["y"])
        assert len(X) == 20

    def test_none_is_an_error(self, run):
        with pytest.raises(in_kernel.NotebookError, match="no variable holds a"):
            run(DATA, "model = LogisticRegression().fit(X, y)")

    def test_what_its_fit_was_given_is_passed_on(self, run):
        fit = "search.fit(X, y, sample_weight=np.ones(20), groups=np.arange(20) // 2)"
        search = f"{SEARCH}.set_params(cv=GroupKFold(2))"
        given = run(DATA, SCALE, search, fit, delta=0.02, budget="9s")
        assert list(given["fit_params"]) == ["sample_weight"]
        np.testing.assert_array_equal(given["groups"], np.arange(20) // 2)
        assert len(given["prepare"](given["X"], given["y"])) == 3
        assert (given["delta"], given["budget"]) == (0.02, "9s")

    def test_the_report_is_written(self, run, tmp_path):
        run(DATA, SCALE, f"{SEARCH}\nsearch.fit(X, y)")
        content = json.loads((tmp_path / "report.json").read_text())
        assert content == reports.rich().to_dict()
