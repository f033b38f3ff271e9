"""The network of the leak cases.

It is behind the wrapper whose fit is pure: what leaks are rows, and never weights.
"""

from helpers.cases._builders import mlp
from helpers.wrapper import KerasClassifier

__all__ = ["network", "quick_network"]

#: More rows than any case has.
ALL_ROWS = 100_000


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


def quick_network(task, seed, **parameters):
    """A `network` that sees all its rows at once, one update per epoch.

    For leaks that are too large to ask for good training: without a loop over batches, the training
    graph is made in half the time.
    """
    usual = {"batch_size": ALL_ROWS, "optimizer__learning_rate": 1.0}
    return network(task, seed, **usual | parameters)
