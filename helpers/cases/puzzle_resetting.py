"""What the article's main advice, a new model in each fit, changes."""

from scikeras.wrappers import KerasClassifier as SciKerasClassifier
from sklearn.model_selection import GridSearchCV, StratifiedKFold

from helpers.cases._builders import in_pipeline, mlp
from helpers.cases._case import Case
from helpers.cases._puzzle import losses
from helpers.cases.puzzle_xor_like import advised, on_xor
from helpers.randomness import isolated


def faulty(task):
    """The search as one starts."""
    return losses(on_xor(task), first)


def fixed(task):
    """The search as the article advises."""
    return losses(on_xor(task), advised)


def first(X, y, rates, epochs, seed):
    """As one starts: a SciKeras classifier with its defaults, in a grid search."""
    classifier = SciKerasClassifier(
        mlp, loss="sparse_categorical_crossentropy", optimizer="sgd", verbose=0
    )
    name = "net__optimizer__learning_rate"
    # cv=2 would not stratify: scikit-learn does not recognise this wrapper as a classifier.
    folds = StratifiedKFold(2)
    with isolated(seed):
        search = GridSearchCV(in_pipeline(classifier), {name: rates}, cv=folds, scoring="accuracy")
        return search.fit(X, y), name


CASE = Case(
    code="puzzle/resetting",
    title="What resetting the model changes",
    statement="On xor_like, resetting the model in each fit, as the article advises, delivers a "
    "model no better than SciKeras' defaults do: with a builder every fit starts afresh anyway.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy lost on fresh rows",
    unit="accuracy",
    expect="same",
    margin=0.02,
    on=("repeat",),
    source="seed article, point 1 and Example 1",
)
