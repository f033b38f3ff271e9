"""The checks, in the order in which they run."""

from collections.abc import Callable
from dataclasses import dataclass

from helpers.diagnosis.findings import CODES

__all__ = ["CHECKS", "Check", "NotApplicable", "check"]

CHECKS = {}


class NotApplicable(Exception):
    """A check cannot be made here; the message says why."""


@dataclass(frozen=True)
class Check:
    """One check: a function of an `Examination` which returns findings.

    Attributes
    ----------
    codes : tuple of str
        What it can find.
    needs : frozenset of str
        "trials" (the search's own fits), "fits" (Keras fits among them), "targets" (a `y`),
        "classes" (a classification), "search" (candidates to compare), "candidates" (all of them,
        where the search was observed: who wins among some says little), "prepare", "tuner",
        "results" (scores of candidates, from fits made here or before).
    fits : int
        Keras fits that it may cost beyond those of the search.
    weight : float
        How much more often than others its fault is met; checks run in the order of fits by
        weight, so that a budget buys the most it can.
    proves : bool
        Whether it proves (identity, equality, counts), or measures.
    null : str
        For one that measures: its null distribution and the false-alarm rate.
    is_suspected : callable (Examination) -> bool, or None
        Whether the search as it was observed speaks for the fault: the check then comes first of
        those that fit.
    """

    name: str
    codes: tuple[str, ...]
    function: Callable
    needs: frozenset
    fits: int
    proves: bool
    null: str
    weight: float = 1.0
    is_suspected: Callable | None = None

    @property
    def method(self):
        return " ".join(self.function.__doc__.split("\n\n")[0].split())


def check(*codes, needs=(), fits=0, proves=True, null="", weight=1.0, is_suspected=None):
    """Register a function as the check for these codes.

    Its docstring's first paragraph is what the report says of how it tests.

    Raises
    ------
    ValueError
        A code that is none, a check that measures without a null, no docstring.
    """
    unknown = [code for code in codes if code not in CODES]
    if unknown or not codes:
        raise ValueError(f"codes={codes}: accepted are {', '.join(CODES)}.")
    if not proves and not null:
        raise ValueError(f"{codes[0]}: a check that measures states its null distribution.")

    def register(function):
        if not function.__doc__:
            raise ValueError(f"{function.__name__} has no docstring: the report quotes it.")
        CHECKS[function.__name__] = Check(
            function.__name__, codes, function, frozenset(needs), fits, proves, null, weight,
            is_suspected,
        )  # fmt: skip
        return function

    return register
