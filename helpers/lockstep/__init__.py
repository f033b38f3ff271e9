"""Trains the fits of a search side by side: ``joblib.parallel_config(backend="lockstep")``."""

from helpers.lockstep.backend import LockstepBackend

__all__ = ["LockstepBackend"]
