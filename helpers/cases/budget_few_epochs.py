"""A search at a small number of epochs, the same for each learning rate."""

import pandas as pd

from helpers.cases import Case
from helpers.cases._budgets import ENOUGH, FEW, RATE, repetitions, tried, worth


def faulty(task):
    return searched(task, epochs=FEW)


def fixed(task):
    return searched(task, epochs=ENOUGH)


def searched(task, epochs):
    """Search the learning rate; the value is what the pick is worth when it is trained long."""
    tables = []
    for repeat, seed in repetitions(task):
        search, _ = tried(seed, epochs)
        pick = search.best_params_[RATE]
        table = pd.DataFrame(search.cv_results_["params"]).rename(columns={RATE: "candidate"})
        tables.append(
            table.assign(
                repeat=repeat, epochs=epochs, score=search.cv_results_["mean_test_score"],
                pick=pick, value=worth(seed, pick),
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def curves(task):
    """Accuracy on fresh rows of every learning rate after every epoch.

    Parameters
    ----------
    task : Task

    Returns
    -------
    DataFrame
        Columns ``repeat``, ``candidate`` (the learning rate), ``epochs``, ``value``.
    """
    tables = [tried(seed, ENOUGH)[1].assign(repeat=repeat) for repeat, seed in repetitions(task)]
    return pd.concat(tables, ignore_index=True)


CASE = Case(
    code="budget/few-epochs",
    title="A few epochs for every learning rate",
    statement="The learning rate that wins after a few epochs loses accuracy on fresh rows to the "
    "one that wins after many, when both are trained for as many (rows of xor_like).",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on fresh rows of the pick, trained long",
    unit="accuracy",
    expect="lower",
    margin=0.01,
    on=("repeat",),
    source="skhabiri.com, hyperparameter tuning",
)
