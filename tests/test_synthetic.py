"""Each synthetic set's claimed truth, measured.

Tolerances are four standard errors or more, the seeds are fixed: these tests are deterministic.
"""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier

from helpers import synthetic

GENERATORS = [
    synthetic.pure_noise,
    synthetic.patients,
    synthetic.xor_like,
    synthetic.series,
    synthetic.categories,
]
every_generator = pytest.mark.parametrize("generate", GENERATORS, ids=lambda one: one.__name__)
N_SEEDS = 4


def mean_score(generate, model, cv):
    """Mean accuracy over folds and seeds."""
    scores = []
    for seed in range(N_SEEDS):
        data = generate(random_state=seed).numeric()
        groups = data.groups if isinstance(cv, GroupKFold) else None
        scores.append(cross_val_score(model, data.X, data.y, groups=groups, cv=cv).mean())
    return np.mean(scores)


def parity_rule(X):
    return (X[:, 0] > 0) ^ (X[:, 1] > 0)


def diagonal_rule(X):
    return X.sum(axis=1) > 0


def categories_rule(X):
    even = X["category"].cat.codes.to_numpy() % 2 == 0
    along = X.drop(columns="category").sum(axis=1).to_numpy() / np.sqrt(5)
    return 0.5 * along + np.where(even, 1, -1) * np.log(0.55 / 0.45) > 0


@pytest.mark.parametrize(
    ("generate", "rule"),
    [
        (synthetic.patients, diagonal_rule),
        (synthetic.xor_like, parity_rule),
        (synthetic.series, diagonal_rule),
        (synthetic.categories, categories_rule),
    ],
    ids=lambda one: one.__name__,
)
def test_the_best_rule_scores_the_stated_truth(generate, rule):
    data = generate()
    X, y, _ = data.sample(40_000, 0)
    assert (rule(X) == y).mean() == pytest.approx(data.best_accuracy, abs=0.012)


@every_generator
class TestEveryGenerator:
    def test_classes_are_balanced(self, generate):
        assert generate().y.mean() == pytest.approx(0.5, abs=0.06)

    def test_fresh_rows_are_reproducible_and_new(self, generate):
        data = generate(random_state=7)
        X, y, _ = data.sample(200, 7)
        again, y_again, _ = data.sample(200, 7)
        np.testing.assert_array_equal(np.asarray(X), np.asarray(again))
        np.testing.assert_array_equal(y, y_again)
        trained_on = {row.tobytes() for row in data.numeric().X}
        fresh = data.numeric().sample(200, 7)[0]
        assert not any(row.tobytes() in trained_on for row in fresh)

    def test_fresh_rows_follow_the_parameters(self, generate):
        data = generate(100)
        X, _, groups = data.sample(60, 1)
        assert type(X) is type(data.X)
        assert X.shape == (60, data.X.shape[1])
        assert (groups is None) == (data.groups is None)

    def test_fresh_groups_are_new(self, generate):
        data = generate()
        groups = [data.groups, data.sample(60, 0)[2], data.sample(60, 1)[2]]
        if data.groups is None:
            assert groups == [None] * 3
        else:
            sizes = [len(set(one)) for one in groups]
            assert len(set().union(*map(set, groups))) == sum(sizes)

    def test_sample_can_be_pickled(self, generate):
        data = pickle.loads(pickle.dumps(generate()))
        np.testing.assert_array_equal(data.sample(50, 1)[1], generate().sample(50, 1)[1])

    @pytest.mark.parametrize("bad", [0, -5, 2.5, "many", None, True])
    def test_bad_n_samples(self, generate, bad):
        with pytest.raises((ValueError, TypeError), match=re.escape(f"n_samples={bad!r}: ")):
            generate(bad)

    def test_bad_seeds(self, generate):
        with pytest.raises(ValueError, match=r"random_state=-1: .* accepts an integer >= 0"):
            generate(random_state=-1)
        with pytest.raises(ValueError, match=r"seed=-1: sample of .* accepts an integer >= 0"):
            generate().sample(100, -1)
        with pytest.raises(ValueError, match=r"n_samples=1: sample of .* accepts an integer >= "):
            generate().sample(1, 0)


@pytest.mark.parametrize(
    ("generate", "bad", "message"),
    [
        (synthetic.pure_noise, {"n_classes": 1}, "n_classes=1: pure_noise accepts an integer >= 2"),
        (synthetic.patients, {"noise": -1}, "noise=-1: patients accepts a finite number >= 0"),
        (synthetic.patients, {"shift": "a"}, "shift='a': patients accepts a finite number >= 0"),
        (synthetic.xor_like, {"flip": 0.6}, "flip=0.6: xor_like accepts a number from 0 to 0.5"),
        (synthetic.xor_like, {"n_signs": 0}, "n_signs=0: xor_like accepts an integer >= 1"),
        (synthetic.series, {"memory": 0}, "memory=0: series accepts a finite number >= 1"),
        (synthetic.series, {"memory": np.inf}, "memory=inf: series accepts a finite number >= 1"),
        (synthetic.categories, {"tilt": 0.5}, "tilt=0.5: categories accepts a number from 0 to"),
        (synthetic.categories, {"n_levels": 1}, "n_levels=1: categories accepts an integer >= 2"),
    ],
)
def test_bad_parameters(generate, bad, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        generate(**bad)


def test_pure_noise_is_at_chance():
    score = mean_score(synthetic.pure_noise, LogisticRegression(max_iter=2000), 5)
    assert score == pytest.approx(0.5, abs=0.08)  # SE of 800 rows: 0.018


def test_patients_are_recognised_unless_they_are_kept_together():
    nearest = KNeighborsClassifier(1)
    shuffled = StratifiedKFold(5, shuffle=True, random_state=0)
    data = synthetic.patients()
    assert (pd.Series(data.y).groupby(data.groups).nunique() == 1).all()
    assert mean_score(synthetic.patients, nearest, shuffled) > 0.95
    assert 0.5 < mean_score(synthetic.patients, nearest, GroupKFold(5)) < data.best_accuracy


def test_shuffled_folds_of_the_series_look_far_better_than_forward_chaining():
    nearest = KNeighborsClassifier(1)
    shuffled = KFold(5, shuffle=True, random_state=0)
    assert mean_score(synthetic.series, nearest, shuffled) > 0.9
    forward = mean_score(synthetic.series, nearest, TimeSeriesSplit(5))
    assert forward < synthetic.series().best_accuracy


@pytest.mark.parametrize("seed", range(20))
def test_every_forward_fold_of_the_series_has_both_classes(seed):
    y = synthetic.series(random_state=seed).y
    for rows in TimeSeriesSplit(5).split(y):
        assert all(len(set(y[part])) == 2 for part in rows)


def test_mean_target_of_a_category_leaks_before_the_split():
    model = LogisticRegression()
    honest, leaky = [], []
    for seed in range(N_SEEDS):
        data = synthetic.categories(random_state=seed)
        numbers = data.X.drop(columns="category")
        level = data.X["category"].astype(str)
        encoded = pd.Series(data.y).groupby(level).transform("mean")
        leaky.append(cross_val_score(model, numbers.assign(encoded=encoded), data.y).mean())
        honest.append(cross_val_score(model, numbers, data.y).mean())
    assert np.mean(leaky) > data.best_accuracy + 0.08
    assert np.mean(honest) < data.best_accuracy + 0.04


def test_levels_are_fixed_by_the_parameters_not_by_the_rows():
    few, fresh = synthetic.categories(50), synthetic.categories(50).sample(20, 0)[0]
    assert len(few.X["category"].cat.categories) == 200
    assert few.X["category"].dtype == fresh["category"].dtype


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")  # stopping early is the point
def test_the_best_learning_rate_of_xor_like_slides_down_with_the_epochs():
    short = {rate: sgd_accuracy(rate, epochs=3) for rate in (0.1, 0.01)}
    long = {rate: sgd_accuracy(rate, epochs=60) for rate in (0.1, 0.01)}
    assert short[0.1] > short[0.01] + 0.1
    assert long[0.01] > long[0.1] + 0.02


def sgd_accuracy(rate, *, epochs):
    scores = []
    for seed in range(3):
        data = synthetic.xor_like(random_state=seed)
        model = MLPClassifier(
            (32,), solver="sgd", alpha=0, batch_size=32, learning_rate_init=rate, max_iter=epochs,
            n_iter_no_change=epochs, random_state=seed,
        )  # fmt: skip
        X, y, _ = data.sample(4000, seed)
        scores.append(model.fit(data.X, data.y).score(X, y))
    return np.mean(scores)
