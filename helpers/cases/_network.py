"""The network of the leak cases.

It is behind the wrapper whose fit is pure: what leaks are rows, and never weights.
"""

from helpers.cases._builders import mlp
from helpers.wrapper import KerasClassifier

__all__ = ["network"]


def network(task, seed, model=mlp, **parameters):
    """A Keras classifier for a pipeline or a cross-validation.

    Parameters
    ----------
    task : Task
        For the number of epochs.
    seed : int
        Of initial weights and shuffling.
    model : callable, default=mlp
    **parameters
        Of `KerasClassifier`, instead of those here.

    Returns
    -------
    KerasClassifier
    """
    # SGD without momentum: its training graph is made in half the time.
    usual = {"optimizer": "sgd", "optimizer__learning_rate": 0.3, "batch_size": 32}
    settled = {"epochs": task.settings.epochs, "random_state": seed}
    return KerasClassifier(model, **usual | settled | parameters)
