"""The report of a diagnosis."""

from dataclasses import dataclass

from helpers.diagnosis.findings import SEVERITIES, VERDICTS, Finding, Outcome

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """What `diagnose` found, checked and spent.

    Attributes
    ----------
    findings : list of Finding
        Worst first.
    checks : list of Outcome
        Every check, in the order in which they ran.
    delta : float
        Practical margin, in units of the search's score.
    score_name : str
        Of the search's score.
    search : dict
        What was diagnosed: ``kind`` (class of the search), ``estimator``, ``n_candidates``,
        ``n_splits``, ``n_rows``, ``best_score``, ``best_params``, ``fits``, ``seconds`` (of the
        search as it was observed).
    cost : dict
        ``fits`` and ``seconds`` of the checks, beyond observing the search.
    detectable : float or None
        Smallest effect that the noise of this search would have let show.
    """

    findings: list[Finding]
    checks: list[Outcome]
    delta: float
    score_name: str
    search: dict
    cost: dict
    detectable: float | None = None

    def __post_init__(self):
        self.findings.sort(key=_rank)


def _rank(finding):
    return (
        VERDICTS.index(finding.verdict),
        SEVERITIES.index(finding.severity),
        -abs(finding.effect or 0.0),
    )
