"""Rows as Keras takes them, and the ones that are set apart."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array

from helpers.rows import as_floats, split, with_mean_one
from helpers.training import Rows


def rows(n_samples):
    return Rows(np.arange(n_samples)[:, None], np.arange(n_samples), np.arange(n_samples) + 1.0)


@given(n_samples=st.integers(1, 60), share=st.floats(0, 0.99), seed=st.integers(0, 99))
def test_parts_hold_every_row_once_with_its_target_and_weight(n_samples, share, seed):
    parts = [part for part in split(rows(n_samples), share, seed) if part is not None]
    assert sorted(np.concatenate([part.y for part in parts])) == list(range(n_samples))
    for part in parts:
        np.testing.assert_array_equal(part.X[:, 0], part.y)
        np.testing.assert_array_equal(part.sample_weight, part.y + 1)


@pytest.mark.parametrize("share", [0.0, 0.01])
def test_a_share_of_no_row_is_no_validation(share):
    assert split(rows(20), share, seed=0)[1] is None


def test_labels_are_in_both_parts_in_equal_shares():
    labels = np.repeat([0, 1], [40, 10])
    _, watched = split(rows(50), 0.2, seed=0, labels=labels)
    assert labels[watched.y].tolist().count(1) == 2


@given(seed=st.integers(0, 99))
def test_too_few_rows_for_each_class_are_drawn_evenly_over_the_classes(seed):
    labels = np.tile(np.arange(10), 8)
    training, watched = split(rows(80), 0.1, seed, labels=labels)
    assert len(watched) == 8 == len(set(labels[watched.y]))
    assert len(set(labels[training.y])) == 10


@given(seed=st.integers(0, 99))
def test_the_only_row_of_a_class_is_trained_on(seed):
    training, watched = split(rows(20), 0.2, seed, labels=np.repeat([3, 1], [19, 1]))
    assert len(watched) == 4
    assert 19 in training.y


@given(seed=st.integers(0, 99))
def test_as_many_classes_as_rows_are_no_reason_to_fail(seed):
    training, watched = split(rows(20), 0.2, seed, labels=np.arange(20))
    assert sorted([*training.y, *watched.y]) == list(range(20))


def test_groups_stay_together():
    groups = np.arange(60) // 6
    training, watched = split(rows(60), 0.3, seed=0, groups=groups)
    assert not set(groups[training.y]) & set(groups[watched.y])


def test_sparse_rows_become_dense():
    dense = np.eye(3)
    np.testing.assert_array_equal(as_floats(csr_array(dense)), dense)


@pytest.mark.parametrize(
    ("weights", "said"),
    [([1.0, -1.0], "numbers >= 0"), ([np.nan, np.nan], "numbers >= 0"), ([0.0, 0.0], "only zeros")],
)
def test_weights_that_weigh_nothing(weights, said):
    with pytest.raises(ValueError, match=said):
        with_mean_one(np.array(weights))
