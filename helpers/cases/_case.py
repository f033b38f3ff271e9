"""One failure mode: a faulty and a fixed way to do the same, and the claim about them."""

import math
import numbers
import re
from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from helpers import claims
from helpers.cases._source import markdown_of
from helpers.datasets import Dataset
from helpers.diagnosis import diagnose
from helpers.parameters import Settings
from helpers.spelling import did_you_mean
from helpers.workers import side_by_side

__all__ = ["ARMS", "Case", "Task"]

ARMS = ("faulty", "fixed", "control")
_CODE = re.compile(r"[a-z]+/[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Task:
    """What every arm of a case is given.

    Parameters
    ----------
    data : Dataset
    settings : Settings
        Checked notebook parameters: seed, folds, repetitions, epochs.
    """

    data: Dataset
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class Case:
    """A failure mode by its real mechanism, beside the same search without it.

    The arms are functions of their module that differ in one decision. Each takes a `Task` and
    returns a table with one row per measured unit: the columns `on`, ``value``, and whatever
    evidence the notebook shows (``candidate``, ``epochs_run``, ...).

    Parameters
    ----------
    code : str
        ``"family/name"``; the module is called ``family_name.py``.
    title : str
        Heading in the notebook.
    statement : str
        The claim in words: one sentence that the measured effect bears out, or does not.
    faulty, fixed : callable (Task) -> DataFrame
    control : callable (Task) -> DataFrame, default=None
        A harmless look-alike of `faulty`.
    value : str
        What ``value`` is, for an axis: ``"accuracy on the test fold"``.
    unit : str
        Its unit: ``"accuracy"``, ``"epochs"``.
    expect : {"higher", "lower", "same"}
        What the fault does to the value.
    margin : float >= 0
        Smallest effect that matters, in `unit`; above 0 for ``"same"``.
    on : tuple of str, default=("repeat", "fold")
        Columns that say which rows of two arms belong together.
    reused_folds : bool, default=False
        True if the pairs are folds of one data set, whose training rows overlap: the interval is
        then corrected for it. False if each pair has rows of its own, or the value does not
        depend on the rows (epochs run).
    source : str, default=""
        Where the failure was reported: short citations.
    patient : callable (Task) -> dict, default=None
        A small search with the fault, as the arguments of `helpers.diagnose`.

    Raises
    ------
    TypeError, ValueError
        A field that is none of the above.

    Examples
    --------
    >>> import pandas as pd
    >>> from helpers.cases import Case
    >>> def one_epoch(task):
    ...     return pd.DataFrame({"fold": [0, 1], "value": [1, 1]})
    >>> def all_epochs(task):
    ...     return pd.DataFrame({"fold": [0, 1], "value": [30, 30]})
    >>> case = Case(code="budget/one-epoch", title="Thirty asked, one run",
    ...             statement="Fits run fewer epochs than asked.", faulty=one_epoch,
    ...             fixed=all_epochs, value="epochs run", unit="epochs", expect="lower",
    ...             margin=1, on=("fold",))
    >>> case.claim(case.run("faulty", None), case.run("fixed", None), None).interval
    (-29.0, -29.0)
    """

    code: str
    title: str
    statement: str
    faulty: Callable[[Task], pd.DataFrame]
    fixed: Callable[[Task], pd.DataFrame]
    control: Callable[[Task], pd.DataFrame] | None = None
    value: str
    unit: str
    expect: str
    margin: float
    on: tuple[str, ...] = ("repeat", "fold")
    reused_folds: bool = False
    source: str = ""
    patient: Callable[[Task], dict] | None = None

    def __post_init__(self):
        if problem := code_problem(self.code):
            raise ValueError(problem)
        for name in ("title", "statement", "value", "unit"):
            _check(name, getattr(self, name), _is_text, "text that is not empty")
        optional = [name for name in ("control", "patient") if getattr(self, name) is not None]
        for name in ("faulty", "fixed", *optional):
            _check(name, getattr(self, name), callable, "a function of a Task")
        _check("expect", self.expect, claims.EXPECTATIONS.__contains__, claims.EXPECTATIONS)
        _check("margin", self.margin, _is_margin, "a finite number >= 0")
        if self.expect == "same":
            _check("margin", self.margin, bool, "a number > 0 where expect='same'")
        _check("on", self.on, _is_keys, "a tuple of column names, at least one")

    @property
    def family(self):
        """First half of the code."""
        return self.code.split("/")[0]

    @property
    def arms(self):
        """Names of the arms there are, in the order of `ARMS`."""
        return tuple(name for name in ARMS if getattr(self, name) is not None)

    def run(self, arm, task):
        """Run one arm.

        Parameters
        ----------
        arm : {"faulty", "fixed", "control"}
        task : Task

        Returns
        -------
        DataFrame
            The arm's table, with a first column ``arm``.

        Raises
        ------
        ValueError
            The case has no such arm, or the table lacks a column.
        """
        table = self._function(arm)(task)
        missing = [name for name in (*self.on, "value") if name not in table]
        if missing or table.empty:
            what = f"lacks the column {missing[0]!r}" if missing else "is empty"
            raise ValueError(f"{self.code}: the table of arm {arm!r} {what}.")
        table = table.drop(columns="arm", errors="ignore")
        table.insert(0, "arm", arm)
        return table

    def run_all(self, task):
        """Run every arm, side by side.

        Each in a process of its own: what one arm leaves behind never reaches another.

        Parameters
        ----------
        task : Task

        Returns
        -------
        list of DataFrame
            As from `run`, in the order of `arms`.
        """
        return side_by_side(self.run, [(arm, task) for arm in self.arms])

    def claim(self, faulty, fixed, task):
        """What the tables of the two arms say about the statement.

        Parameters
        ----------
        faulty, fixed : DataFrame
            From `run`.
        task : Task
            For the number of folds, if they are reused.

        Returns
        -------
        helpers.claims.Claim
        """
        n_splits = task.settings.n_splits if self.reused_folds else None
        return claims.compare(
            faulty,
            fixed,
            on=self.on,
            expect=self.expect,
            margin=self.margin,
            case=self.code,
            statement=self.statement,
            unit=self.unit,
            test_fraction=None if n_splits is None else 1 / (n_splits - 1),
        )

    def diagnosed(self, task):
        """What `helpers.diagnose` says of the patient, without further fits.

        Parameters
        ----------
        task : Task

        Returns
        -------
        helpers.diagnosis.Report
        """
        return diagnose(**self.patient(task), budget=0, random_state=task.settings.seed)

    def source_of(self, arm):
        """The code that `run` runs, to be shown in a notebook.

        The arm and what else of its module only this arm uses: what two arms share is not where
        they differ.

        Parameters
        ----------
        arm : {"faulty", "fixed", "control"}

        Returns
        -------
        IPython.display.Markdown
        """
        function = self._function(arm)
        return markdown_of(function, [getattr(self, name) for name in self.arms if name != arm])

    def _function(self, arm):
        if arm not in self.arms:
            raise ValueError(
                f"arm={arm!r}:{did_you_mean(arm, self.arms)} {self.code} has "
                f"{', '.join(map(repr, self.arms))}."
            )
        return getattr(self, arm)


def code_problem(code):
    """What is wrong with a code, None if nothing is."""
    if isinstance(code, str) and _CODE.fullmatch(code):
        return None
    return f"code={code!r}: accepts 'family/name' in small letters, digits and hyphens."


def _check(name, value, accepts, accepted):
    if not accepts(value):
        raise ValueError(f"{name}={value!r} of a case: accepts {accepted}.")


def _is_text(value):
    return isinstance(value, str) and bool(value.strip())


def _is_margin(value):
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0


def _is_keys(value):
    return isinstance(value, tuple) and value and all(isinstance(each, str) for each in value)
