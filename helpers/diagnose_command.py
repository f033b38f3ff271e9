"""The command ``python -m helpers diagnose``."""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import sys
import traceback
from pathlib import Path

from helpers.files import place
from helpers.own_file import UserError, diagnosed

EXIT_CLEAN, EXIT_FOUND, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130

DESCRIPTION = """\
Says what is wrong with a search of Keras models, how much it costs, and what to
write instead.

FILE.py:FUNC    FUNC() returns (search, X, y), or a dict with the arguments of
                helpers.diagnose.
NOTEBOOK.ipynb  goes from raw data to a search. It is executed in a fresh kernel
                and never written to. Tag the cell that assigns the raw data
                with "data": X and y, or the DataFrame df and target, the name
                of its column. The search is the last one assigned or fitted.
                What lies between is the preparation: it is run again on changed
                data, to see whether held-out rows reach the training rows.
"""
EPILOG = """\
exit status:
  0    no fault of that severity
  1    a fault of the severity of --fail-on, or worse
  2    what was given cannot be diagnosed, or the diagnosis crashed
  130  interrupted
"""


def add_to(commands):
    """Add the command to the subparsers of the command line."""
    parser = commands.add_parser(
        "diagnose",
        help="say what is wrong with a search of your own",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("target", metavar="FILE.py:FUNC | NOTEBOOK.ipynb")
    parser.add_argument("--json", metavar="PATH", help="write the report as JSON; - for stdout")
    parser.add_argument("--html", metavar="PATH", type=Path, help="write the report as a page")
    parser.add_argument(
        "--fail-on",
        choices=("serious", "warning"),
        default="warning",
        help="severity of a fault from which on the exit status is 1 (default: %(default)s)",
    )
    parser.add_argument(
        "--budget",
        metavar="N",
        type=_budget,
        help='what the checks may spend: fits (12) or seconds ("90s")',
    )
    parser.add_argument(
        "--delta", type=_margin, help="effects below this, in units of the score, do not matter"
    )
    parser.add_argument("--seed", type=_seed, help="random_state of the checks (default: 0)")


def run(options):
    """Diagnose what the options name, and return the exit status."""
    try:
        _check_outputs(options)
        report = _report(options)
        _write(report, options)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (UserError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USAGE
    except Exception:  # noqa: BLE001 - Python's own status for it, 1, would say: a fault was found
        traceback.print_exc()
        return EXIT_USAGE
    return EXIT_FOUND if report.faults(options.fail_on) else EXIT_CLEAN


def _report(options):
    given = {"budget": options.budget, "delta": options.delta, "random_state": options.seed}
    given = {name: value for name, value in given.items() if value is not None}
    if options.target.endswith(".ipynb"):
        from helpers import own_notebook  # Jupyter takes seconds to import

        return own_notebook.diagnosed(options.target, given)
    if ":" not in options.target:
        raise UserError(f"{options.target}: accepts FILE.py:FUNC or NOTEBOOK.ipynb.")
    # What the user's code prints must not get between the lines of a report.
    with contextlib.redirect_stdout(sys.stderr):
        return diagnosed(options.target, given)


def _check_outputs(options):
    for path in (options.json, options.html):
        if path is not None and str(path) != "-" and Path(path).is_dir():
            raise UserError(f"{path}: is a folder, not a file to write.")


def _write(report, options):
    if options.html is not None:
        place(report.to_html(), options.html)
    if options.json == "-":
        print(report.to_json())
        return
    if options.json is not None:
        report.to_json(options.json)
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(report.to_text(colour=colour))


def _budget(text):
    if text.isdecimal():
        return int(text)
    seconds = text.removesuffix("s")
    if seconds == text or not _is_positive(seconds):
        raise argparse.ArgumentTypeError(f'{text!r}: accepts fits (12) or seconds ("90s")')
    return text


def _margin(text):
    if not _is_positive(text):
        raise argparse.ArgumentTypeError(f"{text!r}: accepts a number > 0")
    return float(text)


def _seed(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r}: accepts an integer >= 0")
    return int(text)


def _is_positive(text):
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False
