"""Finds the known name that a misspelt one was meant to be."""

import difflib


def nearest(name, known):
    """The known name nearest to ``name``, case aside; None if none is near.

    Parameters
    ----------
    name : object
        Compared as text.
    known : iterable of object

    Returns
    -------
    object or None
        A member of ``known``.

    Examples
    --------
    >>> nearest("sed", ["seed", "dataset"]), nearest("sed", ["epochs"])
    ('seed', None)
    """
    by_text = {str(each).lower(): each for each in known}
    found = difflib.get_close_matches(str(name).lower(), by_text, n=1)
    return by_text[found[0]] if found else None


def did_you_mean(name, known):
    """`` Did you mean 'x'?`` to end a message with, or nothing.

    Examples
    --------
    >>> did_you_mean("digts", ["digits", "wine"])
    " Did you mean 'digits'?"
    """
    near = nearest(name, known)
    return "" if near is None else f" Did you mean {near!r}?"
