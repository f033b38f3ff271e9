"""The suite can fail: with a planted fault, the tests that stand for it go red.

Each mutation is a pytest plugin that breaks one thing before the tests are collected; the tests run
in a process of their own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MUTATIONS = {
    "wrapper_reuses_one_model": (
        """
        import helpers.estimator
        build, kept = helpers.estimator.build, []

        def reuse(*arguments, **named):
            if not kept:
                kept.append(build(*arguments, **named))
            return kept[0]

        helpers.estimator.build = reuse
        """,
        ["tests/test_wrapper.py", "-k", "test_law and dropout"],
        "fit_is_repeatable",
    ),
    "wrapper_seeds_the_process": (
        """
        import contextlib
        import helpers.training
        from helpers.quiet import keras

        class Seeded:
            def __init__(self, seed):
                self.seed = seed

            @contextlib.contextmanager
            def entered(self):
                keras.utils.set_random_seed(self.seed)
                yield

        helpers.training.Isolation = Seeded
        """,
        ["tests/test_wrapper.py", "-k", "test_law and dropout"],
        "fit_ignores_global_seeds",
    ),
    "group_splitter_leaks": (
        """
        import sklearn.model_selection as selection

        for splitter in (selection.StratifiedGroupKFold, selection.GroupKFold):
            plain = splitter.split

            def leak(self, X, y=None, groups=None, plain=plain):
                for train, test in plain(self, X, y, groups):
                    yield sorted({*train, *test}), test

            splitter.split = leak
        """,
        ["tests/cases/test_leak.py", "-k", "shared_groups or shared-groups"],
        "shared",
    ),
}


@pytest.mark.parametrize(("plugin", "tests", "red"), MUTATIONS.values(), ids=MUTATIONS)
def test_planted_fault_turns_the_suite_red(tmp_path, plugin, tests, red):
    lines = plugin.strip("\n").splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    (tmp_path / "mutation.py").write_text("\n".join(line[indent:] for line in lines))
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "mutation", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        # One core: cases then run their parts in this process, where the fault is planted.
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}", "LOKY_MAX_CPU_COUNT": "1"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1, result.stdout[-3000:]  # 1: tests were run, and some failed
    failed = [line for line in result.stdout.splitlines() if line.startswith("FAILED")]
    assert any(red in line for line in failed), result.stdout[-3000:]
