"""The nearest relatives on the same searches: ``python -m tests.benchmarks.diagnosis.relatives``.

Each looks at what it is made for, so their recall is that of the whole question that is asked here,
not of theirs. A relative takes part if it is installed (``pip install skore splitguard
targetleak``); the package itself needs none of them.
"""

import argparse
import importlib.util
import json
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.base import clone, is_classifier
from sklearn.model_selection import check_cv

from tests.benchmarks.diagnosis.__main__ import chosen, known, seconds
from tests.benchmarks.diagnosis.expected import EXPECTED
from tests.benchmarks.diagnosis.one import patient
from tests.benchmarks.diagnosis.processes import outcome_of

THIS = "tests.benchmarks.diagnosis.relatives"

# What they say, in the codes that mean it: any of them counts as found.
ROW_IDENTITY = (
    "leak/preparation-saw-test-rows", "leak/preparation-saw-test-labels",
    "leak/fitted-on-all-rows", "leak/duplicate-rows", "leak/stopping-on-test-fold",
)  # fmt: skip
CODES = {
    "splitguard": {
        "fit_after_split": ROW_IDENTITY,
        "fit_before_split": ROW_IDENTITY,
        "group_leakage": ("leak/shared-groups",),
    },
    "targetleak": {
        "target-proxy": ("leak/target-in-features",),
        "too-good-to-be-true": ("leak/target-in-features",),
        "pure-categories": ("leak/target-in-features",),
        "missingness-leak": ("leak/target-in-features",),
        "suspiciously-predictive": ("leak/target-in-features",),
        "train-test-contamination": ("leak/duplicate-rows",),
        "duplicate-rows": ("leak/duplicate-rows",),
        "group-overlap": ("leak/shared-groups",),
        "temporal-column": ("leak/future-rows",),
        "inverted-split": ("leak/future-rows",),
    },
    "skore": {
        "SKD001": ("noise/optimistic-best-score",),
        "SKD002": ("budget/still-improving",),
        "SKD003": ("noise/winner-within-noise",),
        "SKD005": ("search/folds-miss-classes",),
        "SKD009": ("metric/below-baseline",),
        "SKD011": ("leak/target-in-features",),
        "SKD013": ("leak/future-rows",),
        "SKD014": ("search/edge-of-grid",),
    },
}


@dataclass(frozen=True)
class Given:
    """A search and its rows, prepared as its user does."""

    search: object
    X: object
    y: object
    groups: object
    fit_params: dict

    def fit(self):
        self.search.fit(self.X, self.y, **self.fit_params)
        return self.search

    def first_fold(self):
        cv = check_cv(
            getattr(self.search, "cv", None), self.y, classifier=is_classifier(self.search)
        )
        return next(iter(cv.split(self.X, self.y, self.groups)))


def given(arguments):
    X, y, groups = arguments["X"], arguments["y"], arguments.get("groups")
    if arguments.get("prepare") is not None:
        X, y, *rest = arguments["prepare"](X, y)
        groups = rest[0] if rest else groups
    fit_params = dict(arguments.get("fit_params") or {})
    if groups is not None:
        fit_params["groups"] = groups
    return Given(clone(arguments["search"]), X, y, groups, fit_params)


def splitguard(arguments):
    """Rows that are held out and fitted on, by identity, while the search runs."""
    import splitguard as guarding

    with guarding.guard(policy="log"):
        search = given(arguments)
        if search.groups is not None:
            guarding.mark_groups(search.X, search.groups)
        search.fit()
        return sorted({finding.pattern for finding in guarding.report()})


def targetleak(arguments):
    """Columns that tell the target, and rows on both sides of the first fold."""
    import targetleak as columns

    search = given(arguments)
    train, test = search.first_fold()
    side = np.full(len(search.y), "none", dtype=object)
    side[train], side[test] = "train", "test"
    frame = pd.DataFrame(search.X).rename(columns=str)
    frame = frame.assign(target=np.asarray(search.y), side=side)
    group = None
    if search.groups is not None:
        group, frame = "group", frame.assign(group=np.asarray(search.groups))
    findings = columns.analyse(frame[side != "none"], "target", split="side", group=group)
    return sorted({each.kind for each in findings if each.severity in ("critical", "warning")})


def skore(arguments):
    """Rules over a report of the fitted search, on a fifth of the rows that is held out."""
    import skore as reports

    search = given(arguments)
    report = reports.evaluate(search.search, search.X, search.y, splitter=0.2)
    frame = report.checks.summarize().frame(section="issue")
    return sorted(set(frame["code"]))


RELATIVES: dict[str, Callable] = {
    "skore": skore,
    "splitguard": splitguard,
    "targetleak": targetleak,
}


def installed():
    return [name for name in RELATIVES if importlib.util.find_spec(name) is not None]


def judged(name, relative, outcome):
    """What a relative found of what is there; on a healthy search, whether it raised an issue."""
    wanted, said = set(EXPECTED[name].faults), outcome.get("said") or []
    meant = {code for kind in said for code in CODES[relative].get(kind, ())}
    return {
        "name": name,
        "relative": relative,
        "planted": sorted(wanted),
        "said": said,
        "hits": sorted(wanted & meant),
        "seconds": outcome["seconds"],
        "error": outcome["error"],
    }


def table(rows):
    """One line a relative."""
    lines = [
        "| relative | ran on | codes found | healthy ones with an issue | median |",
        "| --- | --- | --- | --- | --- |",
    ]
    for relative in RELATIVES:
        own = [row for row in rows if row["relative"] == relative]
        ran = [row for row in own if not row["error"]]
        if not ran:
            continue
        planted = sum(len(row["planted"]) for row in ran)
        found = sum(len(row["hits"]) for row in ran)
        healthy = [row for row in ran if not row["planted"]]
        alarmed = sum(bool(row["said"]) for row in healthy)
        median = statistics.median(row["seconds"] for row in ran)
        lines.append(
            f"| {relative} | {len(ran)} of {len(own)} | {found} of {planted} "
            f"| {alarmed} of {len(healthy)} | {median:.1f} s |"
        )
    return "\n".join(lines)


def one(relative, theme, name, file):
    """A relative and a search, in this process."""
    warnings.simplefilter("ignore")
    arguments = patient(theme, name)()
    started = time.perf_counter()
    said = RELATIVES[relative](arguments)
    result = {"said": said, "seconds": time.perf_counter() - started}
    Path(file).write_text(json.dumps(result), encoding="utf-8")


def main(arguments=None):
    made = argparse.ArgumentParser(prog=f"python -m {THIS}", description=__doc__)
    made.add_argument("names", nargs="*", metavar="NAME", type=known, help="default: all")
    made.add_argument("--timeout", type=seconds, default=180.0, help="seconds each; default: 180")
    made.add_argument("--out", type=Path, default=Path("build/bench-diagnosis/relatives.json"))
    asked = made.parse_args(arguments)
    relatives, rows = installed(), []
    if not relatives:
        made.error(f"none is installed: pip install {' '.join(RELATIVES)}")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    for theme, name in chosen(asked.names, smoke=False):
        for relative in relatives:
            outcome = outcome_of([THIS, "--one", relative, theme, name], asked.timeout)
            row = judged(name, relative, outcome)
            said = row["error"] or ", ".join(row["said"]) or "nothing"
            print(f"{name:36} {relative:11} {row['seconds']:6.1f} s  {said[:150]}", flush=True)
            rows.append(row)
            asked.out.write_text(json.dumps(rows, indent=1), encoding="utf-8")
    print(f"\n{table(rows)}\n\nWritten: {asked.out}")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:])
    else:
        sys.exit(main())
