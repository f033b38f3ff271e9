"""Keras searches in scikit-learn: why they miss the best hyper-parameters, and how not to."""

import lazy_loader
from joblib import register_parallel_backend

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=["cases", "claims", "datasets", "figures", "parameters", "workers"],
    submod_attrs={
        "claims": ["Claim"],
        "diagnosis": ["diagnose"],
        "recorder": ["FitRecorder"],
        "wrapper": ["KerasClassifier", "KerasRegressor"],
    },
)


def _lockstep(**parameters):
    from helpers.lockstep import LockstepBackend  # not before it is used: it loads TensorFlow

    return LockstepBackend(**parameters)


register_parallel_backend("lockstep", _lockstep)
