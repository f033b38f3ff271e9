"""A search is run whole or, if it takes too long, as a smaller one; fits are paid for."""

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from trained import Own, X, Y

from helpers.diagnosis import examination as examinations
from helpers.diagnosis import subject as subjects
from helpers.diagnosis.examination import Budget, Examination
from helpers.diagnosis.registry import NotApplicable
from helpers.diagnosis.trials import Trial

RATES = [0.1, 0.2, 0.3, 0.4, 0.5]


@pytest.fixture
def slow(monkeypatch):
    """Fits of ten seconds that never were; the first takes longer, as the first of a process."""

    def run_trial(subject, candidate, fold, *, recorder=None, **_):
        seconds = 30.0 if (candidate, fold) == (0, 0) else 10.0
        return Trial(candidate, fold, {}, {"score": 0.1 * candidate}, seconds=seconds)

    monkeypatch.setattr(examinations, "run_trial", run_trial)


def examined(seconds=None, fits=None, cv=4):
    search = GridSearchCV(Own(), {"rate": RATES}, cv=cv)
    return Examination(subjects.read(search, X, Y), Budget(fits, seconds))


@pytest.mark.parametrize(
    ("seconds", "n_splits", "rates"),
    [
        (200.0, 4, RATES),
        (160.0, 3, RATES),
        (110.0, 2, RATES),
        (60.0, 2, [0.1, 0.3, 0.5]),
        (1.0, 2, [0.1]),
    ],
    ids=["all", "fewer folds", "two folds", "fewer candidates", "one candidate"],
)
def test_of_a_search_that_takes_too_long_a_part_is_run(slow, seconds, n_splits, rates):
    examination = examined(seconds)
    examination.observe()
    assert [each["rate"] for each in examination.subject.candidates] == rates
    assert examination.scores.shape == (len(rates), n_splits)
    assert np.isfinite(examination.scores).all()
    assert examination.is_complete == (seconds == 200.0)
    assert (examination.refit is not None) == examination.is_complete


def test_a_budget_of_fits_bounds_no_search(slow):
    examination = examined(fits=0)
    examination.observe()
    assert examination.is_complete


def test_candidates_that_turn_out_slower_end_the_search(slow, monkeypatch):
    monkeypatch.setattr(Examination, "_is_late", lambda self, began: True)
    examination = examined(200.0)
    examination.observe()
    assert examination.scores.shape == (2, 4)
    assert not examination.is_complete


def test_further_fits_are_paid_for(slow):
    examination = examined(fits=1)
    examination.observe()
    assert examination.fit(0, 0).score == 0.0
    assert examination.budget.spent_fits == 1
    with pytest.raises(NotApplicable, match=r"1 more fits of about 10\.0 s each are beyond"):
        examination.fit(0, 0)
