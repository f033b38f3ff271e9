"""Every code has a check, every check says how it tests, and a bad one cannot be registered."""

import inspect

import pytest

from helpers.diagnosis import CODES, engine
from helpers.diagnosis.registry import CHECKS, check

ALL = engine._checks()


def test_every_code_is_found_by_a_check():
    assert {code for each in ALL for code in each.codes} == set(CODES)


@pytest.mark.parametrize("each", ALL, ids=lambda each: each.name)
def test_a_check_says_what_it_is(each):
    assert each.method
    assert "\n" not in each.method
    assert each.proves or each.null
    assert each.needs <= set(engine._NEEDS)
    assert each.fits >= 0
    assert list(inspect.signature(each.function).parameters) == ["examination"]


def test_the_cheapest_come_first():
    costs = [each.fits / each.weight for each in ALL]
    assert costs == sorted(costs)


def documented(examination):
    """Looks."""


def undocumented(examination):
    return []


@pytest.mark.parametrize(
    ("codes", "options", "function", "message"),
    [
        (["search/none"], {}, documented, "codes=\\('search/none',\\): accepted are state/"),
        ([], {}, documented, "codes=\\(\\): accepted are state/"),
        (["search/all-tied"], {"proves": False}, documented,
         "search/all-tied: a check that measures states its null distribution."),
        (["search/all-tied"], {}, undocumented,
         "undocumented has no docstring: the report quotes it."),
    ],
    ids=["unknown code", "no code", "no null", "no docstring"],
)  # fmt: skip
def test_bad_checks_are_refused(codes, options, function, message):
    before = dict(CHECKS)
    with pytest.raises(ValueError, match=message):
        check(*codes, **options)(function)
    assert before == CHECKS
