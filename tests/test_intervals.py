"""The intervals cover what they say they cover, and refuse what they cannot answer."""

import math

import numpy as np
import pytest
from scipy import stats
from sklearn.model_selection import KFold

from helpers.intervals import mean_interval, paired_interval

N_SIMULATIONS = 4000
# Standard error of a coverage of 0.95 over 4000 simulations: 0.0034. Four of them, both sides: a
# correct interval fails one seed in 16,000, and the seed is fixed.
TOLERANCE = 4 * math.sqrt(0.95 * 0.05 / N_SIMULATIONS)


def coverage(draw, truth, **options):
    intervals = [paired_interval(draw(), **options) for _ in range(N_SIMULATIONS)]
    return np.mean([low <= truth <= high for _, low, high in intervals])


@pytest.mark.parametrize("n", [2, 5, 20])
@pytest.mark.parametrize("confidence", [0.95])
def test_independent_differences_are_covered_as_often_as_stated(n, confidence):
    random = np.random.default_rng(n)
    share = coverage(lambda: random.normal(0.3, 2.0, n), 0.3, confidence=confidence)
    assert abs(share - confidence) < TOLERANCE


def correlated_folds(random, n_folds, correlation):
    """Differences with variance 1 and one common correlation, true mean 0."""
    shared = math.sqrt(correlation) * random.normal()
    return shared + math.sqrt(1 - correlation) * random.normal(size=n_folds)


@pytest.mark.parametrize("n_folds", [5, 10])
def test_the_correction_covers_folds_as_correlated_as_it_assumes(n_folds):
    # Nadeau and Bengio put the correlation at test / (test + training) rows: 1 / k for k folds.
    random = np.random.default_rng(n_folds)

    def draw():
        return correlated_folds(random, n_folds, 1 / n_folds)

    assert abs(coverage(draw, 0.0, test_fraction=1 / (n_folds - 1)) - 0.95) < TOLERANCE
    assert coverage(draw, 0.0) < 0.95 - 4 * TOLERANCE  # what the plain t would have claimed


def fold_scores(random, n_rows=60, n_folds=5, n_repeats=3):
    """Real cross-validation: error of the training mean, less its expectation over data sets."""
    rows = random.normal(size=n_rows)
    scores = []
    for repeat in range(n_repeats):
        folds = KFold(n_folds, shuffle=True, random_state=repeat)
        for train, test in folds.split(rows):
            scores.append(np.mean((rows[test] - rows[train].mean()) ** 2))
    return scores


def test_repeated_folds_of_real_data_are_not_overstated():
    random = np.random.default_rng(0)
    truth = 1 + 1 / 48  # variance of a row plus variance of the mean of 48 training rows
    draws = [fold_scores(random) for _ in range(400)]
    plain, corrected = (
        np.mean(
            [
                low <= truth <= high
                for _, low, high in (paired_interval(d, test_fraction=f) for d in draws)
            ]
        )
        for f in (None, 1 / 4)
    )
    # 400 simulations: standard error of a coverage of 0.95 is 0.011, of 0.6 it is 0.025.
    assert corrected > 0.95 - 4 * 0.011
    assert plain < 0.8


def test_it_is_scipys_interval_when_nothing_overlaps():
    values = np.random.default_rng(1).normal(size=9)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    assert paired_interval(values, confidence=0.9)[1:] == pytest.approx(tuple(expected))


def test_the_correction_widens_by_the_stated_factor():
    values = [0.1, 0.2, 0.4, 0.1, 0.3]
    plain, corrected = paired_interval(values), paired_interval(values, test_fraction=0.25)
    ratio = (corrected.high - corrected.low) / (plain.high - plain.low)
    assert ratio == pytest.approx(math.sqrt((1 / 5 + 0.25) / (1 / 5)))


@pytest.mark.parametrize("value", [0.1, 29, -3.3, True])
def test_exact_differences_give_a_point(value):
    assert paired_interval([value] * 3, test_fraction=0.5) == (value, value, value)


def test_the_mean_of_repetitions_is_the_same_interval():
    assert mean_interval([1.0, 2.0, 4.0]) == paired_interval([1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("differences", "options", "error", "message"),
    [
        ([0.3], {}, ValueError, r"differences of shape \(1,\): an interval needs .* >= 2"),
        ([], {}, ValueError, r"differences of shape \(0,\)"),
        ([[1.0, 2.0]], {}, ValueError, r"differences of shape \(1, 2\)"),
        ([1.0, float("nan")], {}, ValueError, "differences: 1 of 2 are not finite"),
        (["a", "b"], {}, TypeError, "differences: expected numbers"),
        ([1.0, 2.0], {"confidence": 95}, ValueError, "confidence=95: accepts"),
        ([1.0, 2.0], {"confidence": "0.9"}, ValueError, "confidence='0.9': accepts"),
        ([1.0, 2.0], {"test_fraction": 0}, ValueError, "test_fraction=0: accepts"),
        ([1.0, 2.0], {"test_fraction": float("inf")}, ValueError, "test_fraction=inf"),
    ],
)
def test_bad_input_is_named(differences, options, error, message):
    with pytest.raises(error, match=message):
        paired_interval(differences, **options)


def test_bad_values_are_named_as_the_caller_named_them():
    with pytest.raises(ValueError, match="values of shape"):
        mean_interval([1.0])
