"""Scores that are known before anything is fitted: of fitted searches, tuners and studies."""

from dataclasses import dataclass

import numpy as np

__all__ = ["Results", "is_study", "is_tuner", "known"]

#: What KerasTuner and Optuna call a trial that came to an end without a score.
_FAILED = ("FAILED", "INVALID", "FAIL")
_SCORED = ("COMPLETED", "COMPLETE")


@dataclass(frozen=True)
class Results:
    """Candidates with their scores.

    Attributes
    ----------
    name : str
        Of the score, of which more is better; "neg_" before one of which less is.
    candidates : list of dict
    scores : ndarray of shape (n_candidates, n_splits)
        NaN for a fit that failed.
    """

    name: str
    candidates: list
    scores: np.ndarray


def is_tuner(search):
    """By what it has: importing KerasTuner to ask for its class takes a second."""
    return all(hasattr(search, name) for name in ("oracle", "hypermodel", "load_model", "search"))


def is_study(search):
    """By what it has, as for a tuner."""
    return all(hasattr(search, name) for name in ("trials", "directions", "ask", "tell"))


def known(search):
    """The `Results` of a search that has run; None if it has not, or compares nothing."""
    if is_tuner(search):
        made = _of_tuner(search)
    elif is_study(search):
        made = _of_study(search)
    else:
        made = _of_fitted(search)
    return made if made is not None and made.candidates else None


def _of_tuner(tuner):
    objective = tuner.oracle.objective
    trials = [
        (trial.status, trial.hyperparameters.values, trial.score)
        for trial in tuner.oracle.trials.values()
    ]
    return _of_trials(getattr(objective, "name", "objective"), objective.direction == "min", trials)


def _of_study(study):
    trials = [
        (trial.state.name, trial.params, trial.values[0] if trial.values else None)
        for trial in study.trials
    ]
    return _of_trials("value", study.directions[0].name == "MINIMIZE", trials)


def _of_trials(name, is_loss, trials):
    """Trials that still run, or were pruned, are none."""
    ended = [each for each in trials if each[0] in _FAILED + _SCORED]
    scores = [
        np.nan if score is None or status in _FAILED else (-score if is_loss else score)
        for status, _, score in ended
    ]
    return Results(
        f"neg_{name}" if is_loss else str(name),
        [dict(params) for _, params, _ in ended],
        np.array(scores, dtype=float).reshape(-1, 1),
    )


def _of_fitted(search):
    results = getattr(search, "cv_results_", None)
    # The rungs of a halving search compare other candidates each.
    if results is None or "iter" in results:
        return None
    refit = getattr(search, "refit", None)
    name = refit if getattr(search, "multimetric_", False) else "score"
    columns = [results.get(f"split{fold}_test_{name}") for fold in range(search.n_splits_)]
    if any(column is None for column in columns):  # several metrics, none of which decides
        return None
    return Results(name, [dict(each) for each in results["params"]], np.array(columns).T)
