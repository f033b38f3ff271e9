"""Errors that users of the package may want to catch."""


class DivergedError(ArithmeticError):
    """Training ended in a loss that is not a number; nothing it would predict means anything."""


class InertCallbackError(ValueError):
    """A callback watches a quantity that training never reports, so it can never act."""


class UnexpectedParameterError(TypeError, ValueError):
    """Nothing consumes a parameter.

    A ValueError, as scikit-learn raises for a parameter that an estimator has not, and a TypeError,
    as Python raises for a keyword that a function has not.
    """


class DiagnosisError(Exception):
    """A search has faults that the caller does not accept; ``findings`` holds them."""

    def __init__(self, message, findings=()):
        super().__init__(message)
        self.findings = list(findings)
