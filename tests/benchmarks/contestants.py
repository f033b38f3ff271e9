"""Who takes part: each runs one task, as its users would write it.

All get the same rows (scaled by a constant), folds, batch size, epochs and Adam, and score by
``predict``. None trains with a metric: it would cost those who compute it at each step.
"""

import copy
import functools
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

from helpers import KerasClassifier
from helpers.quiet import keras
from tests.benchmarks import jax_limit
from tests.benchmarks.tasks import BATCH_SIZE, WATCHED

SPARSE, ONE_HOT = "sparse_categorical_crossentropy", "categorical_crossentropy"


@dataclass(frozen=True)
class Contestant:
    """One way to run a task.

    Parameters
    ----------
    name, title : str
    run : callable (task, X, y, splits, seed) -> (accuracies, updates)
        Two arrays, shape (n_candidates, n_folds).
    absent : callable () -> str or None
        Why it cannot take part here, if it cannot.
    declines : callable (task) -> str or None
        Why it does not take part in a task.
    """

    name: str
    title: str
    run: Callable
    absent: Callable = lambda: None
    declines: Callable = lambda task: None


def keras_updates(estimator):
    return int(estimator.model_.optimizer.iterations)


def searched(estimator, candidates, X, y, splits, updates=keras_updates):
    """A stock `GridSearchCV`; where there is nothing to search, one fit and its score."""

    def score(fitted, X, y):
        return {"accuracy": np.mean(fitted.predict(X) == y), "updates": updates(fitted)}

    if len(candidates) == len(splits) == 1:
        (train, test), (candidate,) = splits[0], candidates
        fitted = clone(estimator).set_params(**candidate).fit(X[train], y[train])
        scores = score(fitted, X[test], y[test])
        return tuple(np.array([[scores[name]]]) for name in ("accuracy", "updates"))
    search = GridSearchCV(
        estimator,
        [{name: [value] for name, value in candidate.items()} for candidate in candidates],
        scoring=score,
        cv=splits,
        n_jobs=None,
        refit=False,
        error_score="raise",
    ).fit(X, y)
    return tuple(
        np.stack([search.cv_results_[f"split{i}_test_{name}"] for i in range(len(splits))], axis=1)
        for name in ("accuracy", "updates")
    )


def renamed(candidates, learning_rate, prefix):
    """The candidates under the names that an estimator has for their parameters."""
    return [
        {
            learning_rate if name == "learning_rate" else prefix + name: value
            for name, value in candidate.items()
        }
        for candidate in candidates
    ]


def early_stopping(task):
    return {"monitor": "val_loss", "patience": task.patience, "restore_best_weights": True}


def routed(wrapper, task, X, y, splits, seed):
    """SciKeras, or this package's wrapper: they have the same names."""
    stopping = {}
    if task.patience is not None:
        stopping = {f"callbacks__{name}": value for name, value in early_stopping(task).items()}
        stopping |= {"callbacks": keras.callbacks.EarlyStopping, "validation_split": WATCHED}
    estimator = wrapper(
        task.net.keras,
        optimizer="adam",
        loss=SPARSE,
        epochs=task.epochs,
        batch_size=BATCH_SIZE,
        verbose=0,
        random_state=seed,
        **stopping,
    )
    candidates = renamed(task.candidates, "optimizer__learning_rate", "model__")
    return searched(estimator, candidates, X, y, splits)


def scikeras(*task):
    from scikeras.wrappers import KerasClassifier as SciKeras  # it would import TensorFlow loudly

    return routed(SciKeras, *task)


def lockstep(task, X, y, splits, seed):
    with joblib.parallel_config(backend="lockstep"):
        return routed(KerasClassifier, task, X, y, splits, seed)


def no_lockstep():
    try:
        with joblib.parallel_config(backend="lockstep"):
            return None
    except ValueError as error:
        return f"joblib has no such backend: {error}".partition(", expected")[0]


def compiled(task, loss, learning_rate, **parameters):
    model = task.net.keras(**parameters)
    model.compile(keras.optimizers.Adam(learning_rate), loss)
    return model


def fit_arguments(task):
    """Arguments of ``keras.Model.fit``."""
    arguments = {"epochs": task.epochs, "batch_size": BATCH_SIZE, "verbose": 0}
    if task.patience is not None:
        stopper = keras.callbacks.EarlyStopping(**early_stopping(task))
        arguments |= {"validation_split": WATCHED, "callbacks": [stopper]}
    return arguments


class TrainedClassifier(keras.wrappers.SKLearnClassifier):
    """`keras.wrappers` as it was meant: its own clone drops `fit_kwargs`, and trains one epoch."""

    def __sklearn_clone__(self):
        made = super().__sklearn_clone__()
        made.fit_kwargs = copy.deepcopy(self.fit_kwargs)
        return made

    def fit(self, X, y):
        """Rows are images and sequences too, which its own validation refuses."""
        y = self._process_target(y, reset=True)
        self.model_ = self._get_model(X, y)
        self.history_ = self.model_.fit(X, y, **self.fit_kwargs)
        return self

    def predict(self, X):
        return self._reverse_process_target(self.model_.predict(X, verbose=0))


def keras_wrappers(task, X, y, splits, seed):
    keras.utils.set_random_seed(seed)

    def build(X, y, **parameters):
        return compiled(task, ONE_HOT, **parameters)

    estimator = TrainedClassifier(build, fit_kwargs=fit_arguments(task))
    candidates = [{"model_kwargs": candidate} for candidate in task.candidates]
    return searched(estimator, candidates, X, y, splits)


def keras_loop(task, X, y, splits, seed):
    """Build, compile, fit, predict: what a loop by hand does for each candidate and fold."""
    keras.utils.set_random_seed(seed)
    accuracies = np.empty((len(task.candidates), len(splits)))
    updates = np.empty_like(accuracies)
    for i, candidate in enumerate(task.candidates):
        for j, (train, test) in enumerate(splits):
            model = compiled(task, SPARSE, **candidate)
            model.fit(X[train], y[train], **fit_arguments(task))
            labels = model.predict(X[test], verbose=0).argmax(axis=1)
            accuracies[i, j] = np.mean(labels == y[test])
            updates[i, j] = int(model.optimizer.iterations)
    return accuracies, updates


def skorch_search(task, X, y, splits, seed):
    import skorch.callbacks
    import torch

    torch.manual_seed(seed)
    # Its second thread waits at a barrier after each operation: for nets this small that costs
    # more than it brings, and tenfold where anything else runs on the machine.
    torch.set_num_threads(1)
    stopping = {"train_split": None}
    if task.patience is not None:
        stopper = skorch.callbacks.EarlyStopping(
            patience=task.patience, threshold=0, load_best=True, sink=lambda text: None
        )
        split = skorch.dataset.ValidSplit(round(1 / WATCHED), stratified=True)
        stopping = {"train_split": split, "callbacks": [("stopper", stopper)]}
    estimator = skorch.NeuralNetClassifier(
        task.net.torch,
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        max_epochs=task.epochs,
        batch_size=BATCH_SIZE,
        iterator_train__shuffle=True,
        verbose=0,
        **stopping,
    )
    if X.ndim == 4:
        X = X.transpose(0, 3, 1, 2)  # PyTorch has the channels before the pixels
    candidates = renamed(task.candidates, "lr", "module__")
    return searched(estimator, candidates, X, y, splits, skorch_updates)


def skorch_updates(estimator):
    return sum(estimator.history[:, "train_batch_count"])


def jax_search(task, X, y, splits, seed):
    return jax_limit.search(task, X, y, splits, seed)


def only_the_mlp(task):
    if not task.net.is_mlp or task.patience is not None:
        return "written by hand for the MLP with a fixed number of epochs"
    if len({candidate.get("units") for candidate in task.candidates}) > 1:
        return "written by hand for one width"
    return None


def not_installed(*modules):
    """Why not, or None."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    return f"not installed: pip install {' '.join(missing)}" if missing else None


CONTESTANTS = {
    each.name: each
    for each in (
        Contestant("lockstep", "this package, lockstep", lockstep, no_lockstep),
        Contestant(
            "sequential", "this package, one by one", functools.partial(routed, KerasClassifier)
        ),
        Contestant("scikeras", "SciKeras", scikeras),
        Contestant("keras.wrappers", "keras.wrappers, clone mended", keras_wrappers),
        Contestant("keras", "Keras loop", keras_loop),
        Contestant(
            "skorch", "PyTorch, skorch", skorch_search,
            functools.partial(not_installed, "torch", "skorch"),
        ),
        Contestant(
            "jax", "JAX by hand", jax_search,
            functools.partial(not_installed, "jax"), only_the_mlp,
        ),
    )
}  # fmt: skip


def reason_against(contestant, task):
    """Why a contestant does not run a task, or None."""
    if task.contestants is not None and contestant.name not in task.contestants:
        return "not asked in this task"
    return contestant.declines(task) or contestant.absent()
