"""Intervals of effects hold what they promise; undecided ones are looked at twice."""

from types import SimpleNamespace

import numpy as np
import pytest
from trained import answering, made_up

from helpers.diagnosis.effects import compared, paired, settled, with_effects
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable

REPETITIONS = 2000


def coverage(draw, *, n_candidates=3, n_folds=3, n_seeds=1, repetitions=REPETITIONS, n_looks=1):
    """How often the interval holds 0, over tables of candidate, fold and seed without an effect.

    Scores are of the candidate, of the fold, and of the seed; what two ways to train differ by
    beyond seeds, row by row, is drawn by ``draw(rng)`` for each fold.
    """
    rng, held = np.random.default_rng(0), 0
    for _ in range(repetitions):
        common = rng.normal(0, 0.03, n_folds)
        table = rng.normal(0, 0.05, (n_candidates, 1)) + common
        table = table + rng.normal(0, 0.01, (n_candidates, n_folds))
        examination = SimpleNamespace(
            scores=table, subject=SimpleNamespace(test_fraction=1 / (n_folds - 1))
        )
        first = common + draw(rng, n_folds) + rng.normal(0, 0.01, (n_seeds, n_folds))
        second = common + rng.normal(0, 0.01, (n_seeds, n_folds))
        low, high = paired(first, second, examination, n_looks=n_looks).interval
        held += low <= 0 <= high
    return held / repetitions


def nothing(rng, n_folds):
    return np.zeros(n_folds)


def rows(spread):
    """Effects of rows: folds share training rows, so theirs correlate by the share of test rows."""

    def draw(rng, n_folds):
        shared = 1 / n_folds
        own = rng.normal(0, spread, n_folds)
        return np.sqrt(shared) * rng.normal(0, spread) + np.sqrt(1 - shared) * own

    return draw


SHORT = pytest.mark.xfail(
    strict=True,
    reason="three folds tell too little of the spread of rows: 88 to 89 % where rows differ more "
    "than seeds do",
)


@pytest.mark.parametrize(
    ("draw", "shape"),
    [
        (nothing, {}),
        (nothing, {"n_folds": 5}),
        (nothing, {"n_seeds": 5}),
        (nothing, {"n_candidates": 1}),
        (nothing, {"n_candidates": 8}),
        (rows(0.005), {}),
        (rows(0.01), {}),
        (rows(0.02), {"n_candidates": 1}),
        pytest.param(rows(0.02), {}, marks=SHORT),
        pytest.param(rows(0.05), {}, marks=SHORT),
        (rows(0.05), {"n_folds": 5, "n_seeds": 5}),
    ],
    ids=["seeds", "5 folds", "5 seeds", "1 candidate", "8 candidates", "half of seeds", "as seeds",
         "rows, 1 candidate", "twice seeds", "5 times seeds", "5 times, 5 folds and seeds"],
)  # fmt: skip
def test_intervals_cover_nothing_where_nothing_is(draw, shape):
    """Null: no difference in the mean. 2000 repetitions of 95 % end above 94 in 98 of 100 runs."""
    assert coverage(draw, **shape) >= 0.93


def test_intervals_are_not_wider_than_needed():
    assert coverage(nothing) <= 0.985


def test_two_looks_are_paid_for():
    assert coverage(nothing, n_looks=2) >= 0.965


def test_an_effect_without_spread_is_certain():
    examination = made_up([[0.5, 0.6, 0.7], [0.4, 0.5, 0.6]])
    effect = paired([0.9, 0.9, 0.9], [0.8, 0.8, 0.8], examination)
    assert effect.mean == pytest.approx(0.1)
    assert effect.interval == pytest.approx((0.1, 0.1))


def test_failed_candidates_tell_nothing_of_the_spread():
    examination = made_up([[0.5, 0.6, 0.7], [np.nan] * 3])
    low, high = paired([0.9, 0.8, 0.9], [0.8, 0.8, 0.8], examination).interval
    assert np.isfinite([low, high]).all()
    assert low < high


# More seeds


def undecided(budget, gain=0.05):
    rng = np.random.default_rng(3)
    table = 0.5 + rng.normal(0, 0.02, (2, 3))
    examination = answering(made_up(table), lambda *_, **__: 0.0, budget)
    asked = []

    def arm(higher):
        def score(fold, seed):
            asked.append((fold, seed))
            return 0.5 + higher + 0.002 * np.sin(5 * fold + 3 * seed)

        return score

    first, second = [0.5, 0.62, 0.5], [0.5, 0.5, 0.47]
    return examination, (first, second, [0, 1, 2], (arm(gain), arm(0.0))), asked


def test_an_undecided_effect_is_settled_by_more_seeds():
    examination, told, asked = undecided(100)
    once = paired(told[0], told[1], examination, n_looks=2)
    effect = settled(examination, *told)
    assert {seed for _, seed in asked} == {1, 2, 3, 4}
    assert len(asked) == 24
    assert effect.interval[0] > once.interval[0]


def test_what_is_decided_or_not_worth_it_costs_nothing():
    examination, told, asked = undecided(100)
    settled(examination, [0.9, 0.9, 0.9], [0.5, 0.5, 0.5], *told[2:])
    settled(examination, [0.5, 0.45, 0.5], [0.5, 0.5, 0.5], *told[2:])
    assert not asked


def test_without_budget_the_first_look_stands():
    examination, told, asked = undecided(0)
    effect = settled(examination, *told)
    assert not asked
    assert effect.interval == paired(*told[:2], examination, n_looks=2).interval


# All fits once more


def shared(changed, budget=100):
    table = np.array([[0.8, 0.82, 0.81], [0.7, 0.71, 0.73]])

    def score(candidate, fold, is_fresh=False, **_):
        return changed[candidate] + 0.01 * fold if is_fresh else table[candidate, fold]

    return answering(made_up(table), score, budget)


def test_scores_are_compared_with_those_of_fresh_starts():
    effect = compared(shared((0.5, 0.6)), is_fresh=True)
    assert effect.mean == pytest.approx(np.mean([0.81, 0.7133]) - 0.56, abs=1e-3)
    assert effect.interval[0] < effect.mean < effect.interval[1]
    assert (effect.winner_changes, effect.regret) == (True, pytest.approx(0.1))


def test_a_comparison_that_cannot_be_paid_is_none():
    with pytest.raises(NotApplicable, match="6 more fits"):
        compared(shared((0.5, 0.6), budget=5), is_fresh=True)


def test_proved_state_gets_its_effect_and_nothing_else_does():
    fix = Fix("")
    state = Finding("state/shared-weights", "fault", "serious", "", fix)
    other = Finding("search/all-tied", "fault", "serious", "", fix)
    changed, same = with_effects(shared((0.5, 0.6)), [state, other])
    assert changed.effect > 0.1
    assert changed.evidence["winner_changes"]
    assert same is other
    assert with_effects(shared((0.5, 0.6), budget=0), [state, other]) == [state, other]
