"""A cached search in a process of its own, for those who kill it: ``killed_search.py FOLDER JOBS``.

JOBS is a number of processes, or "lockstep", which keeps what it has after every epoch. Prints the
number of fits that this process trained, and what a search found but for its times.
"""

import json
import sys

import numpy as np
from joblib import parallel_config
from sklearn.model_selection import GridSearchCV

from helpers import FitRecorder, KerasClassifier, training
from tests import builders

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4)).astype("float32")
Y = (X[:, 0] > X[:, 1]).astype(int)
GRID = {"optimizer__learning_rate": [0.01, 0.1], "model__rate": [0.0, 0.2]}
N_FITS, EPOCHS = 4 * 3, 20


def search(memory, n_jobs):
    if n_jobs == "lockstep":
        with parallel_config(backend="lockstep"):
            return search(memory, None)
    classifier = KerasClassifier(
        builders.dense, optimizer="sgd", epochs=EPOCHS, random_state=0, memory=memory
    )
    return GridSearchCV(classifier, GRID, cv=3, n_jobs=n_jobs, refit=False).fit(X, Y)


def results(found):
    return {
        name: np.asarray(v).tolist() for name, v in found.cv_results_.items() if "time" not in name
    }


if __name__ == "__main__":
    n_jobs = sys.argv[2]
    if n_jobs == "lockstep":
        training.KEEP_EVERY = training.KEEP_SHARE = 0
    with FitRecorder() as recorder:
        found = search(sys.argv[1] or None, n_jobs if n_jobs == "lockstep" else int(n_jobs))
    print(json.dumps({"trained": len(recorder.fits), "results": results(found)}))
