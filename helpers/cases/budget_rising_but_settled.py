"""A look-alike: curves that still rise, in an order that no longer changes."""

from functools import cache, partial

import pandas as pd
from sklearn.model_selection import GridSearchCV, StratifiedShuffleSplit

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp
from helpers.cases._fits import rows, two_repeats
from helpers.workers import each_repetition
from helpers.wrapper import KerasClassifier

UNITS = "net__model__units"


def faulty(task):
    return searched(task, epochs=max(1, task.settings.epochs // 5))


def fixed(task):
    return searched(task, epochs=task.settings.epochs)


def searched(task, epochs):
    """Search the width; the value is what the pick scores when it is trained for all epochs."""
    scores, long = tried(task, epochs), tried(task, task.settings.epochs)
    picks = scores.loc[scores.groupby("repeat")["score"].idxmax(), ["repeat", "candidate"]]
    worth = picks.merge(long).rename(columns={"candidate": "pick", "score": "value"})
    return scores.assign(epochs=epochs).merge(worth, on="repeat")


@cache  # the search of all epochs is the fixed arm, and judges the picks of both
def tried(task, epochs):
    return each_repetition(partial(tried_once, task, epochs), two_repeats(task))


def tried_once(task, epochs, repeat, seed):
    network = KerasClassifier(
        mlp, optimizer="sgd", optimizer__learning_rate=0.1, epochs=epochs, random_state=seed
    )
    split = StratifiedShuffleSplit(1, test_size=1 / 3, random_state=seed)
    search = GridSearchCV(in_pipeline(network), {UNITS: [2, 64]}, cv=split, refit=False)
    search.fit(*rows(task))
    scores = search.cv_results_["mean_test_score"]
    return pd.DataFrame({"repeat": repeat, "candidate": [2, 64], "score": scores})


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
