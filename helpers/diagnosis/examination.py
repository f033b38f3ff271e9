"""The search as it ran under the recorder, and what further fits may still be spent."""

import contextlib
import time

import numpy as np
from scipy.stats import rankdata

from helpers.diagnosis.registry import NotApplicable
from helpers.diagnosis.starts import Starts
from helpers.diagnosis.trials import run_trial
from helpers.recorder import FitRecorder

__all__ = ["Budget", "Examination"]


class Budget:
    """Fits or seconds that may be spent beyond observing the search.

    Parameters
    ----------
    fits : int or None
    seconds : float or None
    """

    def __init__(self, fits=None, seconds=None):
        self.fits, self.seconds = fits, seconds
        self.spent_fits, self.began = 0, time.perf_counter()

    @property
    def spent_seconds(self):
        return time.perf_counter() - self.began

    def is_spent(self, share):
        """Whether this share of it is gone: what one check may take, so that others can run."""
        if self.fits is not None:
            return self.spent_fits > share * self.fits
        return self.seconds is not None and self.spent_seconds > share * self.seconds

    def left(self, share):
        """Seconds that are left of this share of it; None where seconds do not count."""
        return None if self.seconds is None else share * self.seconds - self.spent_seconds

    def allows(self, n_fits, seconds_each, share=1.0):
        """Whether so many fits of such a length can still be paid, from this share of it."""
        if self.fits is not None and self.spent_fits + n_fits > share * self.fits:
            return False
        seconds = n_fits * seconds_each
        return self.seconds is None or self.spent_seconds + seconds <= share * self.seconds


class Examination:
    """What every check is given.

    Attributes
    ----------
    subject : Subject
    trials : list of Trial
        The search's own fits, in its order: candidate by candidate, fold by fold.
    refit : Trial or None
        The fit on all rows that follows them.
    recorder : FitRecorder
        Of all of them.
    budget : Budget
    delta : float
        Practical margin.
    starts : Starts
        Lets further fits start fresh or train for longer.
    listed : list of dict
        All candidates of the search, those that were beyond the budget included.
    n_left_out : int
        How many were beyond it.
    known : dict of str to list of Finding
        By the name of the check that found them.
    remedies : dict of str to Remedy
        By code, what undoes a fault in further fits: see `helpers.diagnosis.attribution`.
    """

    def __init__(self, subject, budget, delta=None, starts=None):
        self.subject, self.budget, self._delta = subject, budget, delta
        self.starts = Starts() if starts is None else starts
        self.trials, self.refit, self.recorder = [], None, FitRecorder()
        self.listed = list(subject.candidates)
        self.observed_seconds, self.is_complete, self.n_left_out = 0.0, False, 0
        self.known, self.remedies = {}, {}

    def observe(self):
        """Run the search under the recorder; of one that takes too long, what can be paid.

        What is left out then is left out of the subject too: a smaller search of fewer folds, two
        at least, and of candidates from all over the grid.
        """
        subject, began = self.subject, time.perf_counter()
        n_candidates, n_splits = len(subject.candidates), len(subject.splits)
        # The first fit of a process takes longer than any later one.
        self.trials += [self._observed(0, fold) for fold in range(min(2, n_splits))]
        self._cut_down(self.trials[-1].seconds)
        for candidate in range(len(subject.candidates)):
            if candidate > 1 and self._is_late(began):
                subject.candidates = subject.candidates[:candidate]
                break
            done = len(self.of(candidate))
            self.trials += [
                self._observed(candidate, fold) for fold in range(done, len(subject.splits))
            ]
        observed = len(subject.candidates), len(subject.splits)
        self.is_complete = observed == (n_candidates, n_splits)
        self.n_left_out = n_candidates - observed[0]
        best = self.best
        if getattr(self.subject.search, "refit", False) and best is not None and self.is_complete:
            self.refit = self._observed(best, None)
        self.observed_seconds = time.perf_counter() - began
        self.budget.began = time.perf_counter()

    def _cut_down(self, seconds):
        """Leave out folds, then candidates, so that fits of this length stay within the budget."""
        subject, limit = self.subject, self.budget.seconds
        n_candidates, n_splits = len(subject.candidates), len(subject.splits)
        if limit is None or n_candidates * n_splits * seconds <= limit:
            return
        n_fits = limit / seconds
        n_folds = int(np.clip(n_fits // n_candidates, min(2, n_splits), n_splits))
        n_left = int(np.clip(n_fits // n_folds, 1, n_candidates))
        chosen = np.unique(np.linspace(0, n_candidates - 1, n_left).round().astype(int))
        subject.splits = subject.splits[:n_folds]
        subject.candidates = [subject.candidates[each] for each in chosen]

    def _is_late(self, began):
        limit = self.budget.seconds
        return limit is not None and time.perf_counter() - began > limit

    def _observed(self, candidate, fold):
        return run_trial(self.subject, candidate, fold, recorder=self.recorder)

    @property
    def scores(self):
        """Scores of shape (n_candidates, n_splits); NaN where none is known.

        Of the fits made here; where none were made, those that the search came with.
        """
        if not self.trials and self.subject.results is not None:
            return self.subject.results.scores
        table = np.full((len(self.subject.candidates), len(self.subject.splits)), np.nan)
        for trial in self.trials:
            table[trial.candidate, trial.fold] = trial.score
        return table

    @property
    def means(self):
        """Mean score of each candidate; NaN if one of its folds has none, as in a search."""
        return self.scores.mean(axis=1)

    @property
    def best(self):
        """The candidate that the search chooses: the first of the best, or what its own `refit`
        says; None if all are NaN."""
        means = self.means
        if np.isnan(means).all():
            return None
        chooses = self.trials and callable(getattr(self.subject.search, "refit", None))
        if chooses and not np.isnan(means).any():
            with contextlib.suppress(Exception):  # the user's; it may want times, or train scores
                return int(self.subject.search.refit(self._results()))
        return int(np.nanargmax(means))

    def _results(self):
        """As far as scores go, the `cv_results_` of the search."""
        names = list(self.trials[0].scores)
        results = {"params": [dict(each) for each in self.subject.candidates]}
        for name in names:
            table = np.full_like(self.scores, np.nan)
            for trial in self.trials:
                table[trial.candidate, trial.fold] = trial.scores.get(name, np.nan)
            # A single score is named so, whatever its scorer.
            name = "score" if len(names) == 1 else name
            results[f"mean_test_{name}"] = table.mean(axis=1)
            results[f"std_test_{name}"] = table.std(axis=1)
            results[f"rank_test_{name}"] = rankdata(-table.mean(axis=1), method="min").astype(int)
            results |= {f"split{fold}_test_{name}": column for fold, column in enumerate(table.T)}
        for key in dict.fromkeys(key for each in results["params"] for key in each):
            results[f"param_{key}"] = np.array(
                [each.get(key) for each in results["params"]], dtype=object
            )
        return results

    @property
    def delta(self):
        """Practical margin: 0.01 or a quarter of the SD of the fold scores, unless given."""
        if self._delta is not None:
            return self._delta
        spread = np.nanmean(np.nanstd(self.scores, axis=1, ddof=1)) if self.scores.size else 0.0
        return float(max(0.01, 0.25 * (spread if np.isfinite(spread) else 0.0)))

    @property
    def seconds_a_fit(self):
        return float(np.median([trial.seconds for trial in self.trials])) if self.trials else 0.0

    @property
    def trial_of_fit(self):
        """The trial of each Keras fit, by the position of the fit in the recorder."""
        trials = [*self.trials, *([self.refit] if self.refit else [])]
        by_record = {id(record): trial for trial in trials for record in trial.records}
        return {n: by_record.get(id(record)) for n, record in enumerate(self.recorder.fits)}

    def of(self, candidate):
        return [trial for trial in self.trials if trial.candidate == candidate]

    def fit(self, candidate, fold, *, times=1.0, **options):
        """One more fit, paid from the budget.

        Parameters
        ----------
        times : float
            How much longer than a fit of the search it is expected to take.
        **options
            As for `fit_allowed`.

        Raises
        ------
        NotApplicable
            The budget does not allow it.
        """
        self.require(1, times)
        return self.fit_allowed(candidate, fold, **options)

    def fit_allowed(self, candidate, fold, *, subject=None, **options):
        """One of several fits that `require` has allowed together.

        Parameters
        ----------
        subject : Subject, default=None
            With other data or splits than the search's.
        **options
            As for `run_trial`.
        """
        self.starts.begin()
        trial = run_trial(subject or self.subject, candidate, fold, **options)
        self.budget.spent_fits += 1
        return trial

    def require(self, n_fits, times=1.0):
        """Raise `NotApplicable` unless so many fits can be paid."""
        if not self.budget.allows(n_fits, times * self.seconds_a_fit):
            raise NotApplicable(
                f"{n_fits} more fits of about {times * self.seconds_a_fit:.1f} s each are beyond "
                "the budget"
            )
