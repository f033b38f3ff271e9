"""The nearest known name."""

import pytest

from helpers.spelling import did_you_mean, nearest


@pytest.mark.parametrize(
    ("name", "expected"), [("SEED", "seed"), ("sed", "seed"), ("zzz", None), (3, None)]
)
def test_nearest_ignores_case(name, expected):
    assert nearest(name, ["seed", "epochs"]) == expected


def test_did_you_mean_says_nothing_where_nothing_is_near():
    assert did_you_mean("sed", ["seed"]) == " Did you mean 'seed'?"
    assert did_you_mean("sed", ["epochs"]) == ""
