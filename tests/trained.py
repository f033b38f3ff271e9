"""A user's own class around Keras, as small as they come, and data that it learns at once."""

import contextlib
import warnings
from types import SimpleNamespace

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import GridSearchCV

from helpers.diagnosis import subject as subjects
from helpers.diagnosis.examination import Budget, Examination
from helpers.diagnosis.trials import Trial, untouched
from helpers.fit_record import FitRecord
from helpers.quiet import keras
from helpers.randomness import preserved

__all__ = [
    "Own", "X", "Y", "answering", "built", "finding_of", "made_up", "observed", "record",
]  # fmt: skip

RNG = np.random.default_rng(0)
Y = np.tile([0, 1, 2], 20)
X = (RNG.normal(size=(60, 4)) + np.eye(4)[Y] * 2).astype(np.float32)


def built(
    learning_rate=0.1, optimizer=None, loss="sparse_categorical_crossentropy", metrics=None,
    run_eagerly=True,
):  # fmt: skip
    """A compiled classifier of three classes; eager, since tracing is most of a short fit."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
    model.compile(
        optimizer or keras.optimizers.SGD(learning_rate), loss, metrics=metrics,
        run_eagerly=run_eagerly,
    )  # fmt: skip
    return model


class Own(ClassifierMixin, BaseEstimator):
    """Calls what builds the model with the learning rate, and trains it."""

    def __init__(
        self, build=built, learning_rate=0.1, epochs=1, batch_size=32, callbacks=None, seed=0,
        settings=None, validation_split=0.0,
    ):  # fmt: skip
        self.build = build
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.callbacks = callbacks
        self.seed = seed
        self.settings = settings
        self.validation_split = validation_split

    def fit(self, X, y, sample_weight=None):
        if self.seed is not None:
            keras.utils.set_random_seed(self.seed)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        self.model_ = self.build(self.learning_rate)
        self.model_.fit(
            np.asarray(X), numbers, epochs=self.epochs, batch_size=self.batch_size, verbose=0,
            callbacks=self.callbacks, sample_weight=sample_weight,
            validation_split=self.validation_split,
        )  # fmt: skip
        return self

    def predict_proba(self, X):
        return np.asarray(self.model_(np.asarray(X)))

    def predict(self, X):
        return self.classes_[self.predict_proba(X)[:, : len(self.classes_)].argmax(axis=1)]


def observed(search, X=X, y=Y, *, budget=0, delta=None, check, **options):
    """Findings of one check on a search, by code, and the examination; state is put back."""
    if not hasattr(search, "cv"):
        search = GridSearchCV(search, {"learning_rate": [0.1, 0.2]}, cv=2)
    with preserved(0), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subject = subjects.read(search, X, y, **options)
        with untouched(subject) as starts:
            examination = Examination(subject, Budget(fits=budget), delta, starts)
            examination.observe()
            return finding_of(check, examination), examination


def finding_of(check, examination):
    """Findings by code."""
    return {finding.code: finding for finding in check(examination)}


def record(**fields):
    """A made-up record of a fit of three epochs, nothing of it remarkable."""
    told = {
        "model_id": 0, "optimizer_id": 0, "callbacks": [], "epochs_asked": 3, "epochs_run": 3,
        "train_rows": np.arange(40, dtype=np.uint64), "val_rows": None, "learning_rate_given": 0.1,
        "steps": 2, "batch_size": 20, "seconds": 0.1, "history": {"loss": [1.0, 0.6, 0.5]},
        "facts": {"architecture": "a", "optimizer": "o", "loss": "mse"}, "iterations_start": 0,
    }  # fmt: skip
    return FitRecord(**told | fields)


def made_up(scores, candidates=None, *, X=X, y=Y, records=None, predictions=None, cv=3):
    """An examination of fits that never were: scores by candidate and fold, one record each."""
    scores = np.asarray(scores, dtype=float)
    candidates = candidates or [{"learning_rate": 0.1 * (1 + n)} for n in range(len(scores))]
    grid = [{key: [value] for key, value in each.items()} for each in candidates]
    subject = subjects.read(GridSearchCV(Own(), grid, cv=cv), X, y)
    examination = Examination(subject, Budget(fits=0))
    for (candidate, fold), score in np.ndenumerate(scores):
        seen = record() if records is None else records(candidate, fold)
        trial = Trial(
            candidate, fold, dict(subject.candidates[candidate]), {"score": score}, [seen],
            seconds=0.1, predictions=None if predictions is None else predictions(fold),
        )  # fmt: skip
        examination.trials.append(trial)
        examination.recorder.fits.append(seen)
    examination.is_complete = True
    return examination


def answering(examination, score, budget=100):
    """Let further fits of a made-up examination score ``score(candidate, fold, **told)``.

    What is told: the arguments of the fit, and the settings of `Starts.changed` around it.
    """
    settings = {}

    @contextlib.contextmanager
    def changed(**given):
        settings.update(given)
        try:
            yield
        finally:
            settings.clear()

    def fit(candidate, fold, *, times=1.0, **options):
        examination.require(1, times)
        examination.budget.spent_fits += 1
        told = {"params": None, "seed": None} | options | settings
        made = score(candidate, fold, **told)
        return Trial(candidate, fold, {}, {"score": made}, [record()], seconds=0.1)

    outside = SimpleNamespace(changed=list)
    examination.starts = SimpleNamespace(changed=changed, outside=outside)
    examination.fit = examination.fit_allowed = fit
    examination.budget.fits = budget
    return examination
