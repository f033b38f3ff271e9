"""Fingerprints are equal where the values are, and only there."""

import numpy as np
import pandas as pd
import pytest

from helpers.digests import (
    combined,
    digest,
    is_constant,
    row_digests,
    rows_digest,
    variable_digests,
)
from helpers.quiet import keras, tf

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
LIKE_X = {
    "float64": X.astype(float),
    "not contiguous": np.asfortranarray(X),
    "frame": pd.DataFrame(X),
    "tensor": tf.constant(X),
    "images": X.reshape(6, 2, 2, 1),
}


@pytest.mark.parametrize("container", LIKE_X)
def test_rows_are_equal_in_every_container(container):
    assert (row_digests(LIKE_X[container]) == row_digests(X)).all()


def test_a_series_is_a_column():
    assert (row_digests(pd.Series(X[:, 0])) == row_digests(X[:, :1])).all()


def test_rows_are_told_apart():
    assert len(set(row_digests(X))) == len(X)


def test_the_sign_of_zero_is_no_difference():
    plus, minus = row_digests(np.array([[0.0], [-0.0]]))
    assert plus == minus


def test_rows_of_strings_and_categories():
    frame = pd.DataFrame({"site": ["a", "b", "a"], "size": [1.0, 2.0, 1.0]})
    first, second, third = row_digests(frame)
    assert first == third != second
    as_array = row_digests(np.array([["a"], ["b"], ["a"]], dtype=object))
    assert as_array[0] == as_array[2] != as_array[1]


def test_several_inputs_make_one_row():
    both = row_digests({"left": X, "right": X[::-1].copy()})
    assert len(both) == len(X)
    assert set(both).isdisjoint(row_digests(X))


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return X, X


@pytest.mark.parametrize(
    "x",
    [
        None,
        tf.data.Dataset.from_tensor_slices(X),
        Batches(),
        (row for row in X),
        [[1, 2], [3, 4]],
        [X, X[:2]],
        tf.sparse.from_dense(X),
        np.float32(1),
    ],
    ids=lambda x: type(x).__name__,
)
def test_what_cannot_be_read_has_no_digest(x):
    assert row_digests(x) is None


def test_a_set_of_rows_has_no_order():
    assert rows_digest(row_digests(X)) == rows_digest(row_digests(X[::-1]))
    assert rows_digest(row_digests(X)) != rows_digest(row_digests(X[1:]))
    assert rows_digest(None) is None


def test_shape_and_dtype_count_for_weights():
    kernel = X[:4]
    assert digest(kernel) == digest(kernel.copy())
    assert len({digest(kernel), digest(kernel.reshape(2, 8)), digest(kernel.astype(float))}) == 3


@pytest.mark.parametrize("value", [0, 1])
def test_what_initialisers_give_everyone_is_marked(value):
    assert is_constant(digest(np.full((3,), value, np.float32)))
    assert not is_constant(digest(np.array([value, 0.5], np.float32)))
    assert not is_constant(digest(np.full((3,), np.nan)))


def test_variables_of_one_path_are_kept_apart():
    variables = [keras.Variable(np.array([float(i), 2.0]), name="w") for i in range(2)]
    assert list(variable_digests(variables)) == ["w", "w #2"]


def test_nothing_has_no_combined_digest():
    assert combined({}.values()) is None
    assert combined(["a", "b"]) != combined(["b", "a"])
