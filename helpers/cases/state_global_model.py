"""A builder that hands out one model, made beforehand."""

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, meta_of, mlp_compiled
from helpers.cases._fits import few_epochs, listed_last, rows, searched, seeded
from helpers.cases._scores import repeats
from helpers.cases._wrappers import SciKeras


@seeded
def faulty(task):
    model = mlp_compiled(meta_of(*rows(task)))  # made once ...

    def build():
        return model  # ... and handed to every fit

    return six_equal_candidates(task, build)


def fixed(task):
    def build(meta):
        return mlp_compiled(meta)  # made anew for every fit

    return six_equal_candidates(task, build)


def six_equal_candidates(task, build):
    """Search over one batch size, six times."""
    repeat, seed = repeats(task)[0]
    classifier = in_pipeline(SciKeras(build, epochs=few_epochs(task), verbose=0))
    grid = {"net__batch_size": 6 * [32]}
    return listed_last(searched(classifier, grid, task, seed=seed, repeat=repeat))


CASE = Case(
    code="state/global-model",
    title="The builder hands out one global model",
    statement="The last of six equal candidates scores more if all fits share one model than if "
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
