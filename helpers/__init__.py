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


def _lockstep(workers=None, **parameters):
    from helpers import lockstep  # not before it is used: it loads TensorFlow

    if workers is None:
        return lockstep.LockstepBackend(**parameters)
    return lockstep.WorkersBackend(workers, **parameters)


register_parallel_backend("lockstep", _lockstep)
