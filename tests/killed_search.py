"""A cached search in a process of its own, for those who kill it: ``killed_search.py FOLDER JOBS``.

Prints the number of fits that this process trained, and what a search found but for its times.
"""

import json
import sys

import numpy as np
from sklearn.model_selection import GridSearchCV

from helpers import FitRecorder, KerasClassifier
from tests import builders

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 4)).astype("float32")
Y = (X[:, 0] > X[:, 1]).astype(int)
GRID = {"optimizer__learning_rate": [0.01, 0.1], "model__rate": [0.0, 0.2]}
N_FITS = 4 * 3


def search(memory, n_jobs):
    classifier = KerasClassifier(
        builders.dense, optimizer="sgd", epochs=20, random_state=0, memory=memory
    )
    return GridSearchCV(classifier, GRID, cv=3, n_jobs=n_jobs, refit=False).fit(X, Y)


def results(found):
    return {
        name: np.asarray(v).tolist() for name, v in found.cv_results_.items() if "time" not in name
    }


if __name__ == "__main__":
    with FitRecorder() as recorder:
        found = search(sys.argv[1] or None, int(sys.argv[2]))
    print(json.dumps({"trained": len(recorder.fits), "results": results(found)}))
