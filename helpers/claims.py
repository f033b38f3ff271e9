"""What a notebook found: claims, each with its measured effect.

A claim's effect is *faulty minus fixed*, measured in pairs; ``holds`` says whether the whole
95 % interval lies where the claim puts it. The file format is ``{"version": 1, "claims": [...]}``.
"""

from __future__ import annotations

import json
import math
import os
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from helpers.files import place

if TYPE_CHECKING:
    import pandas as pd

VERSION = 1
EXPECTATIONS = ("higher", "lower", "same")
#: Columns of a sentence: what JupyterLab shows without breaking words.
SENTENCE_WIDTH = 84
FIELDS = ("notebook", "case", "statement", "faulty", "fixed", "unit", "interval", "holds")


@dataclass(frozen=True)
class Claim:
    """One statement with the numbers that bear it out, or do not.

    Parameters
    ----------
    case : str
        Code of the failure mode, for example ``"state/shared-weights"``.
    statement : str
        The claim in words.
    faulty, fixed : float
        What was measured with the fault and without it, in ``unit``.
    unit : str
    interval : (float, float)
        95 % interval of ``faulty - fixed``.
    holds : bool
    notebook : str, default=""
        Stem of the notebook that computed it; filled in when it is written.

    Examples
    --------
    >>> Claim("state/shared-weights", "Folds start trained.", 0.9, 0.6, "accuracy",
    ...       (0.2, 0.4), True).interval
    (0.2, 0.4)
    """

    case: str
    statement: str
    faulty: float
    fixed: float
    unit: str
    interval: tuple[float, float]
    holds: bool
    notebook: str = ""

    def __post_init__(self):
        # NumPy's numbers are not JSON, and a list does not compare equal to a tuple.
        low, high = map(float, self.interval)
        plain = {"faulty": float(self.faulty), "fixed": float(self.fixed)}
        plain |= {"interval": (low, high), "holds": bool(self.holds)}
        if not all(map(math.isfinite, (plain["faulty"], plain["fixed"], low, high))):
            raise ValueError(
                f"claim {self.case!r}: faulty={self.faulty}, fixed={self.fixed},"
                f" interval={self.interval}: accepts finite numbers"
            )
        if low > high:
            raise ValueError(f"claim {self.case!r}: interval={self.interval}: accepts low <= high")
        for name, value in plain.items():
            object.__setattr__(self, name, value)

    def sentence(self) -> str:
        """The claim in words, with its numbers and whether it holds; several lines.

        Examples
        --------
        >>> print(Claim("a/b", "Folds start trained.", 0.9, 0.6, "accuracy", (0.2, 0.4),
        ...             True).sentence())
        Holds: Folds start trained. 0.9 against 0.6 accuracy; difference 0.3 [0.2, 0.4].
        """
        verdict = "Holds" if self.holds else "Not borne out here"
        low, high = self.interval
        return textwrap.fill(
            f"{verdict}: {self.statement} {self.faulty:.3g} against {self.fixed:.3g} {self.unit};"
            f" difference {self.faulty - self.fixed:.2g} [{low:.2g}, {high:.2g}].",
            SENTENCE_WIDTH,
        )

    def to_dict(self) -> dict[str, object]:
        """The claim as it stands in ``claims.json``."""
        values = asdict(self) | {"interval": list(self.interval)}
        return {name: values[name] for name in FIELDS}


def compare(
    faulty: pd.DataFrame,
    fixed: pd.DataFrame,
    *,
    on: Sequence[str] = ("repeat", "fold"),
    value: str = "value",
    expect: Literal["higher", "lower", "same"],
    margin: float,
    case: str,
    statement: str,
    unit: str,
    test_fraction: float | None = None,
) -> Claim:
    """Compare two tables in pairs, as a claim.

    Rows that share their keys are averaged (over candidates, say); what is left pairs up one
    to one. The effect is the mean of ``faulty - fixed``.

    Parameters
    ----------
    faulty, fixed : DataFrame
        One row per measured unit.
    on : sequence of str, default=("repeat", "fold")
        Columns that say which rows belong together.
    value : str, default="value"
        Column of the measured numbers.
    expect : {"higher", "lower", "same"}
        What the fault does to them: ``"higher"`` holds if the interval lies above ``margin``,
        ``"lower"`` if it lies below ``-margin``, ``"same"`` if it lies within both.
    margin : float >= 0
        Smallest effect that matters, in ``unit``; above 0 for ``"same"``.
    case, statement, unit : str
        See :class:`Claim`.
    test_fraction : float, default=None
        Test rows per training row, where folds share training rows: the interval is then
        corrected for it. None: the pairs are independent.

    Returns
    -------
    Claim

    Raises
    ------
    ValueError
        If a column is missing, a pair is not matched, or a number is not finite.

    Examples
    --------
    >>> import pandas as pd
    >>> keys = {"repeat": [0, 0, 1, 1], "fold": [0, 1, 0, 1]}
    >>> faulty = pd.DataFrame({**keys, "value": [0.91, 0.92, 0.90, 0.93]})
    >>> fixed = pd.DataFrame({**keys, "value": [0.60, 0.62, 0.59, 0.61]})
    >>> compare(faulty, fixed, expect="higher", margin=0.05, case="state/shared-weights",
    ...         statement="Later folds start trained.", unit="accuracy").holds
    True
    """
    from helpers.intervals import paired_interval

    _check_question(expect, margin)
    keys = list(on)
    means = {
        name: _pair_means(table, keys, value, name)
        for name, table in (("faulty", faulty), ("fixed", fixed))
    }
    _check_matched(means["faulty"].index, means["fixed"].index, keys)
    differences = means["faulty"] - means["fixed"]
    _, low, high = paired_interval(differences.to_numpy(), test_fraction=test_fraction)
    return Claim(
        case=case,
        statement=statement,
        faulty=means["faulty"].mean(),
        fixed=means["fixed"].mean(),
        unit=unit,
        interval=(low, high),
        holds=_holds(expect, margin, low, high),
    )


def write(claims: Iterable[Claim], path: str | os.PathLike, notebook: str) -> Path:
    """Write a notebook's claims to a JSON file, whole or not at all.

    Parameters
    ----------
    claims : iterable of Claim
    path : str or path
        Its folder is made if it is not there.
    notebook : str
        Stem of the notebook, put into each claim.

    Returns
    -------
    Path

    Examples
    --------
    >>> import tempfile, pathlib
    >>> claim = Claim("a/b", "It holds.", 1.0, 0.5, "accuracy", (0.4, 0.6), True)
    >>> path = write([claim], pathlib.Path(tempfile.mkdtemp()) / "01.claims.json", "01_x")
    >>> read(path)[0].notebook
    '01_x'
    """
    return save(document(replace(claim, notebook=notebook) for claim in claims), path)


def read(path: str | os.PathLike) -> list[Claim]:
    """Read a file that :func:`write` or a batch run wrote.

    Raises
    ------
    ValueError
        If the file is not a claims file of this version; the message names file and field.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path}: not a JSON file: {error}") from error
    if not isinstance(content, Mapping) or content.get("version") != VERSION:
        raise ValueError(f'{path}: accepts {{"version": {VERSION}, "claims": [...]}}')
    return [_claim_of(entry, f"{path}: claim {i}") for i, entry in enumerate(content["claims"])]


def gather(paths: Iterable[str | os.PathLike]) -> dict[str, object]:
    """The claims of several files as one document, in the order of the files."""
    return document(claim for path in paths for claim in read(path))


def document(claims: Iterable[Claim]) -> dict[str, object]:
    """Claims as the content of a claims file."""
    return {"version": VERSION, "claims": [claim.to_dict() for claim in claims]}


def save(content: Mapping[str, object], path: str | os.PathLike) -> Path:
    """Write JSON beside its place, then move it there: a reader never sees half a file."""
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    return place(f"{text}\n", path)


def to_frame(claims: Iterable[Claim]) -> pd.DataFrame:
    """Claims as a table, one row each, the interval as ``low`` and ``high``.

    Examples
    --------
    >>> claim = Claim("a/b", "It holds.", 1.0, 0.5, "accuracy", (0.4, 0.6), True)
    >>> to_frame([claim])[["case", "low", "high", "holds"]].values.tolist()
    [['a/b', 0.4, 0.6, True]]
    """
    import pandas as pd

    columns = [name for field in FIELDS for name in _COLUMNS.get(field, (field,))]
    rows = [
        claim.to_dict() | {"low": claim.interval[0], "high": claim.interval[1]} for claim in claims
    ]
    return pd.DataFrame(rows, columns=columns)


def to_text(claims: Iterable[Claim], width: int = 100) -> str:
    """Claims as a table for a terminal, statements wrapped below their numbers.

    Examples
    --------
    >>> claim = Claim("a/b", "It holds.", 1.0, 0.5, "accuracy", (0.4, 0.6), True, "01_x")
    >>> print(to_text([claim]))
    01_x
      holds  a/b  faulty 1, fixed 0.5 accuracy; difference 0.5 [0.4, 0.6]
             It holds.
    """
    claims = list(claims)
    lines, notebook = [], None
    case_width = max((len(claim.case) for claim in claims), default=0)
    for claim in claims:
        if claim.notebook != notebook:
            notebook = claim.notebook
            lines.append(notebook)
        lines += _row(claim, case_width, width)
    return "\n".join(lines)


_COLUMNS = {"interval": ("low", "high")}


def _row(claim: Claim, case_width: int, width: int) -> list[str]:
    verdict = "holds" if claim.holds else "FAILS"
    low, high = claim.interval
    measured = (
        f"faulty {claim.faulty:.4g}, fixed {claim.fixed:.4g} {claim.unit};"
        f" difference {claim.faulty - claim.fixed:.3g} [{low:.3g}, {high:.3g}]"
    )
    head = f"  {verdict}  {claim.case:<{case_width}}  {measured}"
    return [
        head,
        *textwrap.wrap(claim.statement, width, initial_indent=" " * 9, subsequent_indent=" " * 9),
    ]


def _check_question(expect: str, margin: float) -> None:
    if expect not in EXPECTATIONS:
        raise ValueError(f"expect={expect!r}: accepts {', '.join(map(repr, EXPECTATIONS))}")
    smallest = "> 0" if expect == "same" else ">= 0"
    if not (math.isfinite(margin) and margin >= 0 and (margin > 0 or expect != "same")):
        raise ValueError(f"margin={margin!r}: with expect={expect!r} accepts a number {smallest}")


def _pair_means(table: pd.DataFrame, keys: list[str], value: str, name: str) -> pd.Series:
    columns = [*keys, value]
    missing = [column for column in columns if column not in table]
    if missing:
        raise ValueError(f"{name}: no column {missing[0]!r}; it has {list(table.columns)}")
    unusable = table[columns].isna().any(axis=1) | table[value].isin([math.inf, -math.inf])
    if unusable.any():
        row = table.loc[unusable, columns].iloc[0].to_dict()
        raise ValueError(f"{name}: {unusable.sum()} row(s) without a finite number, first {row}")
    return table.groupby(keys)[value].mean()


def _check_matched(faulty: pd.Index, fixed: pd.Index, keys: list[str]) -> None:
    for name, alone in (("faulty", faulty.difference(fixed)), ("fixed", fixed.difference(faulty))):
        if len(alone):
            pair = alone[0] if isinstance(alone[0], tuple) else (alone[0],)
            which = ", ".join(f"{key}={part}" for key, part in zip(keys, pair, strict=True))
            raise ValueError(f"{len(alone)} pair(s) only in {name}, the first at {which}")


def _holds(expect: str, margin: float, low: float, high: float) -> bool:
    if expect == "higher":
        return low > margin
    if expect == "lower":
        return high < -margin
    return -margin <= low and high <= margin


def _claim_of(entry: Mapping[str, object], where: str) -> Claim:
    missing = [name for name in FIELDS if name not in entry]
    if missing:
        raise ValueError(f"{where} has no field {missing[0]!r}")
    low, high = entry["interval"]
    return Claim(**{name: entry[name] for name in FIELDS} | {"interval": (low, high)})
