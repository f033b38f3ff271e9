"""A heavily dropped-out network beside a plain one, at a few epochs."""

import pandas as pd
from sklearn.model_selection import GridSearchCV

from helpers.cases import Case
from helpers.cases._budgets import ENOUGH, network, repetitions, rows
from helpers.workers import each_repetition


def faulty(task):
    return searched(task, epochs=5)


def fixed(task):
    return searched(task, epochs=ENOUGH)


def searched(task, epochs):
    """Search the dropout; the value is how far the network with dropout is ahead."""

    def scores(repeat, seed):
        X, y, split = rows(seed)
        search = GridSearchCV(
            network(seed, optimizer__learning_rate=0.1, model__units=128, epochs=epochs),
            {"model__rate": [0.0, 0.9]}, cv=split, refit=False,
        ).fit(X, y)  # fmt: skip
        plain, dropped = search.cv_results_["mean_test_score"]
        return pd.DataFrame(
            {"repeat": repeat, "epochs": epochs, "candidate": ["plain", "dropout"],
             "score": [plain, dropped], "value": dropped - plain}
        )  # fmt: skip

    return each_repetition(scores, repetitions(task))


CASE = Case(
    code="budget/slow-learners-ranked-last",
    title="Dropout looks bad because it is slow",
    statement="Compared with a plain network, a heavily dropped-out one scores lower in a search "
    "of a few epochs than in a search of many (rows of xor_like).",
    faulty=faulty,
    fixed=fixed,
    value="accuracy with dropout minus accuracy without",
    unit="accuracy",
    expect="lower",
    margin=0.01,
    on=("repeat",),
)
