"""Fits of a search's candidates on its folds, each with what the recorder saw."""

import contextlib
import copy
import functools
import inspect
import io
import math
import time
import warnings
from dataclasses import dataclass, field

import numpy as np
from sklearn.metrics._scorer import _BaseScorer, _PassthroughScorer

from helpers.diagnosis.interventions import other_targets
from helpers.diagnosis.outside import Outside
from helpers.diagnosis.peeks import peeking
from helpers.diagnosis.starts import Starts
from helpers.diagnosis.subject import rows_of
from helpers.digests import row_digests, variable_digests
from helpers.quiet import keras
from helpers.recorder import FitRecorder

__all__ = ["Trial", "described", "differing", "run_trial", "told", "untouched"]


#: Of a fit, seconds that its first step takes, about.
_TRACING = 1.0
#: Whose estimators score held-out rows by their targets.
_LIBRARIES = ("helpers", "imblearn", "keras", "scikeras", "sklearn", "skorch")


@dataclass(eq=False)
class Trial:
    """One candidate, fitted on the training rows of one fold and scored on the others.

    Attributes
    ----------
    candidate : int
        Position in `Subject.candidates`.
    fold : int or None
        Position in `Subject.splits`; None for the refit on all rows.
    scores : dict of str to float
        By scorer; NaN where scoring or fitting failed.
    records : list of FitRecord
        The Keras fits that it caused.
    predictions, probabilities : ndarray or None
        Of the held-out rows.
    outputs : ndarray, shape (n_held_out, n_units), or None
        What the model returned for them, if the estimator asked it once for all of them.
    changed : list of str
        Constructor parameters that the fit changed.
    is_blind : bool or None
        Whether the score stays the same, bit by bit, when the held-out targets are others; None
        where that was not tried.
    swayed : tuple of two ndarrays, or None
        Where scoring changes what the estimator predicts: what it says of each held-out row after
        it was scored, and after others were scored in its place. None where nothing changes, or
        that was not looked at.
    peeked : ndarray of uint64, or None
        Digests of rows that models were asked about while the estimator was fitted, by itself.
    n_hidden : int
        Of these, how often one was in the place of another.
    left : list of dict of str to str
        Digests of the weights, by path, that the models which were asked have in the end.
    train_digests, test_digests : ndarray of uint64, or None
        Of the fold's rows, as `helpers.digests.row_digests`: as the search cut them, as the last
        step of a pipeline gets them, and, of held-out ones, as the model gets them.
    """

    candidate: int
    fold: int | None
    params: dict
    scores: dict = field(default_factory=dict)
    records: list = field(default_factory=list)
    predictions: np.ndarray | None = None
    probabilities: np.ndarray | None = None
    outputs: np.ndarray | None = None
    changed: list = field(default_factory=list)
    error: str | None = None
    seconds: float = 0.0
    is_blind: bool | None = None
    swayed: tuple | None = None
    peeked: np.ndarray | None = None
    n_hidden: int = 0
    left: list = field(default_factory=list)
    train_digests: np.ndarray | None = None
    test_digests: np.ndarray | None = None

    @property
    def score(self):
        """By the scorer that decides."""
        return next(iter(self.scores.values()), math.nan)

    @property
    def weights_put_back(self):
        """Whether a model that was asked has other weights than its last Keras fit left it."""
        for left in self.left:
            ends = [record.end for record in self.records if record.end.keys() == left.keys()]
            if ends and ends[-1] != left:
                return True
        return False

    def seconds_for(self, epochs):
        """What it would take with so many epochs: building and tracing are done once."""
        return self.seconds + self._seconds_an_epoch * (epochs - self.record.epochs_run)

    def epochs_in(self, seconds):
        """How many epochs it could run in these seconds."""
        return self.record.epochs_run + (seconds - self.seconds) / self._seconds_an_epoch

    @property
    def _seconds_an_epoch(self):
        if math.isfinite(self.record.epoch_seconds):
            return max(self.record.epoch_seconds, 1e-6)
        training = self.record.seconds
        steady = max(training - _TRACING, 0.15 * min(training, self.seconds))
        return max(steady, 1e-6) / max(1, self.record.epochs_run)

    @property
    def record(self):
        """The fit that made the model: the longest if the estimator fits more than once."""
        return max(self.records, key=lambda each: each.epochs_run, default=None)


def run_trial(
    subject, candidate, fold, *, params=None, seed=None, splits=None, recorder=None, hidden=None
):
    """Fit and score one candidate on one fold, as the search does it.

    Parameters
    ----------
    subject : Subject
    candidate : int
    fold : int or None
        None: on all rows, not scored.
    params : dict, default=None
        Other parameters than the candidate's.
    seed : int, default=None
        Of this fit: put into each ``random_state`` and ``seed`` of the estimator, and into the
        global generators, which is where wrappers without one draw from. None: as the user has it.
    splits : list of (train, test), default=None
        Other than the subject's.
    hidden : ndarray of uint64, default=None
        Digests of rows that nothing can be learnt from by asking a model about them.

    Returns
    -------
    Trial
        What raises is in its ``error``; nothing is raised.
    """
    params = dict(subject.candidates[candidate] if params is None else params)
    trial = Trial(candidate, fold, params)
    train, test = (
        (np.arange(subject.n_rows), None)
        if fold is None
        else (subject.splits if splits is None else splits)[fold]
    )
    began = time.perf_counter()
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(io.StringIO()),  # Keras' progress bars
        recorder or FitRecorder() as seen,
    ):
        warnings.simplefilter("ignore")
        n_before = len(seen.fits)
        try:
            if seed is not None:
                keras.utils.set_random_seed(seed)
            _fit_and_score(subject, trial, train, test, seed, hidden)
        except Exception as error:  # noqa: BLE001 - whatever a user's estimator raises is a result
            trial.error = f"{type(error).__name__}: {error}"
            trial.scores = trial.scores or dict.fromkeys(subject.scorers, math.nan)
        trial.records = seen.fits[n_before:]
    trial.seconds = time.perf_counter() - began
    return trial


def _fit_and_score(subject, trial, train, test, seed, hidden):
    estimator = subject.fresh(trial.params)
    if seed is not None:
        _seed(estimator, seed)
    before = told(estimator)
    fit_params = subject.fit_params_of(train)
    X, y = rows_of(subject.X, train), rows_of(subject.y, train)
    try:
        with peeking(hidden) as peeks:
            estimator.fit(X, y, **fit_params)
    finally:
        trial.changed = differing(before, told(estimator))
    trial.peeked, trial.n_hidden = (peeks.rows if len(peeks.rows) else None), peeks.n_hidden
    trial.left = [variable_digests(model.weights) for model in peeks.models]
    trial.train_digests = _digests(estimator, X)
    if test is None:
        return
    X, y = rows_of(subject.X, test), rows_of(subject.y, test)
    trial.test_digests = _digests(estimator, X)
    is_own = y is not None and _is_the_users(subject, estimator)
    unscored = None
    if is_own:
        with contextlib.suppress(Exception):  # a search need not ask for any
            unscored = np.asarray(estimator.predict(X))
    for name, scorer in subject.scorers.items():
        trial.scores[name] = math.nan
        made = subject.named(name, scorer(estimator, X, y))
        del trial.scores[name]
        trial.scores |= made
    # The score is there: what else is asked for need not be what the search asks for.
    with _predicted() as predicted, contextlib.suppress(Exception):
        trial.predictions = np.asarray(estimator.predict(X))
    if len(predicted) == 1:
        digests, outputs = predicted[0]
        if digests is not None and len(digests) == len(test):
            known = [] if trial.test_digests is None else [trial.test_digests]
            trial.test_digests = np.concatenate([*known, digests])
        if isinstance(outputs, np.ndarray) and outputs.ndim == 2 and len(outputs) == len(test):
            trial.outputs = outputs
    if hasattr(estimator, "predict_proba"):
        with contextlib.suppress(Exception):
            trial.probabilities = np.asarray(estimator.predict_proba(X))
    if unscored is not None and trial.predictions is not None:
        trial.swayed = _swayed(subject, estimator, X, y, (unscored, trial.predictions))
    if is_own and trial.fold == 0:
        trial.is_blind = _is_blind(subject, estimator, X, y, trial.score)


def _swayed(subject, estimator, X, y, predictions):
    """See `Trial.swayed`: the rows are scored by halves, and predicted after either."""
    unscored, scored = predictions
    if np.array_equal(unscored, scored):
        return None
    if not np.array_equal(scored, np.asarray(estimator.predict(X))):  # it draws them
        return None
    half = np.random.default_rng(0).permutation(len(scored)) < len(scored) // 2
    after_itself, after_others = scored.copy(), scored.copy()
    with contextlib.suppress(Exception):  # half of the rows may be too few for it
        for seen in (half, ~half):
            here = np.flatnonzero(seen)
            subject.score_of(estimator, rows_of(X, here), rows_of(y, here))
            said = np.asarray(estimator.predict(X))
            after_itself[seen], after_others[~seen] = said[seen], said[~seen]
    return after_itself, after_others


def _is_the_users(subject, estimator):
    """Whether the score is of the user's own making; libraries' own look at the targets."""
    scorer = next(iter(subject.scorers.values()))
    if not isinstance(scorer, _PassthroughScorer):
        return not isinstance(scorer, _BaseScorer)
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    return type(last).score.__module__.partition(".")[0] not in _LIBRARIES


def _is_blind(subject, estimator, X, y, score):
    for other in other_targets(y, subject.is_classification):
        try:
            if subject.score_of(estimator, X, other) != score:
                return False
        except Exception:  # noqa: BLE001 - which it would not raise if it did not look
            return False
    return True


def _digests(estimator, X):
    """Digests of rows as they are and, behind a pipeline, as its last step gets them."""
    estimator = getattr(estimator, "regressor_", estimator)
    digests = [row_digests(X)]
    if len(getattr(estimator, "steps", ())) > 1:
        with contextlib.suppress(Exception):  # a user's steps; the rows as they are remain
            digests.append(row_digests(estimator[:-1].transform(X)))
    digests = [each for each in digests if each is not None]
    return np.concatenate(digests) if digests else None


@contextlib.contextmanager
def _predicted():
    """Digests of the rows that models get in the block, whatever an estimator makes of its own,
    and what they return."""
    owner = next(each for each in keras.Model.__mro__ if "predict" in vars(each))
    original, found = vars(owner)["predict"], []

    @functools.wraps(original)
    def predict(model, x, *args, **kwargs):
        outputs = original(model, x, *args, **kwargs)
        found.append((row_digests(x), outputs))
        return outputs

    owner.predict = predict
    try:
        yield found
    finally:
        owner.predict = original


def _seed(estimator, seed):
    named = [
        name
        for name, value in estimator.get_params().items()
        if (name.rpartition("__")[2] == "random_state" and (value is None or _is_whole(value)))
        or (name.rpartition("__")[2] == "seed" and _is_whole(value))
    ]
    estimator.set_params(**dict.fromkeys(named, seed))


def _is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def told(estimator):
    """Constructor parameters as they are now: plain data, and of the rest the types."""
    return {name: described(value) for name, value in estimator.get_params().items()}


def described(value):
    """Plain data as it is; functions, classes and objects by their names."""
    if isinstance(value, dict):
        return {key: described(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [described(each) for each in value]
    if isinstance(value, float) and math.isnan(value):
        return "nan"  # which is not equal to itself: SimpleImputer has one among its parameters
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return value.__qualname__ if inspect.isroutine(value) else type(value).__qualname__


def differing(before, after):
    """Which parameters differ, in words; seeds may."""
    return sorted(
        f"{name}: {value!r} became {after[name]!r}"
        for name, value in before.items()
        if name in after and after[name] != value and name.split("__")[-1] != "random_state"
    )


@contextlib.contextmanager
def untouched(subject):
    """Put back after the block what fits may have changed of the user's own objects.

    These are the weights of models, the variables of optimizers and the state of callbacks that
    fits of the block met, the mutable parameters of the estimator, and what its code keeps on
    classes and in modules.

    Yields
    ------
    Starts
    """
    parameters = subject.estimator.get_params() if subject.has_folds else {}
    kept = list(_containers([*parameters.values(), *subject.fit_params.values()]))
    tried = [value for candidate in subject.candidates for value in candidate.values()]
    outside = Outside([subject.estimator, parameters, subject.fit_params, tried])
    with Starts(outside) as starts:
        try:
            yield starts
        finally:
            for value, before in kept:
                value.clear()
                value.update(before) if isinstance(value, dict) else value.extend(before)


def _containers(values):
    """Each dict and list among values, however deep, with a copy of what it holds."""
    for value in values:
        if isinstance(value, dict | list):
            yield value, copy.copy(value)
            yield from _containers(value.values() if isinstance(value, dict) else value)
