"""A report as plain values that JSON can hold."""

import datetime
import json
import math
from collections.abc import Mapping, Set
from dataclasses import fields

import numpy as np
import pandas as pd

from helpers.diagnosis.attribution import Attribution
from helpers.diagnosis.findings import Finding, Fix, Outcome
from helpers.files import place
from helpers.intervals import Interval

__all__ = ["VERSION", "as_dict", "findings_table", "from_dict", "plain", "write_json"]

VERSION = 1  # of report.schema.json: raised when a reader of the old shape would fail


def as_dict(report):
    """The content of a report's JSON file."""
    return {
        "version": VERSION,
        "score_name": str(report.score_name),
        "delta": plain(report.delta),
        "detectable": plain(report.detectable),
        "search": plain(report.search),
        "cost": plain(report.cost),
        "findings": [_finding(finding) for finding in report.findings],
        "checks": [_as_is(check) for check in report.checks],
        "attribution": [_as_is(each) for each in report.attribution],
    }


def from_dict(content):
    """The arguments of `Report` that `as_dict` made this content of.

    Raises
    ------
    ValueError
        Content of another version.
    """
    if not isinstance(content, Mapping) or content.get("version") != VERSION:
        raise ValueError(f'accepts the content of a report of {{"version": {VERSION}}}.')
    arguments = {name: value for name, value in content.items() if name != "version"}
    arguments["findings"] = [_to_finding(entry) for entry in content["findings"]]
    arguments["checks"] = [Outcome(**_to_tuples(entry, "codes")) for entry in content["checks"]]
    arguments["attribution"] = [_to_attribution(each) for each in content.get("attribution", [])]
    return arguments


def write_json(report, path=None):
    """The JSON text; written whole or not at all if there is a path."""
    text = json.dumps(as_dict(report), indent=2, ensure_ascii=False, allow_nan=False)
    if path is not None:
        place(f"{text}\n", path)
    return text


def findings_table(report):
    """One row a finding, as `helpers.figures.plot_findings` draws them."""
    columns = ["code", "verdict", "severity", "effect", "low", "high"]
    rows = [
        (f.code, f.verdict, f.severity, f.effect, *(f.interval or (None, None)))
        for f in report.findings
    ]
    table = pd.DataFrame(rows, columns=columns)
    return table.astype(dict.fromkeys(columns[3:], float))


def plain(value):
    """A value as JSON has it: NumPy's are made Python's, NaN and infinity None, others text.

    Examples
    --------
    >>> import numpy as np
    >>> plain({"fits": np.int64(3), "loss": (np.float32(0.5), np.nan), 2: np.arange(2)})
    {'fits': 3, 'loss': [0.5, None], '2': [0, 1]}
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {_key(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, Set):
        return [plain(each) for each in sorted(value, key=str)]
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def _key(key):
    key = plain(key)
    return key if isinstance(key, str) else str(key)


def _as_is(record):
    return {field.name: plain(getattr(record, field.name)) for field in fields(record)}


def _finding(finding):
    return {
        "code": finding.code,
        "verdict": finding.verdict,
        "severity": finding.severity,
        "title": str(finding.title),
        "effect": plain(finding.effect),
        "interval": plain(finding.interval),
        "evidence": plain(finding.evidence),
        "fix": _as_is(finding.fix),
    }


def _to_finding(entry):
    return Finding(**{**_to_tuples(entry, "interval"), "fix": Fix(**entry["fix"])})


def _to_attribution(entry):
    intervals = {
        name: None if entry[name] is None else Interval(*entry[name]) for name in ("alone", "last")
    }
    return Attribution(codes=tuple(entry["codes"]), **intervals)


def _to_tuples(entry, name):
    return {**entry, name: None if entry[name] is None else tuple(entry[name])}
