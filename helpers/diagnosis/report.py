"""The report of a diagnosis."""

from dataclasses import dataclass, field

from helpers.diagnosis import card, plain, text, wording
from helpers.diagnosis.attribution import Attribution
from helpers.diagnosis.findings import SEVERITIES, VERDICTS, Finding, Outcome
from helpers.errors import DiagnosisError
from helpers.spelling import did_you_mean

__all__ = ["Report"]


@dataclass(frozen=True, repr=False)
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
    attribution : list of Attribution
        With several faults: what each does to the winner's score. Empty with fewer than two that
        further fits can mend, and where the budget did not reach.
    """

    findings: list[Finding]
    checks: list[Outcome]
    delta: float
    score_name: str
    search: dict
    cost: dict
    detectable: float | None = None
    attribution: list[Attribution] = field(default_factory=list)

    def __post_init__(self):
        self.findings.sort(key=_rank)

    def __repr__(self):
        return text.to_text(self)

    def _repr_html_(self):
        return card.to_html(self)

    def to_text(self, *, colour=False):
        """As text of 80 columns; ``colour=True`` for a terminal that shows colours."""
        return text.to_text(self, colour=colour)

    def to_html(self):
        """As an HTML page of its own, which needs no network."""
        return card.to_page(self)

    def to_dict(self):
        """As plain values: the content of `to_json`.

        Returns
        -------
        dict
            As ``report.schema.json`` in this folder says. What is not finite is None.
        """
        return plain.as_dict(self)

    def to_json(self, path=None):
        """As JSON.

        Parameters
        ----------
        path : str or path, default=None
            A file to write, whole or not at all; its folder is made if it is not there.

        Returns
        -------
        str
            The JSON, written or not.
        """
        return plain.write_json(self, path)

    @classmethod
    def from_dict(cls, content):
        """The report that `to_dict` made this content of; values that were not plain stay plain.

        Raises
        ------
        ValueError
            Content of another version.
        """
        return cls(**plain.from_dict(content))

    def plot(self, ax=None):
        """Effects with their 95 % intervals, worst first.

        Parameters
        ----------
        ax : Axes, default=None

        Returns
        -------
        Axes
            With a description in words: see `helpers.figures.alt_text` and ``show``.
        """
        from helpers.figures import plot_findings  # matplotlib takes a second to import

        name = wording.clean_text(self.score_name)
        return plot_findings(plain.findings_table(self), score_name=name, margin=self.delta, ax=ax)

    def faults(self, severity="warning"):
        """The faults of at least this severity, worst first.

        Parameters
        ----------
        severity : {"serious", "warning", "info"}, default="warning"

        Raises
        ------
        ValueError
            No such severity.
        """
        if severity not in SEVERITIES:
            accepted = ", ".join(map(repr, SEVERITIES))
            near = did_you_mean(severity, SEVERITIES)
            raise ValueError(f"severity={severity!r}: accepted are {accepted}.{near}")
        worst = SEVERITIES[: SEVERITIES.index(severity) + 1]
        return [f for f in self.findings if f.verdict == "fault" and f.severity in worst]

    def raise_if(self, severity="serious"):
        """Raise where there is a fault of at least this severity: a test for CI.

        Parameters
        ----------
        severity : {"serious", "warning", "info"}, default="serious"

        Raises
        ------
        DiagnosisError
            Lists the faults; they are its ``findings``.
        ValueError
            No such severity.
        """
        faults = self.faults(severity)
        if faults:
            lines = [f"- {f.code} ({f.severity}): {f.title} Fix: {f.fix.text}" for f in faults]
            noun = "fault" if len(faults) == 1 else "faults"
            head = f"{len(faults)} {noun} of severity {severity!r} or worse:"
            raise DiagnosisError("\n".join([head, *lines]), faults)


def _rank(finding):
    return (
        VERDICTS.index(finding.verdict),
        SEVERITIES.index(finding.severity),
        -abs(finding.effect or 0.0),
    )
