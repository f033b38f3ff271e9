"""Finds the cases of a package: one module each, named like the case's code."""

import importlib
import pkgutil

from helpers.cases._case import Case, code_problem
from helpers.spelling import did_you_mean

__all__ = ["Catalogue", "code_of_module"]


def code_of_module(name):
    """Code of the case in a module: ``state_shared_weights`` holds ``state/shared-weights``.

    Parameters
    ----------
    name : str

    Returns
    -------
    str

    Examples
    --------
    >>> code_of_module("state_shared_weights")
    'state/shared-weights'
    """
    return name.replace("_", "/", 1).replace("_", "-")


class Catalogue:
    """The cases of one package. Modules whose name starts with ``_`` hold none.

    A code is the name of a file, so that two cases of one code cannot be: whichever module
    holds a code that is not its own name is refused.

    Parameters
    ----------
    package : str
        Dotted name.
    path : iterable of str
        The package's ``__path__``.
    """

    def __init__(self, package, path):
        self.package, self.path = package, path
        self.loaded = {}

    def codes(self):
        return tuple(sorted(self._modules()))

    def families(self):
        return tuple(sorted({code.split("/")[0] for code in self.codes()}))

    def codes_of(self, family):
        _check_known("family", family, self.families())
        return tuple(code for code in self.codes() if code.startswith(f"{family}/"))

    def get(self, code):
        if code not in self.loaded:
            modules = self._modules()
            _check_known("code", code, sorted(modules))
            self.loaded[code] = self._load(modules[code], code)
        return self.loaded[code]

    def _modules(self):
        names = [each.name for each in pkgutil.iter_modules(self.path)]
        return {code_of_module(name): name for name in names if not name.startswith("_")}

    def _load(self, name, code):
        if problem := code_problem(code):
            raise ValueError(f"{self.package}.{name}: its name would make the {problem}")
        case = getattr(importlib.import_module(f"{self.package}.{name}"), "CASE", None)
        if not isinstance(case, Case):
            raise TypeError(f"{self.package}.{name}: CASE={case!r}: accepts a Case.")
        if case.code != code:
            raise ValueError(
                f"{self.package}.{name}: CASE has code {case.code!r}, its file name says {code!r}."
            )
        return case


def _check_known(name, value, known):
    if value in known:
        return
    accepted = ", ".join(map(repr, known)) or "none yet"
    raise ValueError(f"{name}={value!r}:{did_you_mean(value, known)} Accepts {accepted}.")
