"""Dates that are written as text."""

import re

import pandas as pd

__all__ = ["dates_of"]

#: Day before month, where both can be meant.
_FORMATS = (
    "ISO8601", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%d.%m.%y",
    "%d/%m/%y", "%m/%d/%y", "%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y",
)  # fmt: skip
_TIMES = ("", " %H:%M", " %H:%M:%S")
_LOOKS_LIKE = re.compile(
    r"(\d{1,4}[-./]\d{1,2}[-./]\d{1,4}|\d{1,2}[ -][A-Za-z]{3,9}|[A-Za-z]{3,9} \d)"
)


def dates_of(values):
    """What a column of text says of days and times.

    Parameters
    ----------
    values : Series

    Returns
    -------
    Series of datetime64, or None
        None where not all of them are dates of one format.

    Examples
    --------
    >>> dates_of(pd.Series(["03.02.2024", "14.02.2024"])).dt.month.tolist()
    [2, 2]
    >>> dates_of(pd.Series(["north", "south"])) is None
    True
    """
    if values.dtype.kind in "biufcmM" or not len(values) or values.isna().any():
        return None
    names = values.unique()
    if not all(isinstance(name, str) and _LOOKS_LIKE.match(name.strip()) for name in names):
        return None
    for form in _FORMATS:
        for time in _TIMES if form != "ISO8601" else ("",):
            try:
                read = pd.to_datetime(pd.Series(names), format=form + time, utc=True)
            except (ValueError, TypeError):
                continue
            return values.map(dict(zip(names, read.dt.tz_localize(None), strict=True)))
    return None
