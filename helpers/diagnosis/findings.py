"""What a diagnosis found: findings, outcomes of checks, the codes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = [
    "CODES", "SERIOUS_IF_FAULT", "SEVERITIES", "VERDICTS", "Finding", "Fix", "Outcome", "judged",
]  # fmt: skip

VERDICTS = ("fault", "undecided", "not the cause")
SEVERITIES = ("serious", "warning", "info")
#: The severity by verdict of what is serious where it is a fault at all.
SERIOUS_IF_FAULT = dict(zip(VERDICTS, SEVERITIES, strict=True))

CODES = {
    "state/shared-weights": "a fit started from weights that another fit had trained",
    "state/shared-optimizer": "a fit started with optimizer state of another fit",
    "state/shared-callback": "a callback object carried state from one fit to the next",
    "state/mutated-parameter": "a constructor parameter was changed by fitting",
    "state/order-dependent": "the same fit gives another result after another fit",
    "state/stale-results": "results of another problem were taken up",
    "leak/preparation-saw-test-rows": "prepare moves training rows when held-out values change",
    "leak/preparation-saw-test-labels": "prepare moves training rows when held-out labels change",
    "leak/fitted-on-all-rows": "the data carry the mark of a transformer fitted on all rows",
    "leak/duplicate-rows": "nearly the same rows on both sides of a split",
    "leak/shared-groups": "rows of one group on both sides of a split, and it matters",
    "leak/future-rows": "later rows train a model that is scored on earlier ones",
    "leak/target-in-features": "a column gives the target away",
    "leak/stopping-on-test-fold": "epochs were chosen on the rows that score the fold",
    "budget/epochs-ignored": "fewer epochs ran than were asked for",
    "budget/still-improving": "candidates still gain by training longer",
    "budget/ranking-not-settled": "the winner changes when all train longer",
    "budget/stopped-too-early": "early stopping cut fits that would have gone on to improve",
    "budget/stopper-inert": "a stopper that cannot act",
    "budget/unequal-updates": "candidates differ in updates, and that explains the ranking",
    "budget/diverged": "NaN or exploding loss in some fits",
    "noise/winner-within-noise": "the best candidate is not distinguishable from the next",
    "noise/optimistic-best-score": "best_score_ overstates the chosen candidate",
    "search/parameter-ignored": "a searched parameter changes nothing",
    "search/failed-fits": "fits failed or scored NaN",
    "search/all-tied": "candidates are exactly tied",
    "search/folds-miss-classes": "training or test rows of a fold lack classes",
    "search/edge-of-grid": "the score still rises at the edge of the grid",
    "search/refit-unlike-folds": "the refit trains otherwise than the folds did",
    "search/validation-unrepresentative": "inner validation rows are not like the fold",
    "wrapper/clone-drops-parameter": "clone loses or changes a constructor parameter",
    "wrapper/labels-misaligned": "predictions and labels do not mean the same classes",
    "metric/below-baseline": "the best candidate does not beat a constant prediction",
    "metric/loss-mismatch": "the searched score and the trained loss rank differently",
}


@dataclass(frozen=True)
class Fix:
    """What to do instead.

    Attributes
    ----------
    text : str
        One or two sentences.
    lines : str
        Code to write instead, ``""`` where there is none.
    """

    text: str
    lines: str = ""

    def __str__(self):
        return f"{self.text}\n\n{self.lines}" if self.lines else self.text


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a search, or that looks wrong and is not the cause.

    Attributes
    ----------
    code : str
        A key of `CODES`.
    verdict : {"fault", "undecided", "not the cause"}
        "not the cause": present, and its effect is below the practical margin.
    severity : {"serious", "warning", "info"}
    title : str
        One line: what happens in this search, with its numbers.
    effect : float or None
        In units of the search's score: how much the score is inflated or how much is lost.
    interval : (float, float) or None
        Its 95 % interval. None where the finding is proved rather than measured.
    evidence : dict
        The numbers it rests on; plain Python values.
    fix : Fix
    """

    code: str
    verdict: str
    severity: str
    title: str
    fix: Fix
    effect: float | None = None
    interval: tuple[float, float] | None = None
    evidence: Mapping = field(default_factory=dict)

    def __post_init__(self):
        for name, value, known in (
            ("code", self.code, CODES),
            ("verdict", self.verdict, VERDICTS),
            ("severity", self.severity, SEVERITIES),
        ):
            if value not in known:
                raise ValueError(f"{name}={value!r}: accepted are {', '.join(known)}.")


@dataclass(frozen=True)
class Outcome:
    """What came of one check.

    Attributes
    ----------
    name : str
        The check's, for instance "state_shared_weights".
    codes : tuple of str
        What it can find.
    outcome : {"found", "clean", "skipped", "crashed"}
    reason : str
        Why it was skipped, what crashed; for a clean check, what it would have found.
    method : str
        How it tests: one sentence.
    proves : bool
        Whether it proves (identity, equality, counts) or measures.
    fits : int
        Keras fits that it cost beyond those of the search.
    seconds : float
    """

    name: str
    codes: tuple[str, ...]
    outcome: str
    reason: str = ""
    method: str = ""
    proves: bool = True
    fits: int = 0
    seconds: float = 0.0


def judged(interval, delta):
    """The verdict on an effect whose interval is known.

    Parameters
    ----------
    interval : (float, float)
        95 % interval of the effect, positive for the worse.
    delta : float > 0
        Practical margin.

    Returns
    -------
    str

    Examples
    --------
    >>> judged((0.02, 0.05), 0.01), judged((-0.001, 0.004), 0.01), judged((-0.01, 0.05), 0.01)
    ('fault', 'not the cause', 'undecided')
    """
    low, high = interval
    if low > delta:
        return "fault"
    return "not the cause" if high < delta else "undecided"
