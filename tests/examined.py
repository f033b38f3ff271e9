"""Searches over cheap models, observed as `diagnose` observes one over Keras models."""

import warnings

from helpers.diagnosis import subject as subjects
from helpers.diagnosis.examination import Budget, Examination
from helpers.diagnosis.registry import NotApplicable

__all__ = ["examined", "found"]


def examined(search, X, y, *, budget=0, delta=None, observe=True, **options):
    """The `Examination` of a search, before any check."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        examination = Examination(
            subjects.read(search, X, y, **options), Budget(fits=budget), delta
        )
        if observe:
            examination.observe()
    return examination


def found(check, examination):
    """Findings of a check by code; a check that does not apply finds nothing."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return {finding.code: finding for finding in check(examination) or []}
        except NotApplicable:
            return {}
