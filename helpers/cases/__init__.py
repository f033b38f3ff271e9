"""The catalogue of failure modes: each one faulty and fixed, with the claim that measures it.

One module per failure mode, named like its code: ``state/shared-weights`` is `CASE` in
``state_shared_weights.py``. A new module in this folder is in the catalogue, nothing else to do.
"""

from helpers import quiet  # noqa: F401 - before the wrappers that cases import load TensorFlow
from helpers.cases._case import ARMS, Case, Task
from helpers.cases._collect import Catalogue
from helpers.workers import side_by_side

__all__ = ["ARMS", "Case", "Task", "all", "codes", "diagnosed", "families", "get", "of"]

_CATALOGUE = Catalogue(__name__, __path__)


def codes():
    """Codes of all cases, sorted. Reads file names only: no case is imported.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> isinstance(codes(), tuple)
    True
    """
    return _CATALOGUE.codes()


def families():
    """First halves of the codes (``"state"``, ``"leak"``, ...), sorted.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> set(families()) == {code.split("/")[0] for code in codes()}
    True
    """
    return _CATALOGUE.families()


def get(code):
    """The case of a code.

    Parameters
    ----------
    code : str
        For example ``"state/shared-weights"``.

    Returns
    -------
    Case

    Raises
    ------
    ValueError
        No such code; the message names the nearest.

    Examples
    --------
    >>> get("state/no-such-case")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    ValueError: code='state/no-such-case':...
    """
    return _CATALOGUE.get(code)


def all():
    """Every case, sorted by code.

    Returns
    -------
    tuple of Case
    """
    return tuple(get(code) for code in codes())


def of(family):
    """The cases of one family, sorted by code.

    Parameters
    ----------
    family : str
        For example ``"state"``.

    Returns
    -------
    tuple of Case

    Raises
    ------
    ValueError
        No such family; the message names the nearest and all.
    """
    return tuple(get(code) for code in _CATALOGUE.codes_of(family))


def diagnosed(codes, task):
    """What `helpers.diagnose` says of faulty searches of the catalogue, side by side.

    Parameters
    ----------
    codes : list of str
        Of cases that have a `patient`.
    task : Task

    Returns
    -------
    dict of str to helpers.diagnosis.Report
    """
    reports = side_by_side(_report, [(code, task) for code in codes])
    return dict(zip(codes, reports, strict=True))


def _report(code, task):
    return get(code).diagnosed(task)
