"""A search at a small number of epochs, the same for each learning rate."""

from helpers.cases import Case
from helpers.cases._budgets import ENOUGH, FEW, tried, worth


def faulty(task):
    return searched(task, epochs=FEW)


def fixed(task):
    return searched(task, epochs=ENOUGH)


def searched(task, epochs):
    """Search the learning rate; the value is what the pick is worth when it is trained long."""
    scores = tried(task, epochs)[["repeat", "candidate", "score"]].drop_duplicates()
    best = scores.loc[scores.groupby("repeat")["score"].idxmax()]
    picks = best[["repeat", "candidate"]].rename(columns={"candidate": "pick"})
    values = worth(task).rename_axis(["repeat", "pick"]).rename("value").reset_index()
    return scores.assign(epochs=epochs).merge(picks.merge(values), on="repeat")


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
    return tried(task, ENOUGH).drop(columns="score")


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
