"""One search in its own process: ``python -m tests.benchmarks.diagnosis.one THEME NAME FILE``."""

import importlib
import json
import sys
import time
from pathlib import Path

import helpers
from helpers.quiet import keras


def patient(theme, name):
    return getattr(importlib.import_module(f"tests.benchmarks.diagnosis.patients.{theme}"), name)


def main(theme, name, file):
    # Networks without a seed of their own are the same on each run of the benchmark.
    keras.utils.set_random_seed(0)
    arguments = patient(theme, name)()
    started = time.perf_counter()
    report = helpers.diagnose(**arguments, random_state=0)
    seconds = time.perf_counter() - started
    result = {"report": report.to_dict(), "seconds": seconds}
    Path(file).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
