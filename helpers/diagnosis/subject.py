"""What is diagnosed: a search, its data, its candidates and splits."""

import copy
import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.metrics import accuracy_score, check_scoring, r2_score
from sklearn.model_selection import ParameterGrid, ParameterSampler, check_cv
from sklearn.model_selection._search import BaseSearchCV
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import _num_samples

from helpers.diagnosis.results import Results, is_study, is_tuner, known
from helpers.estimator import KerasEstimator

__all__ = ["Subject", "is_per_row", "prepared", "read", "rows_of", "splits_of"]

_NAMES = {accuracy_score: "accuracy", r2_score: "R2"}


@dataclass
class Subject:
    """A search as `diagnose` was given it, with everything that follows from it.

    Attributes
    ----------
    search : estimator
        The user's own object; read, never fitted.
    estimator : estimator
        What the search clones for each fit.
    X, y, groups : array-like
        What the search is fitted on: after `prepare`.
    raw : tuple of (X, y, groups)
        What `prepare` is given.
    prepare : callable or None
    fit_params : dict
    candidates : list of dict
    splits : list of (train, test)
        Row numbers.
    random_state : int
    broken : Exception or None
        What `prepare` raised: there is nothing to fit then.
    results : Results or None
        What the search has scored before it was handed over.
    """

    search: object
    estimator: object
    X: object
    y: object
    groups: object
    raw: tuple
    prepare: object
    fit_params: dict
    candidates: list
    splits: list
    random_state: int = 0
    broken: Exception | None = None
    results: Results | None = None

    @property
    def is_tuner(self):
        return is_tuner(self.search)

    @property
    def has_folds(self):
        """Whether it can be run fold by fold; the trials of a tuner or a study cannot."""
        return self.estimator is not None

    @cached_property
    def is_classification(self):
        """By the targets: wrappers do not always say what they are."""
        if self.y is None or (self.estimator is not None and is_regressor(self.estimator)):
            return False
        if self.estimator is not None and is_classifier(self.estimator):
            return True
        kind = type_of_target(np.asarray(self.y))
        if kind == "multiclass" and np.asarray(self.y).dtype.kind in "fc":
            return False
        return not kind.startswith("continuous") and len(np.unique(self.y)) <= max(
            20, len(np.asarray(self.y)) // 20
        )

    @property
    def first_rung(self):
        """Parameters that a halving search gives to all of its candidates first, or {}."""
        return _rungs(self.search, _n_candidates(self.search, len(self.candidates)))[0]

    @property
    def epochs_allowed(self):
        """How many times the epochs at its end a halving search by epochs might have gone to."""
        last = _rungs(self.search, _n_candidates(self.search, len(self.candidates)))[1]
        return max(
            (self.search.max_resources // each for name, each in last.items()
             if name.endswith("epochs")), default=1,
        )  # fmt: skip

    @cached_property
    def labels(self):
        """The class of each row, of shape (n_samples,); None for regression and multilabel."""
        if not self.is_classification:
            return None
        y = np.asarray(self.y)
        if y.ndim == 2 and y.shape[1] == 1:
            return y[:, 0]
        if y.ndim == 2:
            one_hot = np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()
            return y.argmax(axis=1) if one_hot else None
        return y

    @cached_property
    def scorers(self):
        """Scorers by name; the one that decides comes first."""
        scoring = getattr(self.search, "scoring", None)
        if callable(scoring):
            return {"score": scoring}
        if scoring is None or isinstance(scoring, str):
            return {scoring or "score": check_scoring(self.estimator, scoring)}
        names = scoring if isinstance(scoring, Mapping) else {each: each for each in scoring}
        refit = getattr(self.search, "refit", None)
        first = refit if isinstance(refit, str) and refit in names else next(iter(names))
        ordered = [first, *(name for name in names if name != first)]
        return {name: check_scoring(self.estimator, names[name]) for name in ordered}

    def named(self, name, made):
        """Scores by name of what a scorer has made, one or several; the one that decides first."""
        if not isinstance(made, dict):
            return {name: float(made)}
        refit = getattr(self.search, "refit", None)  # the name of the one that decides
        return {each: float(made[each]) for each in sorted(made, key=lambda each: each != refit)}

    def score_of(self, estimator, X, y):
        """The score that decides, of a fitted estimator on these rows."""
        name, scorer = next(iter(self.scorers.items()))
        return next(iter(self.named(name, scorer(estimator, X, y)).values()))

    @property
    def score_name(self):
        if not self.has_folds:
            return self.results.name if self.results else "objective"
        scoring = getattr(self.search, "scoring", None)
        if scoring is None:
            return "accuracy" if self.is_classification else "R2"
        if callable(scoring):
            return _NAMES.get(getattr(scoring, "_score_func", None), "score")
        return next(iter(self.scorers))

    @property
    def n_rows(self):
        return _num_samples(self.X)

    @property
    def test_fraction(self):
        """Test rows by training rows of a fold, as the correction for reused rows needs."""
        train, test = self.splits[0]
        return len(test) / len(train)

    def fresh(self, params):
        """A clone of the estimator with a candidate's parameters, as a search makes it.

        Fits of this package's wrappers are not kept: some are changed on purpose, and one that
        was looked up, or goes on from a shorter one, would not be seen to train.
        """
        fresh = clone(self.estimator).set_params(**clone(params, safe=False))
        for each in [fresh, *fresh.get_params().values()]:
            if isinstance(each, KerasEstimator):
                each.set_params(memory=None)
        return fresh

    def fit_params_of(self, rows):
        """The arguments of `fit` for these rows: what has one entry per row is cut to them."""
        return {
            name: rows_of(value, rows) if is_per_row(value, self.n_rows) else value
            for name, value in self.fit_params.items()
        }


def read(search, X, y, *, groups=None, fit_params=None, prepare=None, random_state=0):
    """The `Subject` of these arguments of `diagnose`.

    Raises
    ------
    TypeError, ValueError
        An argument is not what `diagnose` accepts.
    """
    has_folds = not (is_tuner(search) or is_study(search))
    if has_folds and not hasattr(search, "fit"):
        raise TypeError(
            f"search={search!r}: accepted is a search or an estimator with fit, for instance "
            "GridSearchCV(KerasClassifier(build), grid)."
        )
    if isinstance(search, type):
        raise TypeError(f"search={search.__name__}: is a class; pass an object of it.")
    estimator = search.estimator if isinstance(search, BaseSearchCV) else search
    if has_folds and not hasattr(estimator, "get_params"):
        raise TypeError(
            f"{type(estimator).__name__} has no get_params, so that it cannot be cloned for each "
            "fold: accepted is an estimator that inherits from sklearn.base.BaseEstimator."
        )
    if hasattr(getattr(search, "cv", None), "__next__"):
        raise ValueError(
            f"cv={search.cv!r}: is an iterator, which the search itself could not read again; "
            "pass a splitter, or list(cv)."
        )
    if prepare is not None and not callable(prepare):
        raise TypeError(f"prepare={prepare!r}: accepted is a function of (X, y), or None.")
    if fit_params is not None and not isinstance(fit_params, Mapping):
        raise TypeError(f"fit_params={fit_params!r}: accepted is a dict, or None.")
    if y is not None and _num_samples(X) != _num_samples(y):
        raise ValueError(f"X has {_num_samples(X)} rows, y has {_num_samples(y)}.")
    raw = (X, y, groups)
    fit_params = dict(fit_params or {})
    broken = None
    if prepare is not None:
        try:
            made = _made(prepare, raw)
        except Exception as error:  # noqa: BLE001 - a user's function may raise anything
            broken = error
        else:
            X, y, groups = _as_triple(made, groups)
    results = known(search)
    if not has_folds:
        return Subject(
            search, None, X, y, groups, raw, prepare, fit_params,
            results.candidates if results else [], [], random_state, broken, results,
        )  # fmt: skip
    candidates = _candidates(search, random_state)
    if results is not None and repr(results.candidates) != repr(candidates):
        results = None  # the search was changed after it was fitted
    return Subject(
        search=search, estimator=estimator, X=X, y=y, groups=groups, raw=raw, prepare=prepare,
        fit_params=fit_params, candidates=candidates,
        splits=[] if broken else splits_of(search, estimator, X, y, groups),
        random_state=random_state, broken=broken, results=results,
    )  # fmt: skip


def prepared(prepare, raw):
    """What `prepare` makes of a copy of the raw data: always (X, y, groups)."""
    return _as_triple(_made(prepare, raw), copy.deepcopy(raw[2]))


def _made(prepare, raw):
    X, y, _ = copy.deepcopy(raw)
    return prepare(X, y)


def _as_triple(made, groups):
    if not isinstance(made, tuple) or len(made) not in (2, 3):
        raise TypeError(
            f"prepare returned {type(made).__name__}; accepted is (X, y) or (X, y, groups)."
        )
    return made if len(made) == 3 else (*made, groups)


def rows_of(data, rows):
    """Rows of an array, a table or a list; None has none."""
    if data is None:
        return None
    if hasattr(data, "iloc"):
        return data.iloc[rows]
    if isinstance(data, list | tuple):
        return [data[row] for row in rows]
    return data[rows]


def is_per_row(value, n_rows):
    return (
        hasattr(value, "__len__")
        and not isinstance(value, str | Mapping)
        and len(value) == n_rows
        and not any(hasattr(each, "on_epoch_end") for each in list(value)[:1])
    )


def _candidates(search, random_state):
    """What the search compares; a halving search by a parameter, at the resources of its end."""
    listed = _listed(search, random_state)
    last = _rungs(search, _n_candidates(search, len(listed)))[1]
    return [each | last for each in listed]


def _n_candidates(search, n_listed):
    """Of a halving search that draws as many as its resources are enough for, more than listed."""
    if getattr(search, "n_candidates", None) != "exhaust":
        return n_listed
    first = search.min_resources if isinstance(search.min_resources, numbers.Integral) else 1
    most = search.max_resources
    return most // first if isinstance(most, numbers.Integral) else n_listed


def _rungs(search, n_candidates):
    """The resource of a halving search as a parameter, at its first and at its last rung; {} if it
    halves rows, or nothing.

    Few candidates end before `max_resources`, which is no more than a limit.
    """
    resource, most = getattr(search, "resource", "n_samples"), getattr(search, "max_resources", 0)
    if resource == "n_samples" or not isinstance(most, numbers.Integral):
        return {}, {}
    factor, least = search.factor, search.min_resources
    n_required = _n_times(n_candidates, factor)
    first = least if isinstance(least, numbers.Integral) else 1
    if least == "exhaust":
        first = max(first, most // factor**n_required)
    n_possible = _n_times(most // first, factor)
    n_rungs = n_possible if search.aggressive_elimination else min(n_required, n_possible)
    return {resource: int(first)}, {resource: min(int(first * factor**n_rungs), int(most))}


def _n_times(number, factor):
    """How often it can be divided, as scikit-learn counts rungs."""
    return math.floor(math.log(max(1, number), factor))


def _listed(search, random_state):
    if not isinstance(search, BaseSearchCV):
        return [{}]
    grid = getattr(search, "param_grid", None)
    if grid is not None:
        return list(ParameterGrid(grid))
    distributions = getattr(search, "param_distributions", None)
    if distributions is None:
        fitted = getattr(search, "cv_results_", None)
        return list(fitted["params"]) if fitted else [{}]
    fitted = getattr(search, "cv_results_", None)
    if fitted:
        return list(fitted["params"])
    n_iter = getattr(search, "n_iter", getattr(search, "n_candidates", 10))
    n_iter = n_iter if isinstance(n_iter, int) else 10
    seed = copy.deepcopy(getattr(search, "random_state", None))  # drawing from it would advance it
    return list(
        ParameterSampler(distributions, n_iter, random_state=random_state if seed is None else seed)
    )


def splits_of(search, estimator, X, y, groups):
    cv = getattr(search, "cv", None) if isinstance(search, BaseSearchCV) else 5
    # A splitter may hold a generator of its own, which splitting would advance.
    cv = check_cv(copy.deepcopy(cv), y, classifier=is_classifier(estimator))
    return list(cv.split(X, y, groups))
