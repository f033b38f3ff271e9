"""Trains the fits of a search side by side: ``joblib.parallel_config(backend="lockstep")``.

>>> import joblib
>>> import numpy as np
>>> from helpers import KerasClassifier
>>> from helpers.quiet import keras
>>> from sklearn.model_selection import cross_val_score
>>> def build(meta):
...     last = keras.layers.Dense(meta["n_classes_"], activation="softmax")
...     return keras.Sequential([keras.Input((meta["n_features_in_"],)), last])
>>> X = np.random.default_rng(0).normal(size=(90, 4))
>>> with joblib.parallel_config(backend="lockstep"):
...     cross_val_score(KerasClassifier(build, epochs=2), X, X[:, 0] > 0, cv=3).shape
(3,)

`backend` is what joblib sees, `tasks` runs each task of a search up to its fit, `structure` says
which fits differ in numbers alone, `stack` trains those epoch by epoch, `graph` is their step, in
which `unrolled` repeats what TensorFlow cannot vectorise.
`processes` shares a search out among the workers of another backend, with all this in each.
"""

from helpers.lockstep.backend import LockstepBackend
from helpers.lockstep.processes import WorkersBackend

__all__ = ["LockstepBackend", "WorkersBackend"]
