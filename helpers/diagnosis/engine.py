"""Runs the checks, cheapest first, within a budget."""

import importlib
import math
import numbers
import pkgutil
import re
import time
import traceback
import warnings

import numpy as np

from helpers.diagnosis import subject as subjects
from helpers.diagnosis.attribution import attributed
from helpers.diagnosis.effects import of_trials, with_effects
from helpers.diagnosis.examination import Budget, Examination
from helpers.diagnosis.findings import CODES, Outcome
from helpers.diagnosis.registry import CHECKS, NotApplicable
from helpers.diagnosis.report import Report
from helpers.diagnosis.trials import untouched
from helpers.randomness import preserved

__all__ = ["diagnose"]

_SECONDS, _SHORTEST = 60.0, 30.0
#: How much more often a fault is met where the search, as it was observed, speaks for it.
_SUSPECTED = 10
_NEEDS = {
    "trials": "needs the search's own fits",
    "fits": "no fit of the search has trained a Keras model",
    "classes": "needs a classification with one label a row",
    "targets": "needs targets",
    "search": "needs a search with at least two candidates",
    "candidates": "needs all candidates: some were beyond the budget, and may do better",
    "results": "needs scores of candidates",
    "tuner": "needs a KerasTuner tuner",
    "prepare": "needs `prepare`: what was done to the raw data before the search",
}


def diagnose(
    search, X, y, *, groups=None, fit_params=None, prepare=None, delta=None, budget=None,
    random_state=0,
):  # fmt: skip
    """Find out what is wrong with a search over Keras models, and what it costs.

    The search is run under a recorder, fit by fit as scikit-learn runs it and in this process,
    whatever its `n_jobs`, and then examined by checks; some of them fit a few times more. The
    search itself, the data and all global state are left as they were.

    Parameters
    ----------
    search : search or estimator
        A scikit-learn search, or a bare estimator, around anything that ends in
        `keras.Model.fit`: this package's wrapper, SciKeras', `keras.wrappers`, a class of one's
        own, in a pipeline or not. One that has been fitted is run again, except with ``budget=0``:
        then its ``cv_results_`` are read and nothing is fitted. Of a KerasTuner tuner or an Optuna
        study the trials that it has are read.
    X, y : array-like
        What ``search.fit`` is given; with `prepare`, what that is given.
    groups : array-like of shape (n_samples,), default=None
        As for ``search.fit``.
    fit_params : dict, default=None
        What else ``search.fit`` is given: ``sample_weight``, ``callbacks`` ...
    prepare : callable, default=None
        ``prepare(X, y)`` returns ``(X, y)`` or ``(X, y, groups)``: what is done to the raw data
        before the search.
    delta : float > 0, default=None
        Practical margin, in units of the search's score. None: 0.01 or 0.25 SD of the fold
        scores, whichever is larger.
    budget : int or str, default=None
        What may be spent beyond running the search once: a number of fits, or seconds as
        ``"90s"``. None: as long as the search itself takes, at least 30 and at most 60 seconds; 60
        where its own fits already speak for a fault that has to be measured.
        Of a search that takes longer than these seconds (60 if None), a part is run: fewer folds,
        two at least, then fewer candidates.
    random_state : int, default=0
        Seed of everything that the checks draw.

    Returns
    -------
    Report

    Raises
    ------
    TypeError, ValueError
        An argument is not what is accepted; nothing has been fitted then.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import GridSearchCV
    >>> from helpers import KerasClassifier, diagnose
    >>> from helpers.quiet import keras
    >>> def build(meta):
    ...     units = meta["n_classes_"]
    ...     return keras.Sequential([keras.layers.Dense(units, activation="softmax")])
    >>> search = GridSearchCV(
    ...     KerasClassifier(build, epochs=2, random_state=0),
    ...     {"optimizer__learning_rate": [1e-4, 1e-3]}, cv=2)
    >>> report = diagnose(search, *load_iris(return_X_y=True), budget=0)
    >>> "budget/epochs-ignored" in [finding.code for finding in report.findings]
    False
    """
    began = time.perf_counter()
    delta, (fits, seconds) = _checked_delta(delta), _checked_budget(budget)
    random_state = _checked_seed(random_state)
    with preserved(random_state), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subject = subjects.read(
            search, X, y, groups=groups, fit_params=fit_params, prepare=prepare,
            random_state=random_state,
        )  # fmt: skip
        with untouched(subject) as starts:
            examination = Examination(subject, Budget(fits, seconds), delta, starts)
            if subject.has_folds and subject.broken is None and not (subject.results and fits == 0):
                examination.observe()
            checks = _checks()
            suspects = _suspects(checks, examination)
            if budget is None:  # short searches are mostly the building of models
                longest = _SECONDS if suspects else max(_SHORTEST, examination.observed_seconds)
                examination.budget.seconds = min(_SECONDS, longest)
            return _report(examination, _in_order(checks, suspects), began)


def _report(examination, checks, began):
    findings, outcomes = [], []
    for each in checks:
        found, outcome = _run(each, examination)
        findings += found
        outcomes.append(outcome)
        examination.known[each.name] = found
    findings = with_effects(examination, findings)
    attribution = _attribution(examination, findings, outcomes)
    subject, best = examination.subject, examination.best
    return Report(
        findings=findings,
        checks=outcomes,
        delta=examination.delta,
        score_name=subject.score_name,
        search={
            "kind": type(subject.search).__name__,
            "estimator": type(subject.estimator).__name__ if subject.has_folds else None,
            "n_candidates": len(subject.candidates),
            "n_splits": len(subject.splits) if subject.has_folds else None,
            "n_rows": int(subject.n_rows),
            "best_score": None if best is None else float(examination.means[best]),
            "best_params": {} if best is None else dict(subject.candidates[best]),
            "fits": len(examination.trials) + (examination.refit is not None),
            "seconds": examination.observed_seconds,
            "complete": examination.is_complete if examination.trials else None,
        },
        cost={
            "fits": examination.budget.spent_fits,
            "seconds": time.perf_counter() - began - examination.observed_seconds,
        },
        detectable=_detectable(examination),
        attribution=attribution,
    )


def _checks():
    """Every check of the package; for equal chances to find something, the cheapest first."""
    from helpers.diagnosis import checks

    for module in pkgutil.iter_modules(checks.__path__):
        importlib.import_module(f"{checks.__name__}.{module.name}")
    return sorted(CHECKS.values(), key=_cost)


def _cost(each, weight=1.0):
    return each.fits / (each.weight * weight), each.name


def _suspects(checks, examination):
    """Names of the checks for whose fault the search as it was observed speaks."""
    found = set()
    for each in checks:
        try:
            if each.is_suspected is not None and each.is_suspected(examination):
                found.add(each.name)
        except Exception:  # noqa: BLE001 - the check itself will raise it, and that is its outcome
            continue
    return found


def _in_order(checks, suspects):
    return sorted(checks, key=lambda each: _cost(each, _SUSPECTED if each.name in suspects else 1))


def _run(each, examination):
    began, before = time.perf_counter(), examination.budget.spent_fits
    found, outcome, reason = [], "clean", ""
    try:
        _require(each, examination)
        found = list(each.function(examination) or [])
        outcome = "found" if found else "clean"
        reason = "" if found else "; ".join(CODES[code] for code in each.codes)
    except NotApplicable as why:
        outcome, reason = "skipped", str(why)
    except Exception as error:  # noqa: BLE001 - a user's code may raise anything, in any check
        outcome, reason = "crashed", _told(error)
    return found, Outcome(
        each.name, each.codes, outcome, reason, each.method, each.proves,
        examination.budget.spent_fits - before, time.perf_counter() - began,
    )  # fmt: skip


def _attribution(examination, findings, outcomes):
    began, before = time.perf_counter(), examination.budget.spent_fits
    try:
        return attributed(examination, findings)
    except Exception as error:  # noqa: BLE001 - as in any check
        spent = examination.budget.spent_fits - before
        seconds = time.perf_counter() - began
        outcomes.append(
            Outcome("attribution", (), "crashed", _told(error), fits=spent, seconds=seconds)
        )
        return []


def _told(error):
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"


def _require(each, examination):
    subject = examination.subject
    if subject.broken is not None:
        if "prepare" in each.needs:
            raise subject.broken
        raise NotApplicable("needs the data, and `prepare` failed")
    there = {
        "trials": bool(examination.trials),
        "fits": any(
            record.epochs_asked for trial in examination.trials for record in trial.records
        ),
        "classes": subject.labels is not None,
        "targets": subject.y is not None,
        "search": len(subject.candidates) > 1,
        "candidates": not examination.n_left_out,
        "prepare": subject.prepare is not None,
        "results": bool(examination.trials) or subject.results is not None,
        "tuner": subject.is_tuner,
    }
    if not subject.has_folds and not each.needs & {"tuner", "results"}:
        raise NotApplicable("needs a scikit-learn search")
    for need in sorted(each.needs):
        if not there[need]:
            raise NotApplicable(_NEEDS[need])


def _detectable(examination):
    """Half width of a 95 % interval of the lead of the best candidate; None if it tells nothing."""
    scores, best = examination.scores, examination.best
    if best is None or not examination.trials or min(scores.shape) < 2 or np.isnan(scores).any():
        return None
    others = np.delete(examination.means, best)
    second = int(np.flatnonzero(examination.means == others.max())[-1])
    low, high = of_trials(examination.of(best), examination.of(second), examination).interval
    half = (high - low) / 2
    return half if half < 1 or np.ptp(scores) > 1 else None


def _checked_delta(delta):
    if delta is None:
        return None
    if not isinstance(delta, numbers.Real) or not math.isfinite(delta) or delta <= 0:
        raise ValueError(f"delta={delta!r}: accepted is a finite number > 0, or None.")
    return float(delta)


def _checked_seed(random_state):
    is_integer = isinstance(random_state, numbers.Integral) and not isinstance(random_state, bool)
    if not is_integer or not 0 <= random_state < 2**32:
        raise ValueError(
            f"random_state={random_state!r}: accepted is an integer >= 0 and below 2**32."
        )
    return int(random_state)


def _checked_budget(budget):
    """Fits and seconds."""
    if budget is None:
        return None, _SECONDS
    if isinstance(budget, numbers.Integral) and not isinstance(budget, bool) and budget >= 0:
        return int(budget), None
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*s\s*", budget) if isinstance(budget, str) else None
    if match:
        return None, float(match[1])
    raise ValueError(
        f"budget={budget!r}: accepted are a number of fits (>= 0), seconds as '90s', or None."
    )
