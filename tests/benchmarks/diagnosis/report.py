"""Compares what was reported with what is known, by search and by code."""

import json
import os
import statistics
from pathlib import Path

__all__ = ["CODES", "by_code", "judged", "line", "summary", "write"]

CODES = (
    "state/shared-weights", "state/shared-optimizer", "state/shared-callback",
    "state/mutated-parameter", "state/order-dependent", "state/stale-results",
    "leak/preparation-saw-test-rows", "leak/preparation-saw-test-labels",
    "leak/fitted-on-all-rows", "leak/duplicate-rows", "leak/shared-groups", "leak/future-rows",
    "leak/target-in-features", "leak/stopping-on-test-fold",
    "budget/epochs-ignored", "budget/still-improving", "budget/ranking-not-settled",
    "budget/stopped-too-early", "budget/stopper-inert", "budget/unequal-updates",
    "budget/diverged",
    "noise/winner-within-noise", "noise/optimistic-best-score",
    "search/parameter-ignored", "search/failed-fits", "search/all-tied",
    "search/folds-miss-classes", "search/edge-of-grid", "search/refit-unlike-folds",
    "search/validation-unrepresentative",
    "wrapper/clone-drops-parameter", "wrapper/labels-misaligned",
    "metric/below-baseline", "metric/loss-mismatch",
)  # fmt: skip
# A suspect is all that this one can be.
SUSPECTS = ("leak/target-in-features",)


def judged(name, expected, outcome):
    """One row: what was found, missed, and reported without being there.

    Parameters
    ----------
    name : str
    expected : Expected
    outcome : dict
        From `processes.diagnosed`.

    Returns
    -------
    dict
        ``hits``, ``missed``, ``false_alarms``, ``info``, ``info_missed`` are sorted lists of codes;
        ``fits`` is None if there is no report.
    """
    report = outcome["report"]
    findings = report["findings"] if report else []
    faults = {each["code"] for each in findings if each["verdict"] == "fault"}
    suspects = {
        each["code"]
        for each in findings
        if each["verdict"] == "undecided" and each["code"] in SUSPECTS
    }
    harmless = {each["code"] for each in findings if each["verdict"] == "not the cause"}
    wanted = set(expected.faults)
    return {
        "name": name,
        "expected": list(expected.faults),
        "hits": sorted(wanted & (faults | suspects)),
        "missed": sorted(wanted - faults - suspects),
        "false_alarms": sorted(faults - wanted - set(expected.also)),
        "info": sorted(set(expected.info) & harmless),
        "info_missed": sorted(set(expected.info) - harmless),
        "seconds": outcome["seconds"],
        "fits": report["cost"]["fits"] if report else None,
        "error": outcome["error"],
        "findings": findings,
        "checks": report["checks"] if report else [],
    }


def line(row):
    """One line of the table of searches."""
    head = f"{row['name']:36} {row['seconds']:6.1f} s {_count(row['fits']):>4} fits  "
    if row["error"]:
        return f"{head}CRASHED: {row['error'][:200]}"
    parts = [("missed", row["missed"]), ("FALSE ALARM", row["false_alarms"])]
    parts += [("found", row["hits"]), ("not the cause", row["info"])]
    parts += [("not said to be harmless", row["info_missed"])]
    return head + ("; ".join(f"{what}: {', '.join(codes)}" for what, codes in parts if codes)
                   or "clean")  # fmt: skip


def _count(number):
    return "-" if number is None else str(number)


def by_code(rows):
    """Of each code: ``planted``, ``found``, ``false_alarms``, ``on_healthy``, recall, precision.

    A search whose process crashed counts as one in which nothing was found.
    """
    table = {}
    for code in CODES:
        planted = sum(code in row["expected"] for row in rows)
        found = sum(code in row["hits"] for row in rows)
        alarms = [row for row in rows if code in row["false_alarms"]]
        table[code] = {
            "planted": planted,
            "found": found,
            "false_alarms": len(alarms),
            "on_healthy": sum(not row["expected"] for row in alarms),
            "recall": found / planted if planted else None,
            "precision": found / (found + len(alarms)) if found + len(alarms) else None,
        }
    return table


def _share(value):
    return "   -" if value is None else f"{value:4.2f}"


def _overall(table):
    planted, found, alarms = (
        sum(each[what] for each in table.values()) for what in ("planted", "found", "false_alarms")
    )
    return (
        f"all codes: recall {_share(found / planted if planted else None)} ({found} of {planted}), "
        f"precision {_share(found / (found + alarms) if found + alarms else None)}"
    )


def summary(rows):
    """The table of codes, the misses and false alarms by name, times."""
    table = by_code(rows)
    lines = [f"{'code':38} recall  found  precision  false alarms (on healthy)"]
    for code, each in table.items():
        if each["planted"] or each["false_alarms"]:
            lines.append(
                f"{code:38} {_share(each['recall']):>6}  {each['found']:2}/{each['planted']:<2}  "
                f"{_share(each['precision']):>9}  {each['false_alarms']:3} ({each['on_healthy']})"
            )
    healthy = [row for row in rows if not row["expected"] and not row["error"]]
    alarmed = [row for row in healthy if row["false_alarms"]]
    lines += ["", _overall(table)]
    lines += [f"healthy searches: {len(healthy)}, with a false alarm: {len(alarmed)}"]
    for title, key in (("missed", "missed"), ("false alarm", "false_alarms")):
        lines += [f"{title}: {row['name']}: {', '.join(row[key])}" for row in rows if row[key]]
    lines += [f"crashed: {row['name']}: {row['error']}" for row in rows if row["error"]]
    if rows:
        times = [row["seconds"] for row in rows]
        lines += [f"seconds: median {statistics.median(times):.1f}, most {max(times):.1f}"]
    return "\n".join(lines)


def write(file, rows):
    """All rows and the table of codes as JSON; the file is whole or as it was before."""
    file = Path(file)
    file.parent.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"version": 1, "patients": rows, "codes": by_code(rows)}, indent=1)
    new = file.with_name(f"{file.name}.{os.getpid()}.new")
    new.write_text(content, encoding="utf-8")
    new.replace(file)
