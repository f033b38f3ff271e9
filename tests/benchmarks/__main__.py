"""``make bench``: how fast a search is, against what else there is, beside its scores."""

import argparse
import sys
from pathlib import Path

import matplotlib as mpl

from helpers.spelling import did_you_mean
from tests.benchmarks.contestants import CONTESTANTS
from tests.benchmarks.measuring import measure
from tests.benchmarks.report import outcomes, write
from tests.benchmarks.tasks import GOALS, TASKS


def one_of(known):
    def check(name):
        if name not in known:
            raise argparse.ArgumentTypeError(
                f"{name!r}: accepts {', '.join(known)}.{did_you_mean(name, known)}"
            )
        return name

    return check


def positive(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: accepts an integer >= 1")
    return int(text)


def parser():
    rows = "\n".join(f"  {goal.name:10} {goal.title}" for goal in GOALS.values())
    made = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=__doc__,
        epilog=f"rows:\n{rows}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("rows", nargs="*", metavar="ROW", type=one_of(GOALS), help="default: all")
    made.add_argument(
        "--contestants", nargs="+", default=list(CONTESTANTS), type=one_of(CONTESTANTS),
        metavar="NAME", help=f"default: all of {', '.join(CONTESTANTS)}",
    )  # fmt: skip
    made.add_argument("--repeats", type=positive, help="default: 3; 1 with --quick")
    made.add_argument("--out", type=Path, default=Path("build/bench"), help="default: build/bench")
    made.add_argument(
        "--quick", action="store_true", help="two candidates, a tenth of the epochs: to try it out"
    )
    return made


def tasks_of(goals, quick):
    """The tasks that the goals need, each once, in the order of `TASKS`."""
    needed = {name for goal in goals for name in goal.tasks}
    return [task.shortened() if quick else task for name, task in TASKS.items() if name in needed]


def main(arguments=None):
    asked = parser().parse_args(arguments)
    mpl.use("agg")
    goals = [GOALS[name] for name in GOALS if name in (asked.rows or GOALS)]
    repeats = asked.repeats or (1 if asked.quick else 3)
    measured = {}
    for task in tasks_of(goals, asked.quick):
        measured[task.name] = measure(
            task, asked.contestants, repeats, note=lambda line: print(line, flush=True)
        )
        # After each task, so that a run which is broken off has not been for nothing.
        text = write(asked.out, outcomes(goals, measured), measured, repeats, asked.quick)
    print(text)
    return int(any(own.failed for by_name in measured.values() for own in by_name.values()))


if __name__ == "__main__":
    sys.exit(main())
