"""Intervals of effects hold what they promise; undecided ones are looked at twice."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.model_selection import KFold
from trained import X, Y, answering, made_up

from helpers.diagnosis.effects import compared, of_trials, paired, settled, with_effects
from helpers.diagnosis.findings import Finding, Fix
from helpers.diagnosis.registry import NotApplicable
from helpers.diagnosis.trials import Trial

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


# Row by row


def drawn(rng, n):
    """Two columns whose signs make the label together, one in ten wrong, and four columns more."""
    X = rng.normal(size=(n, 6))
    y = np.sign(X[:, 0] * X[:, 1])
    return X, np.where(rng.random(n) < 0.1, -y, y)


def net(rng, X, y, width):
    """A net whose hidden weights are drawn and stay: as much seed as a real one, in 0.1 ms."""
    inner, bias = rng.normal(size=(X.shape[1], width)), rng.normal(size=width)

    def hidden(X):
        return np.maximum(X @ inner + bias, 0)

    H = hidden(X)
    outer = np.linalg.solve(H.T @ H + np.eye(width), H.T @ y)
    return lambda X: np.sign(hidden(X) @ outer)


def truth(widths, n_train):
    rng = np.random.default_rng(1)
    X, y = drawn(rng, 4000)
    gains = []
    for _ in range(500):
        rows = drawn(rng, n_train)
        hits = [np.mean(net(rng, *rows, width)(X) == y) for width in widths]
        gains.append(hits[1] - hits[0])
    return np.mean(gains)


def of_nets(widths, n_rows, n_folds, n_seeds, *, repetitions=300):
    """Shares of intervals that hold the true gain of the second width, and that lie above it."""
    rng, gain = np.random.default_rng(0), truth(widths, n_rows - n_rows // n_folds)
    holds = above = 0
    for _ in range(repetitions):
        X, y = drawn(rng, n_rows)
        hits = np.empty((2, n_seeds, n_folds, n_rows // n_folds))
        for fold, test in enumerate(np.split(rng.permutation(n_rows), n_folds)):
            train = np.setdiff1d(np.arange(n_rows), test)
            for seed in range(n_seeds):
                for arm, width in enumerate(widths):
                    hits[arm, seed, fold] = net(rng, X[train], y[train], width)(X[test]) == y[test]
        scores = hits.mean(axis=3)
        examination = SimpleNamespace(
            scores=scores[:, 0], subject=SimpleNamespace(test_fraction=1 / (n_folds - 1))
        )
        rows = list((hits[1] - hits[0]).mean(axis=0))
        low, high = paired(scores[1], scores[0], examination, rows=rows).interval
        holds += low <= gain <= high
        above += low > gain
    return holds / repetitions, above / repetitions


@pytest.mark.parametrize(
    "shape", [(90, 3, 1), (90, 3, 5), (240, 3, 1), (240, 5, 1)], ids=lambda each: str(each)
)
@pytest.mark.parametrize("widths", [(5, 30), (20, 20)], ids=["gain", "no gain"])
def test_intervals_of_rows_hold_the_gain_on_fresh_rows(widths, shape):
    """300 repetitions of 95 % end above 92 in 99 of 100 runs, those of 2.5 % below 5."""
    holds, above = of_nets(widths, *shape)
    assert holds >= 0.92
    assert above <= 0.05


def test_rows_make_intervals_of_three_folds_shorter():
    examination = made_up([[0.5, 0.51, 0.52], [0.51, 0.5, 0.52]])
    rng = np.random.default_rng(0)
    rows = [rng.choice([0.0, 1.0], 100, p=[0.7, 0.3]) for _ in range(3)]
    gained = [each.mean() for each in rows]
    gained[0] += 0.1  # folds that differ: three of them tell little of how much
    spans = [
        np.ptp(paired(gained, np.zeros(3), examination, rows=given).interval)
        for given in (None, rows)
    ]
    assert spans[1] < spans[0] / 2


def test_trials_are_compared_by_their_rows_where_these_make_up_the_score():
    cv = KFold(3)
    examination = made_up(np.full((2, 3), 0.5), cv=cv)
    rng = np.random.default_rng(0)

    def made(share, score=None):
        told = []
        for fold, (_, test) in enumerate(cv.split(X)):
            predictions = np.where(rng.random(len(test)) < share, Y[test], 1 - Y[test])
            right = np.mean(predictions == Y[test])
            told.append(
                Trial(0, fold, {}, {"score": score or right}, predictions=predictions)
            )  # fmt: skip
        return told

    good, bad, odd = made(0.9), made(0.6), made(0.6, score=0.1)
    by_rows = of_trials(good, bad, examination)
    scores = [[trial.score for trial in each] for each in (good, bad)]
    assert by_rows.mean == pytest.approx(np.subtract(*scores).mean())
    assert by_rows.interval != paired(*scores, examination).interval
    odd_scores = [[trial.score for trial in each] for each in (good, odd)]
    assert of_trials(good, odd, examination).interval == paired(*odd_scores, examination).interval


# More seeds


def trials(scores):
    return [Trial(0, fold, {}, {"score": score}) for fold, score in enumerate(scores)]


def undecided(budget, gain=0.05):
    rng = np.random.default_rng(3)
    table = 0.5 + rng.normal(0, 0.02, (2, 3))
    examination = answering(made_up(table), lambda *_, **__: 0.0, budget)
    asked = []

    def arm(higher):
        def fitted(fold, seed):
            asked.append((fold, seed))
            score = 0.5 + higher + 0.002 * np.sin(5 * fold + 3 * seed)
            return Trial(0, fold, {}, {"score": score})

        return fitted

    first, second = trials([0.5, 0.62, 0.5]), trials([0.5, 0.5, 0.47])
    return examination, (first, second, (arm(gain), arm(0.0))), asked


def test_an_undecided_effect_is_settled_by_more_seeds():
    examination, told, asked = undecided(100)
    once = of_trials(told[0], told[1], examination, n_looks=2)
    effect = settled(examination, *told)
    assert {seed for _, seed in asked} == {1, 2, 3, 4}
    assert len(asked) == 24
    assert effect.interval[0] > once.interval[0]


def test_what_is_decided_or_not_worth_it_costs_nothing():
    examination, told, asked = undecided(100)
    settled(examination, trials([0.9, 0.9, 0.9]), trials([0.5, 0.5, 0.5]), told[2])
    settled(examination, trials([0.5, 0.45, 0.5]), trials([0.5, 0.5, 0.5]), told[2])
    assert not asked


def test_without_budget_the_first_look_stands():
    examination, told, asked = undecided(0)
    effect = settled(examination, *told)
    assert not asked
    assert effect.interval == of_trials(*told[:2], examination, n_looks=2).interval


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
