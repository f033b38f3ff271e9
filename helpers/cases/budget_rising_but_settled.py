"""A look-alike: curves that still rise, in an order that no longer changes."""

from functools import cache

import pandas as pd
from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp
from helpers.cases._fits import rows, two_repeats
from helpers.wrapper import KerasClassifier

UNITS = "net__model__units"


def faulty(task):
    return searched(task, epochs=max(1, task.settings.epochs // 5))


def fixed(task):
    return searched(task, epochs=task.settings.epochs)


def searched(task, epochs):
    """Search the width; the value is what the pick scores when it is trained for all epochs."""
    tables = []
    for repeat, seed in two_repeats(task):
        scores, long = tried(task, seed, epochs), tried(task, seed, task.settings.epochs)
        table = scores.rename_axis("candidate").rename("score").reset_index()
        tables.append(
            table.assign(
                repeat=repeat, epochs=epochs, pick=scores.idxmax(), value=long[scores.idxmax()]
            )
        )
    return pd.concat(tables, ignore_index=True)


@cache
def tried(task, seed, epochs):
    network = KerasClassifier(
        mlp, optimizer="sgd", optimizer__learning_rate=0.1, epochs=epochs, random_state=seed
    )
    split = StratifiedShuffleSplit(1, test_size=1 / 3, random_state=seed)
    search = GridSearchCV(in_pipeline(network), {UNITS: [2, 64]}, cv=split, refit=False)
    search.fit(*rows(task))
    return pd.Series(search.cv_results_["mean_test_score"], [2, 64])


CASE = Case(
    code="budget/rising-but-settled",
    title="Curves that rise, a ranking that stays",
    statement="Where one width is far ahead from the start, a search of a fifth of the epochs "
    "picks one as good as a search of all of them does.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy of the pick, trained for all epochs",
    unit="accuracy",
    expect="same",
    margin=0.01,
    on=("repeat",),
)
