"""Runs the diagnosis of one search in a fresh process, whatever becomes of it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["diagnosed", "outcome_of"]

ROOT = Path(__file__).parents[3]
ONE = "tests.benchmarks.diagnosis.one"


def diagnosed(theme, name, timeout_s):
    """``report`` (a dict, or None), ``seconds`` and ``error``; see `outcome_of`."""
    return {"report": None} | outcome_of([ONE, theme, name], timeout_s)


def outcome_of(module, timeout_s):
    """What a process wrote, ``seconds`` among it, and ``error``: None, or why there is no result.

    Parameters
    ----------
    module : list of str
        A module's name and what it is told, before the file that it is to write.
    timeout_s : float
        The process is ended after so long, with all that it started.

    Returns
    -------
    dict
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        error = _run([sys.executable, "-m", *module, str(file)], Path(folder), timeout_s)
        if error is None:
            return json.loads(file.read_text(encoding="utf-8")) | {"error": None}
    return {"seconds": time.perf_counter() - started, "error": error}


def _run(command, folder, timeout_s):
    """None, or why there is no result."""
    # What the searches leave behind (weights, trials) goes with the folder.
    environment = os.environ | {"TMPDIR": str(folder)}
    with (folder / "errors.txt").open("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=errors,
            start_new_session=True,
        )  # fmt: skip
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return f"not done after {timeout_s:g} s"
        finally:
            _end(process)
        if code == 0 and (folder / "result.json").exists():
            return None
        errors.seek(0)
        lines = [line.strip() for line in errors if line.strip()]
    return lines[-1] if lines else f"ended with code {code}"


def _end(process):
    """The process and its workers, also when we are interrupted ourselves."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
