"""What is true of one search."""

from dataclasses import dataclass, field

__all__ = ["Expected"]


@dataclass(frozen=True)
class Expected:
    """What has to be said of a search, and what may be.

    Parameters
    ----------
    why : str
        The mechanism; of a healthy search, what it looks like.
    faults : tuple of str
        Codes that must be reported as faults (a suspect column as undecided, at least).
    also : dict of str to str
        Codes that are true as well, each with the reason: neither hits nor false alarms.
    info : tuple of str
        Codes whose verdict should be "not the cause".
    """

    why: str
    faults: tuple = ()
    also: dict = field(default_factory=dict)
    info: tuple = ()
