"""Sends ``prefix__name`` parameters to the object that consumes them."""

import inspect

from helpers.errors import UnexpectedParameterError
from helpers.spelling import nearest

#: Where a routed parameter can go, as in SciKeras.
DESTINATIONS = (
    "model", "optimizer", "loss", "metrics", "compile", "callbacks", "fit", "predict",
)  # fmt: skip


def routed_to(destination, parameters):
    """Select the parameters of one destination, without their prefix.

    Parameters
    ----------
    destination : str
        The prefix before the first double underscore.
    parameters : mapping of str to object
        Names with prefixes.

    Returns
    -------
    dict
        The parameters of ``destination``, prefix removed.

    Examples
    --------
    >>> routed_to("model", {"model__units": 8, "optimizer__learning_rate": 0.1})
    {'units': 8}
    """
    prefix = f"{destination}__"
    return {
        name.removeprefix(prefix): value
        for name, value in parameters.items()
        if name.startswith(prefix)
    }


def accepted_names(function):
    """Names that ``function`` takes by keyword; None if it takes any (``**kwargs``).

    Parameters
    ----------
    function : callable
        A function or a class.

    Returns
    -------
    tuple of str or None
        In the order of the signature.

    Examples
    --------
    >>> accepted_names(lambda units, rate=0.1: None)
    ('units', 'rate')
    """
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return tuple(p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))


def constructor_parameters(cls):
    """Parameters of a constructor, with those of the base class where ``**kwargs`` goes on to it.

    Parameters
    ----------
    cls : type

    Returns
    -------
    dict of str to inspect.Parameter

    Examples
    --------
    >>> class Base:
    ...     def __init__(self, units=8): ...
    >>> class Derived(Base):
    ...     def __init__(self, rate=0.1, **kwargs): ...
    >>> list(constructor_parameters(Derived))
    ['rate', 'units']
    """
    found = {}
    for base in cls.__mro__[:-1]:  # object's takes nothing by name, and is slow to ask
        if "__init__" not in vars(base):
            continue
        own = [p for p in inspect.signature(base.__init__).parameters.values() if p.name != "self"]
        named = [p for p in own if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        found |= {p.name: p for p in named if p.name not in found}
        if all(p.kind is not p.VAR_KEYWORD for p in own):
            break
    return found


def check_accepted(names, accepted, *, owner, prefix=""):
    """Refuse names that nothing consumes.

    Parameters
    ----------
    names : iterable of str
        What was given.
    accepted : iterable of str or None
        What ``owner`` takes; None accepts all.
    owner : str
        Who would have consumed them, for the message.
    prefix : str, default=""
        Put before each name in the message.

    Raises
    ------
    UnexpectedParameterError
        Names the first parameter that nothing consumes, and the nearest that would be.

    Examples
    --------
    >>> check_accepted(["unit"], ["units"], owner="the builder", prefix="model__")
    Traceback (most recent call last):
        ...
    helpers.errors.UnexpectedParameterError: model__unit: the builder got an unexpected keyword \
argument 'unit'; did you mean 'model__units'?
    """
    if accepted is None:
        return
    accepted = list(accepted)
    for name in names:
        if name not in accepted:
            raise UnexpectedParameterError(
                f"{prefix}{name}: {owner} got an unexpected keyword argument {name!r}; "
                + nearest_or_all(name, accepted, prefix=prefix)
            )


def nearest_or_all(name, known, prefix=""):
    """Say which known name comes nearest, or list them all, each with the prefix.

    Examples
    --------
    >>> nearest_or_all("sed", ["seed", "dataset"])
    "did you mean 'seed'?"
    """
    known = list(known)
    near = nearest(name, known)
    if near is not None:
        return f"did you mean {prefix + near!r}?"
    if not known:
        return "nothing is accepted there"
    return f"accepted: {', '.join(prefix + each for each in known)}"
