"""Errors that users of the package may want to catch."""


class DivergedError(ArithmeticError):
    """Training ended in a loss that is not a number; nothing it would predict means anything."""


class InertCallbackError(ValueError):
    """A callback watches a quantity that training never reports, so it can never act."""
