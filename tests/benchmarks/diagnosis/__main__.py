"""``make bench-diagnosis``: what `helpers.diagnose` says of searches whose truth is known."""

import argparse
import sys
from pathlib import Path

from helpers.spelling import did_you_mean
from tests.benchmarks.diagnosis import report
from tests.benchmarks.diagnosis.expected import EXPECTED, SMOKE, THEMES
from tests.benchmarks.diagnosis.processes import diagnosed


def known(name):
    choices = [*THEMES, *EXPECTED]
    if name not in choices:
        raise argparse.ArgumentTypeError(
            f"{name!r}: accepts a theme ({', '.join(THEMES)}) or the name of a search."
            f"{did_you_mean(name, choices)}"
        )
    return name


def seconds(text):
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r}: accepts seconds > 0")
    return value


def parser():
    made = argparse.ArgumentParser(prog="python -m tests.benchmarks.diagnosis", description=__doc__)
    made.add_argument("names", nargs="*", metavar="NAME", type=known, help="default: all")
    made.add_argument("--smoke", action="store_true", help="a handful of the fastest")
    made.add_argument("--timeout", type=seconds, default=180.0, help="seconds each; default: 180")
    made.add_argument(
        "--out", type=Path, default=Path("build/bench-diagnosis"),
        help="default: build/bench-diagnosis",
    )  # fmt: skip
    return made


def chosen(names, smoke):
    """Pairs of theme and name, in the order of the themes."""
    asked = set(names) or (set() if smoke else set(THEMES))
    asked |= set(SMOKE) if smoke else set()
    return [
        (theme, name)
        for theme, members in THEMES.items()
        for name in members
        if asked & {theme, name}
    ]


def main(arguments=None):
    asked = parser().parse_args(arguments)
    rows = []
    for theme, name in chosen(asked.names, asked.smoke):
        row = report.judged(name, EXPECTED[name], diagnosed(theme, name, asked.timeout))
        print(report.line(row), flush=True)
        rows.append(row)
        # After each, so that a run which is broken off has not been for nothing.
        report.write(asked.out / "results.json", rows)
    print(f"\n{report.summary(rows)}\n\nWritten: {asked.out / 'results.json'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
