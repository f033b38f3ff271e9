"""Dates written as text are read; other text, and gaps, are none."""

import pandas as pd
import pytest

from helpers.diagnosis.dates import dates_of

DAYS = pd.Series(pd.date_range("2023-11-05", periods=60))


@pytest.mark.parametrize(
    "form",
    ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d %b %Y", "%B %d, %Y",
     "%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S+00:00"],
)  # fmt: skip
def test_dates_of_one_format_are_read(form):
    assert (dates_of(DAYS.dt.strftime(form)) == DAYS).all()


@pytest.mark.parametrize(
    "values",
    [
        ["north", "south"],
        ["1.5", "2.25"],
        ["2023-01-01", "soon"],
        ["2023-01-01", None],
        ["31.02.2023"],
        [],
    ],
)
def test_other_text_is_none(values):
    assert dates_of(pd.Series(values, dtype=object)) is None
