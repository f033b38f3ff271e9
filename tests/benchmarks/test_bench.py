"""The bench measures what it says: equal training, ratios within a run, goals, reports."""

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import joblib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.base import clone

from tests.benchmarks import nets, report
from tests.benchmarks.contestants import (
    CONTESTANTS,
    TrainedClassifier,
    keras_loop,
    reason_against,
)
from tests.benchmarks.jax_limit import batches_of
from tests.benchmarks.measuring import Measured, UnequalTraining, measure, once
from tests.benchmarks.tasks import GOALS, SIX, TASKS, Task

ROOT = Path(__file__).parents[2]
TINY = Task("mlp-20", "tiny", nets.MLP, SIX[:2], epochs=1)


def measured(seconds, accuracy=0.9, updates=760):
    shape = (len(seconds), 2, 3)
    return Measured(
        seconds=list(seconds),
        cpu_seconds=list(seconds),
        peak_mb=[500.0] * len(seconds),
        accuracies=np.full(shape, accuracy).tolist(),
        updates=np.full(shape, updates).tolist(),
    )


def outcome(goal, **by_task):
    runs = {
        task.replace("_", "-"): {name: measured(seconds) for name, seconds in by_name.items()}
        for task, by_name in by_task.items()
    }
    (found,) = report.outcomes([GOALS[goal]], runs)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench")
    command = [sys.executable, "-m", "tests.benchmarks", "single", "--quick"]
    command += ["--contestants", "sequential", "keras", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (out / "bench.md").read_text(encoding="utf-8") in done.stdout
    return out


class TestOneRun:
    """The command, from end to end: one row, two contestants."""

    def test_both_train_equally_and_score(self, folder):
        content = json.loads((folder / "bench.json").read_text(encoding="utf-8"))
        runs = content["tasks"]["single"]["contestants"]
        assert list(runs) == ["sequential", "keras"]
        assert [run["updates"] for run in runs.values()] == [[[[76]]]] * 2  # 2 epochs, 38 batches
        assert all(run["accuracies"][0][0][0] > 0.7 for run in runs.values())
        assert all(run["seconds"][0] > 0 for run in runs.values())

    def test_what_was_not_measured_is_not_reached(self, folder):
        (goal,) = json.loads((folder / "bench.json").read_text(encoding="utf-8"))["goals"]
        assert (goal["figure"], goal["verdict"]) == (None, "not measured")
        assert set(goal["values"]) == {"sequential", "keras"}

    def test_the_page_says_that_it_was_shortened(self, folder):
        assert "--quick: the times mean nothing" in (folder / "bench.md").read_text("utf-8")

    def test_there_is_a_figure(self, folder):
        assert (folder / "bench.png").read_bytes().startswith(b"\x89PNG")


class TestTraining:
    def test_clones_of_keras_wrappers_train_all_epochs(self):
        X, y, splits = replace(TINY, epochs=3).splits()
        run = CONTESTANTS["keras.wrappers"].run
        _, updates = run(replace(TINY, epochs=3, candidates=SIX[:2]), X, y, splits, 0)
        assert (updates == 3 * 38).all()

    def test_the_clone_has_arguments_of_its_own(self):
        asked = {"epochs": 3}
        copied = clone(TrainedClassifier(nets.keras_mlp, fit_kwargs=asked))
        assert copied.fit_kwargs == asked
        assert copied.fit_kwargs is not asked

    def test_who_trains_less_fails(self, monkeypatch):
        lazy = replace(
            CONTESTANTS["keras"],
            run=lambda task, *rest: keras_loop(replace(task, epochs=1), *rest),
        )
        monkeypatch.setitem(CONTESTANTS, "keras", lazy)
        task = replace(TINY, candidates=SIX[:1], epochs=2)
        with pytest.raises(UnequalTraining, match=r"^38 updates instead of 76$"):
            once("keras", task, 0)

    def test_a_failure_is_a_result(self, monkeypatch):
        def fail(contestant, task, seed):
            if contestant == "keras":
                raise RuntimeError("broken")
            return 1.0, 1.0, 500.0, [[0.9]], [[76]]

        monkeypatch.setattr("tests.benchmarks.measuring.in_new_process", fail)
        found = measure(TINY, ["keras", "scikeras"], 2, note=lambda line: None)
        assert (found["keras"].failed, found["keras"].reason) == (True, "RuntimeError: broken")
        assert found["scikeras"].seconds == [1.0, 1.0]

    def test_contestants_take_turns(self, monkeypatch):
        asked = []

        def note(contestant, task, seed):
            asked.append((contestant, seed))
            return 1.0, 1.0, 500.0, [[0.9]], [[76]]

        monkeypatch.setattr("tests.benchmarks.measuring.in_new_process", note)
        measure(TINY, ["keras", "scikeras"], 2, note=lambda line: None)
        assert asked == [("keras", 0), ("scikeras", 0), ("keras", 1), ("scikeras", 1)]


class TestTasks:
    def test_copies_of_an_image_stay_together(self):
        task = TASKS["cnn-28x28"]
        X, _, originals = task.data()
        assert X.shape == (2000, 28, 28, 1)
        for train, test in task.splits()[2]:
            assert not set(originals[train]) & set(originals[test])

    @pytest.mark.parametrize("name", TASKS)
    def test_rows_fit_the_network(self, name):
        task = TASKS[name]
        X, _, splits = task.splits()
        for candidate in task.candidates[:2]:
            parameters = {k: v for k, v in candidate.items() if k != "learning_rate"}
            assert task.net.keras(**parameters)(X[:2]).shape == (2, nets.N_CLASSES)
        assert len(splits) in (1, 3, 50)

    def test_goals_name_tasks_and_contestants(self):
        for goal in GOALS.values():
            assert set(goal.tasks) <= set(TASKS)
            assert goal.against is None or goal.against in CONTESTANTS

    def test_a_missing_backend_is_a_reason(self, monkeypatch):
        def refuse(backend):
            raise ValueError(f"Invalid backend: {backend}, expected one of ['loky']")

        monkeypatch.setattr(joblib, "parallel_config", refuse)
        reason = reason_against(CONTESTANTS["lockstep"], TASKS["single"])
        assert reason == "joblib has no such backend: Invalid backend: lockstep"

    def test_jax_declines_what_it_has_not_by_hand(self):
        for name in ("cnn-8x8", "widths", "stopping"):
            assert reason_against(CONTESTANTS["jax"], TASKS[name]).startswith("written by hand")

    def test_batches_of_the_limit_hold_each_row_once(self):
        rows = [np.arange(40), np.arange(100, 139)]
        index, in_batch = batches_of(np.random.default_rng(0), rows)
        assert index.shape == (2, 2, 32)
        for model, each in enumerate(rows):
            held = index[:, model][in_batch[:, model] == 1]
            assert sorted(held) == list(each)


class TestGoals:
    def test_speed_is_the_ratio_of_medians(self):
        found = outcome("mlp-20", mlp_20={"lockstep": [1, 2, 9], "scikeras": [30, 28, 99]})
        assert found.figure("lockstep") == 15
        assert found.verdict == "reached"

    def test_too_slow_is_missed(self):
        found = outcome("mlp-20", mlp_20={"lockstep": [4], "scikeras": [30]})
        assert found.verdict == "missed"

    def test_overhead_is_what_20_epochs_take_beyond_their_slope(self):
        found = outcome("overhead", mlp_20={"lockstep": [5]}, mlp_100={"lockstep": [21]})
        assert found.figure("lockstep") == pytest.approx(0.2)  # 0.2 s an epoch, 1 s beside
        assert found.verdict == "missed"

    def test_step_time_has_no_fixed_costs(self):
        runs = {"lockstep": [5], "jax": [3]}, {"lockstep": [21], "jax": [19]}
        found = outcome("step", mlp_20=runs[0], mlp_100=runs[1])
        assert found.values["lockstep"] == pytest.approx(1000 * 0.2 / (38 * 18))
        assert found.figure("lockstep") == pytest.approx(1)

    def test_growth_is_per_model(self):
        found = outcome("growth", mlp_20={"lockstep": [2]}, mlp_180={"lockstep": [20]})
        assert found.figure("lockstep") == pytest.approx(1.0)

    def test_stopping_is_compared_per_update(self):
        """Half the time with half the updates is not faster."""
        runs = {"lockstep": measured([5], updates=100), "scikeras": measured([10], updates=200)}
        (found,) = report.outcomes([GOALS["stopping"]], {"stopping": runs})
        assert found.figure("lockstep") == pytest.approx(1)


class TestReport:
    def test_times_stand_beside_scores(self):
        runs = {"lockstep": measured([1, 2, 3]), "scikeras": measured([20], accuracy=0.5)}
        table = report.times_table({"mlp-20": runs}).splitlines()
        assert table[2].startswith("| `mlp-20` | this package, lockstep | 2 (1 to 3) | 2 | 10 |")
        assert "| 0.500 ± 0.000 |" in table[3]

    def test_a_failure_shows(self):
        runs = {"keras": Measured(reason="RuntimeError: broken", failed=True)}
        assert "FAILED: RuntimeError: broken" in report.times_table({"mlp-20": runs})

    def test_the_spread_is_within_candidates(self):
        own = measured([1])
        own.accuracies = [[[0.1, 0.1, 0.1], [0.9, 0.9, 0.9]]]
        assert own.accuracy_sd == pytest.approx(0)
        own.accuracies = [[[0.5]]]
        assert math.isnan(own.accuracy_sd)

    def test_the_figure_marks_goal_and_ratio(self):
        found = outcome("mlp-20", mlp_20={"lockstep": [2], "scikeras": [30]})
        ax = report.plot_speed([found])
        drawn = {line.get_label(): line.get_xdata()[0] for line in ax.lines}
        assert ax.get_xscale() == "log"
        assert drawn["goal of lockstep"] == 10
        assert drawn["this package, lockstep"] == 15
        assert "mlp-20 (goal 10): lockstep 15, scikeras 1" in ax.alt_text
        plt.close(ax.figure)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mlp"], "'mlp': accepts mlp-20"),
        (["single", "--contestants", "sikeras"], "Did you mean 'scikeras'?"),
        (["single", "--repeats", "0"], "'0': accepts an integer >= 1"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    command = [sys.executable, "-m", "tests.benchmarks", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert message in done.stderr
