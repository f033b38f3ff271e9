"""keras.wrappers writes what `fit` is given into the user's own dict."""

from sklearn.metrics import accuracy_score

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp_one_hot
from helpers.cases._fits import evidence, rows, several_epochs, two_folds
from helpers.cases._scores import repeats
from helpers.cases._wrappers import SKLearnClassifier, unprinted
from helpers.randomness import isolated
from helpers.recorder import FitRecorder


def faulty(task):
    options = {"epochs": several_epochs(task), "batch_size": 32, "verbose": 0}
    return tried_then_fitted(task, lambda: SKLearnClassifier(mlp_one_hot, fit_kwargs=options))


def fixed(task):
    options = {"epochs": several_epochs(task), "batch_size": 32, "verbose": 0}
    return tried_then_fitted(
        task, lambda: SKLearnClassifier(mlp_one_hot, fit_kwargs=options.copy())
    )


def tried_then_fitted(task, new_classifier):
    """One epoch, to see that it works; then a new classifier for each of two folds."""
    repeat, seed = repeats(task)[0]
    X, y = rows(task)
    scores = []
    with isolated(seed), unprinted(), FitRecorder() as recorder:
        in_pipeline(new_classifier()).fit(X, y, net__epochs=1)
        for train, test in two_folds(task, seed):
            classifier = in_pipeline(new_classifier()).fit(X[train], y[train])
            scores.append(accuracy_score(y[test], classifier.predict(X[test])))
    fits = evidence(recorder)[1:].reset_index(drop=True)
    return fits.assign(repeat=repeat, fold=fits.index, accuracy=scores, value=fits["epochs_run"])


CASE = Case(
    code="state/mutated-fit-kwargs",
    title="A wrapper that writes into your dict",
    statement="After one fit(epochs=1), every later fit with the same fit_kwargs dict runs that "
    "one epoch: keras.wrappers has written it into the dict.",
    faulty=faulty,
    fixed=fixed,
    value="epochs run",
    unit="epochs",
    expect="lower",
    margin=1,
    source="K#20599 (wrapper)",
)
