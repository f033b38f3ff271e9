"""Several faults are told apart: what mending each adds, alone and as the last."""

import numpy as np
import pytest
from examined import examined
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.neighbors import KNeighborsClassifier
from trained import answering, made_up

from helpers.diagnosis.attribution import Remedy, attributed
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.probes import Arm, stacked_splits
from helpers.diagnosis.starts import Starts

GROUPS, EPOCHS, LABELS = "leak/shared-groups", "budget/still-improving", "leak/fitted-on-all-rows"
DUPLICATES, WEIGHTS = "leak/duplicate-rows", "state/shared-weights"


def fault(code, verdict="fault"):
    return Finding(code, verdict, "serious", "It is there", Fix(""))


def clinics():
    """Rows of 80 groups whose labels are the group's: only splits that mix them can tell."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(80), 3)
    X = 4 * rng.standard_normal((80, 3))[groups] + 0.1 * rng.standard_normal((240, 3))
    return X, rng.integers(0, 2, 80)[groups], groups


def examination_of_clinics(budget=100):
    X, y, groups = clinics()
    given_away = np.c_[X, np.where(np.arange(240) < 200, 20 * y, 0)]
    search = GridSearchCV(
        KNeighborsClassifier(1), {"p": [2]}, cv=KFold(3, shuffle=True, random_state=0)
    )
    examination = examined(search, given_away, y, budget=budget)
    examination.starts = Starts()

    def without(splits):
        order = np.concatenate([np.r_[train, test] for train, test in splits])
        return Arm(X[order], y[order], stacked_splits(splits))

    apart = list(GroupKFold(3).split(X, y, groups))
    examination.remedies = {
        GROUPS: Remedy(splits=apart, clusters=groups), LABELS: Remedy(data=without),
    }  # fmt: skip
    return examination


def by_code(examination, *codes):
    made = attributed(examination, [fault(code) for code in codes])
    return {code: each for each in made for code in each.codes}


def test_a_fault_that_another_hides_shows_as_the_last():
    examination = examination_of_clinics()
    made = by_code(examination, GROUPS, LABELS)
    # Groups give all labels away: the column that gives most of them away adds nothing to that.
    assert made[LABELS].alone.mean == pytest.approx(0, abs=0.06)
    assert made[LABELS].last.high < -0.1
    assert made[GROUPS].last.high < -0.3
    assert made[GROUPS].last.mean < made[GROUPS].alone.mean
    assert examination.budget.spent_fits == 9


def test_what_both_add_is_the_same_in_either_order():
    made = by_code(examination_of_clinics(), GROUPS, LABELS)
    first, second = made[GROUPS], made[LABELS]
    assert first.alone.mean + second.last.mean == pytest.approx(
        second.alone.mean + first.last.mean, abs=0.01
    )


@pytest.mark.parametrize(
    "findings",
    [
        [],
        [fault(GROUPS)],
        [fault(GROUPS), fault(LABELS, "not the cause")],
        [fault(GROUPS), fault("search/edge-of-grid")],
    ],
)
def test_one_fault_needs_no_telling_apart(findings):
    examination = examination_of_clinics()
    assert attributed(examination, findings) == []
    assert examination.budget.spent_fits == 0


def test_nothing_is_begun_that_cannot_be_paid():
    examination = examination_of_clinics(budget=8)
    assert by_code(examination, GROUPS, LABELS) == {}
    assert examination.budget.spent_fits == 0


def test_of_two_other_splits_the_worse_fault_is_mended():
    examination = examination_of_clinics()
    other = Remedy(splits=examination.remedies[GROUPS].splits[::-1])
    examination.remedies["leak/future-rows"] = other
    assert set(by_code(examination, GROUPS, "leak/future-rows", LABELS)) == {GROUPS, LABELS}


def test_rows_left_out_of_training_go_with_other_splits():
    examination = examination_of_clinics()
    seen = []

    def narrowed(splits):
        seen.append(splits)
        return [(train[::2], test) for train, test in splits]

    examination.remedies[DUPLICATES] = Remedy(narrowed=narrowed)
    made = by_code(examination, GROUPS, DUPLICATES)
    assert made[GROUPS].alone is not None
    assert any(each is examination.remedies[GROUPS].splits for each in seen)


def chained(scores):
    """Fits that go on from each other, of too few epochs; ``scores`` by the settings of a fit."""

    def score(candidate, fold, is_fresh=False, epochs_factor=1, **_):
        return scores[is_fresh, epochs_factor]

    examination = answering(made_up(np.full((2, 3), scores[False, 1])), score)
    examination.fit_allowed = lambda candidate, fold, subject=None: examination.fit(candidate, fold)
    examination.remedies = dict.fromkeys(
        (EPOCHS, "budget/ranking-not-settled"), Remedy({"epochs_factor": 4})
    )
    return examination


def test_fits_that_go_on_from_each_other_are_mended_first():
    examination = chained({(False, 1): 0.9, (True, 1): 0.6, (True, 4): 0.8})
    made = by_code(examination, WEIGHTS, EPOCHS, "state/shared-callback")
    assert made[WEIGHTS] is made["state/shared-callback"]
    assert made[WEIGHTS].alone.mean == pytest.approx(-0.3)
    assert made[EPOCHS].last.mean == pytest.approx(0.2)
    assert (made[WEIGHTS].last, made[EPOCHS].alone) == (None, None)


def test_findings_of_one_remedy_are_one_fault():
    examination = chained({(False, 1): 0.6, (False, 4): 0.8})
    assert by_code(examination, EPOCHS, "budget/ranking-not-settled") == {}
