"""One optimizer object, closed over by the builder."""

import warnings

from sklearn.exceptions import FitFailedWarning

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp, sgd
from helpers.cases._diagnosed import patient_of
from helpers.cases._fits import few_epochs, searched, seeded
from helpers.cases._scores import repeats
from helpers.cases._wrappers import SciKeras

UNITS = [1, 32]


@seeded
def faulty(task):
    return search_over_units(task, with_one_optimizer())


def with_one_optimizer():
    optimizer = sgd()  # made once ...

    def build(meta, units):
        model = mlp(meta, units=units)
        model.compile(optimizer, "sparse_categorical_crossentropy")  # ... for every model
        return model

    return build


def fixed(task):
    def build(meta, units):
        model = mlp(meta, units=units)
        model.compile(sgd(), "sparse_categorical_crossentropy")
        return model

    return search_over_units(task, build)


def search_over_units(task, build):
    """Two candidates; the value of each is whether it gets a mean score."""
    repeat, seed = repeats(task)[0]
    network, grid = sized(task, build), {"net__model__units": UNITS}
    with warnings.catch_warnings():
        # All that a user sees: "fits failed", "scores are non-finite". Here the table says it.
        warnings.simplefilter("ignore", FitFailedWarning)
        warnings.filterwarnings("ignore", "One or more of the test scores are non-finite")
        table = searched(in_pipeline(network), grid, task, seed=seed, repeat=repeat, n_folds=2)
    scored = table["value"].notna().groupby(table["candidate"]).transform("all")
    units = table["candidate"].map(dict(enumerate(UNITS, 1)))
    return table.assign(units=units, accuracy=table["value"], value=scored.astype(float))


def sized(task, build):
    return SciKeras(build, epochs=few_epochs(task), batch_size=32, verbose=0, model__units=1)


def patient(task):
    return patient_of(task, sized(task, with_one_optimizer()), model__units=UNITS)


CASE = Case(
    code="state/shared-optimizer",
    title="One optimizer object for all fits",
    statement="With one optimizer object no candidate gets a mean score: after the first fit, "
    "every fit fails.",
    faulty=faulty,
    fixed=fixed,
    value="candidates that get a mean score",
    unit="share of candidates",
    expect="lower",
    margin=0.1,
    on=("candidate",),
    patient=patient,
    source="frankkramer-lab/MIScnn#71",
)
