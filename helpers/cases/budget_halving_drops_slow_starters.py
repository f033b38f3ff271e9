"""Successive halving over epochs whose first rung is too short."""

import pandas as pd
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 - makes the next import work
from sklearn.model_selection import HalvingGridSearchCV

from helpers.cases import Case
from helpers.cases._budgets import ENOUGH, FEW, GRID, RATE, network, repetitions, rows, worth
from helpers.workers import each_repetition

#: The fast learner of `GRID`, and a slower one.
FAST_AND_SLOW = {RATE: GRID[RATE][:2]}


def faulty(task):
    return halved(task, min_resources=FEW)


def fixed(task):
    return halved(task, min_resources=ENOUGH // 2)


def halved(task, min_resources):
    """Both candidates get `min_resources` epochs, the better one of them twice as many."""
    values = worth(task)

    def searched(repeat, seed):
        X, y, split = rows(seed)
        search = HalvingGridSearchCV(
            network(seed), FAST_AND_SLOW, cv=split, refit=False,
            resource="epochs", factor=2, min_resources=min_resources, max_resources=ENOUGH,
        ).fit(X, y)  # fmt: skip
        pick = search.best_params_[RATE]
        table = pd.DataFrame(search.cv_results_).rename(
            columns={f"param_{RATE}": "candidate", "n_resources": "epochs", "iter": "rung",
                     "mean_test_score": "score"}
        )[["rung", "epochs", "candidate", "score"]]  # fmt: skip
        return table.assign(repeat=repeat, pick=pick, value=values[repeat, pick])

    return each_repetition(searched, repetitions(task))


CASE = Case(
    code="budget/halving-drops-slow-starters",
    title="Halving drops the slow starters",
    statement="A halving search whose first rung has a few epochs picks a learning rate that loses "
    "accuracy on fresh rows to the pick of a longer first rung, when both are trained for as many "
    "epochs (rows of xor_like).",
    faulty=faulty,
    fixed=fixed,
    value="accuracy on fresh rows of the pick, trained long",
    unit="accuracy",
    expect="lower",
    margin=0.01,
    on=("repeat",),
    source="SL#31608, SL#27422",
)
