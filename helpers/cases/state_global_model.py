"""A builder that hands out one model, made beforehand."""

from helpers.cases import Case
from helpers.cases._builders import meta_of, mlp_compiled
from helpers.cases._fits import equal_candidates, few_epochs
from helpers.cases._wrappers import SciKeras


def faulty(task):
    def new_network(X, y):
        model = mlp_compiled(meta_of(X, y))  # made once ...

        def build():
            return model  # ... and handed to every fit of the search

        return SciKeras(build, epochs=few_epochs(task), verbose=0)

    return equal_candidates(task, new_network)


def fixed(task):
    def new_network(X, y):
        def build(meta):
            return mlp_compiled(meta)  # made anew for every fit

        return SciKeras(build, epochs=few_epochs(task), verbose=0)

    return equal_candidates(task, new_network)


CASE = Case(
    code="state/global-model",
    title="The builder hands out one global model",
    statement="The last of two equal candidates scores more if all fits share one model than if "
    "each fit makes its own.",
    faulty=faulty,
    fixed=fixed,
    value="accuracy of the candidate listed last",
    unit="accuracy",
    expect="higher",
    margin=0.02,
    reused_folds=True,
    source="antmarakis/Machine-Learning#3, BMEII-AI/RadImageNet#5",
)
