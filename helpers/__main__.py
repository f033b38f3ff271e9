"""The command line: ``python -m helpers run``, ``diagnose``."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from helpers import diagnose_command, parameters, plan

EXIT_GOOD, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 0, 1, 2, 130

EPILOG = """\
exit status:
  0    every notebook ran to its end and every claim holds
  1    a notebook failed or a claim does not hold
  2    a notebook or a parameter is unknown or not accepted; nothing was run
  130  interrupted; no kernel is left running
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    options = _parser().parse_args(arguments)
    if options.command == "readme":
        return _readme(options)
    if options.command == "diagnose":
        return diagnose_command.run(options)
    try:
        given = _given(options)
        jobs = plan.make_plan(options.names, given, options.notebooks)
    except (ValueError, TypeError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USAGE
    return _run(jobs, options)


def _run(jobs: list[plan.Job], options: argparse.Namespace) -> int:
    try:
        from helpers import batch  # Jupyter takes seconds to import: not before the checks

        outcomes = batch.run(jobs, options.out, options.jobs)
    except KeyboardInterrupt:
        print(f"interrupted; finished notebooks are in {options.out}", file=sys.stderr)
        return EXIT_INTERRUPTED
    print(batch.report(outcomes, shutil.get_terminal_size((100, 24)).columns))
    return EXIT_GOOD if all(outcome.good for outcome in outcomes) else EXIT_FAILED


def _readme(options: argparse.Namespace) -> int:
    from helpers import readme

    try:
        readme.update(options.claims, options.readme, options.figure)
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return EXIT_USAGE
    return EXIT_GOOD


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m helpers")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="execute notebooks and gather their claims",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument(
        "names", nargs="*", metavar="NAME", help="number, stem or path; all if none is given"
    )
    run.add_argument(
        "-p",
        dest="pairs",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="a parameter of the notebooks",
    )
    run.add_argument(
        "-f",
        dest="files",
        action="append",
        default=[],
        metavar="FILE",
        type=Path,
        help="a YAML file of parameters, which -p overrides",
    )
    run.add_argument("--profile", choices=parameters.PROFILES, help="how much is computed")
    run.add_argument(
        "--out",
        default="build",
        metavar="DIR",
        type=Path,
        help="folder of what is made (default: %(default)s)",
    )
    run.add_argument(
        "--jobs", default=1, metavar="N", type=_positive, help="notebooks at a time (default: 1)"
    )
    run.add_argument(
        "--notebooks",
        default="notebooks",
        metavar="DIR",
        help="folder of NAMEs (default: %(default)s)",
    )
    diagnose_command.add_to(commands)
    readme = commands.add_parser("readme", help="put a run's claims into the README")
    for name, default in (
        ("claims", "build/claims.json"),
        ("readme", "README.md"),
        ("figure", "notebooks/effects.png"),
    ):
        readme.add_argument(f"--{name}", default=default, metavar="FILE", type=Path)
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: accepts an integer >= 1")
    return int(text)


def _given(options: argparse.Namespace) -> dict[str, object]:
    given = {}
    for path in options.files:
        given |= _read_yaml(path)
    given |= {name: parameters.parse(name, text) for name, text in options.pairs}
    if options.profile is not None:
        if given.get("profile", options.profile) != options.profile:
            raise ValueError(f"profile={given['profile']!r}, but --profile {options.profile}")
        given["profile"] = options.profile
    return given


def _read_yaml(path: Path) -> Mapping[str, object]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not YAML: {error}") from error
    content = {} if content is None else content
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        raise ValueError(f"{path}: accepts lines of the form 'name: value'")
    return content


if __name__ == "__main__":
    sys.exit(main())
