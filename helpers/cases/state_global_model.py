"""A builder that hands out one model, made beforehand."""

from functools import partial

from helpers.cases import Case
from helpers.cases._builders import meta_of, mlp_compiled
from helpers.cases._diagnosed import patient_of, some_rows
from helpers.cases._fits import equal_candidates, few_epochs
from helpers.cases._wrappers import SciKeras


def faulty(task):
    return equal_candidates(task, partial(with_one_model, task))


def with_one_model(task, X, y):
    model = mlp_compiled(meta_of(X, y))  # made once ...

    def build():
        return model  # ... and handed to every fit of the search

    return SciKeras(build, epochs=few_epochs(task), verbose=0)


def fixed(task):
    def new_network(X, y):
        def build(meta):
            return mlp_compiled(meta)  # made anew for every fit

        return SciKeras(build, epochs=few_epochs(task), verbose=0)

    return equal_candidates(task, new_network)


def patient(task):
    return patient_of(task, with_one_model(task, *some_rows(task)), batch_size=[32, 32])


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
    patient=patient,
    source="antmarakis/Machine-Learning#3, BMEII-AI/RadImageNet#5",
)
