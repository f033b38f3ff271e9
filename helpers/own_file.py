"""Diagnoses the search of a user's ``FILE.py:FUNC``."""

import importlib.util
import inspect
import os
import sys
import sysconfig
import traceback
from collections.abc import Mapping
from pathlib import Path

from helpers.spelling import did_you_mean

__all__ = ["UserError", "arguments_of", "diagnosed", "load", "short_traceback"]

STANDARD_LIBRARY = sysconfig.get_path("stdlib")
REQUIRED = ("search", "X", "y")


class UserError(Exception):
    """What a user gave cannot be diagnosed; the message says what is wrong with it."""


def diagnosed(spec, given):
    """The report on the search that a function makes.

    Parameters
    ----------
    spec : str
        ``"FILE.py:FUNC"``, as for `load`.
    given : dict
        Arguments of `diagnose` that go before those that the function returns.

    Returns
    -------
    Report

    Raises
    ------
    UserError
        File or function is not there, one of them fails, or what it returns is not accepted.
    """
    value = load(spec)
    # After the user's file, which may set what TensorFlow reads when it is loaded.
    from helpers.diagnosis import diagnose

    accepted = inspect.signature(diagnose).parameters
    arguments = arguments_of(value, spec, accepted) | given
    try:
        return diagnose(**arguments)
    except (ValueError, TypeError) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{os.path.basename(last.filename)}, line {last.lineno}"
        raise UserError(f"{spec}: {type(error).__name__}: {error} ({where})") from error


def load(spec):
    """Run the file once, then its function, and return what that returns.

    Parameters
    ----------
    spec : str
        ``"FILE.py:FUNC"``. The file's folder is on ``sys.path``, as a script would have it, and
        the module goes by its own name, so that what it defines can be pickled.

    Raises
    ------
    UserError
        File or function is not there, or one of them fails.
    """
    file, _, function = spec.rpartition(":")
    path = Path(file).expanduser().absolute()
    if not path.is_file():
        raise UserError(f"{file}: no such file.")
    if path.suffix != ".py":
        raise UserError(f"{file}: accepts FILE.py:FUNC or NOTEBOOK.ipynb.")
    module = _module(path)
    make = getattr(module, function, None)
    if not callable(make):
        known = [name for name, value in vars(module).items() if inspect.isfunction(value)]
        what = "no function" if make is None else "no function, but a value,"
        near = did_you_mean(function, known)
        raise UserError(f"{file}: has {what} {function!r}.{near} It has {_listed(known)}.")
    return _called(make, f"{spec}: {function}() failed")


def _module(path):
    name = path.stem
    found = sys.modules.get(name)
    if found is not None and not _is_file(found, path):
        raise UserError(
            f"{path.name}: a module named {name!r} is loaded already, so what this file defines "
            "could not be pickled: give the file another name."
        )
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _called(lambda: spec.loader.exec_module(module), f"{path.name}: the file failed")
    return module


def _is_file(module, path):
    file = getattr(module, "__file__", None)
    return file is not None and os.path.realpath(file) == os.path.realpath(path)


def _called(function, what):
    try:
        return function()
    except (Exception, SystemExit) as error:
        raise UserError(f"{what}:\n{short_traceback(error)}") from error


def short_traceback(error):
    """The traceback without this package's frames, nor those of installed ones at its end."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not _is_ours(f.filename)]
    while len(frames) > 1 and _is_installed(frames[-1].filename):
        frames.pop()
    lines = traceback.format_list(frames) + traceback.format_exception_only(error)
    return "".join(lines).rstrip()


def _is_ours(file):
    return os.path.dirname(os.path.abspath(file)) == os.path.dirname(os.path.abspath(__file__)) or (
        file.startswith("<frozen importlib")
    )


def _is_installed(file):
    return "site-packages" in file or file.startswith((STANDARD_LIBRARY, "<"))


def arguments_of(value, spec, accepted):
    """The arguments of `diagnose` that a function returned.

    Parameters
    ----------
    value : object
        ``(search, X, y)``, or a dict.
    spec : str
        Where it comes from, for the message.
    accepted : iterable of str
        Names that a dict may hold.

    Returns
    -------
    dict

    Raises
    ------
    UserError
        Something else was returned.
    """
    accepted = list(accepted)
    if isinstance(value, tuple) and len(value) == len(REQUIRED):
        value = dict(zip(REQUIRED, value, strict=True))
    if not isinstance(value, Mapping):
        size = f" of {len(value)}" if isinstance(value, tuple) else ""
        raise UserError(
            f"{spec}: returned a {type(value).__name__}{size}: accepts (search, X, y), or a dict "
            "with the arguments of diagnose."
        )
    for name in REQUIRED:
        if name not in value:
            raise UserError(f"{spec}: returned a dict without {name!r}.")
    for name in value:
        if name not in accepted:
            near = did_you_mean(name, accepted)
            raise UserError(
                f"{spec}: returned a dict with {name!r}, which is no argument of diagnose.{near} "
                f"It accepts {', '.join(accepted)}."
            )
    return dict(value)


def _listed(names):
    return ", ".join(names) or "none"
