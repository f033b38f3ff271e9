"""search/all-tied: candidates are exactly tied, so that the first one listed wins."""

import numpy as np

from helpers.diagnosis.findings import SERIOUS_IF_FAULT, Finding, Fix
from helpers.diagnosis.registry import check


@check("search/all-tied", needs={"results", "search", "candidates"})
def search_all_tied(examination):
    """The scores of all candidates are compared for equality, fold by fold; where they are equal,
    so are their predictions and last weights: models that have all learned the same may tie."""
    scores = examination.scores
    none = np.isnan(examination.means).all()
    if not none and not (np.isfinite(scores).all() and (scores == scores[0]).all()):
        return []
    if not none and examination.means[0] >= 1 - 1e-12 and _are_right(examination):
        return [_finding(examination, "not the cause", "all candidates are right")]
    if not none and not examination.trials:
        return [_finding(examination, "undecided", "all candidates score the same on every fold")]
    if not none and _predict_as_one(examination):
        title = (
            "all candidates predict the same, digit by digit, though their weights differ: what "
            "one of them predicted is given for all"
        )
        return [_finding(examination, "fault", title)]
    if not none and _have_learned(examination):
        return [_finding(examination, "not the cause", "all candidates have learned the same")]
    what = "no candidate has a score" if none else "all candidates score the same on every fold"
    return [_finding(examination, "fault", f"{what}: the winner is the first one listed")]


def _are_right(examination):
    """Whether labels are predicted, and of these not a tenth is wrong as far as that is known: a
    score may be full for any prediction, as the three likeliest of three classes always hold one.
    """
    subject = examination.subject
    if not subject.is_classification or subject.labels is None:
        return subject.is_classification
    right = [
        np.mean(trial.predictions == subject.labels[subject.splits[trial.fold][1]])
        for trial in examination.trials
        if np.shape(trial.predictions) == np.shape(subject.splits[trial.fold][1])
    ]
    return not right or bool(np.mean(right) > 0.9)


def _predict_as_one(examination):
    """Whether models of other weights have, on every fold, the same fractions in common."""
    for fold in range(examination.scores.shape[1]):
        trials = [trial for trial in examination.trials if trial.fold == fold]
        if len({trial.record and trial.record.end_digest for trial in trials}) < 2:
            return False
        told = [_numbers(trial) for trial in trials]
        first = told[0]
        if np.asarray(first).dtype.kind != "f" or not (first % 1 != 0).any() or len(first) < 2:
            return False
        if (first == first[:1]).all() or any(not np.array_equal(first, each) for each in told):
            return False
    return True


def _numbers(trial):
    return trial.predictions if trial.probabilities is None else trial.probabilities


def _have_learned(examination):
    """Whether other weights came to the same score, by predictions that tell rows apart."""
    alike = []
    for fold in range(examination.scores.shape[1]):
        trials = [trial for trial in examination.trials if trial.fold == fold]
        if any(trial.predictions is None or trial.record is None for trial in trials):
            return False
        if len({trial.record.end_digest for trial in trials}) == 1:
            return False
        told = [np.asarray(trial.predictions) for trial in trials]
        if any((each == each[:1]).all() for each in told):
            return False
        alike += [np.mean(each == told[0]) for each in told[1:] if each.shape == told[0].shape]
    # A scorer that gives everything the same score ties predictions that differ.
    return bool(np.ptp(examination.scores[0]) > 0 or (alike and np.mean(alike) > 0.9))


def _finding(examination, verdict, title):
    return Finding(
        "search/all-tied", verdict, SERIOUS_IF_FAULT[verdict], title,
        Fix(
            "The winner is the first one listed. See that the searched parameters reach the model "
            "and that the scorer can tell candidates apart."
        ),
        evidence={"mean_scores": examination.means.tolist()},
    )  # fmt: skip
