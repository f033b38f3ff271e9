"""One global seed for the whole search: each fit draws on from where the one before it stopped."""

import joblib

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, mlp_compiled
from helpers.cases._fits import few_epochs, searched
from helpers.cases._scores import repeats
from helpers.cases._wrappers import SciKeras
from helpers.wrapper import KerasClassifier

UNITS = [16, 64]


def faulty(task):
    network = SciKeras(mlp_compiled, **options(task))  # keras.utils.set_random_seed before it
    return in_both_orders(task, network, seed_globally=True)


def fixed(task):
    network = KerasClassifier(mlp_compiled, **options(task), random_state=task.settings.seed)
    return in_both_orders(task, network, seed_globally=False)


def options(task):
    return {"epochs": few_epochs(task), "batch_size": 32, "verbose": 0, "model__units": 1}


def in_both_orders(task, network, seed_globally):
    """The same candidates, listed forwards and backwards; then by two jobs."""
    repeat, seed = repeats(task)[0]

    def fits(units):
        table = searched(
            in_pipeline(network), {"net__model__units": units}, task,
            seed=seed, repeat=repeat, n_folds=1, seed_globally=seed_globally,
        )  # fmt: skip
        return table.assign(units=table["candidate"].map(lambda number: units[number - 1]))

    forwards, backwards = fits(UNITS), fits(UNITS[::-1])
    with joblib.parallel_config(backend="threading", n_jobs=2):
        by_two_jobs = fits(UNITS)
    return beside_one_another(forwards=forwards, backwards=backwards, by_two_jobs=by_two_jobs)


def beside_one_another(**tables):
    """The value of a fit is whether its trained weights depend on the order."""
    by_fit = {name: each.set_index(["units", "fold"]).sort_index() for name, each in tables.items()}
    accuracies = {name: table["value"] for name, table in by_fit.items()}
    same = by_fit["forwards"]["end_digest"] == by_fit["backwards"]["end_digest"]
    return by_fit["forwards"].assign(**accuracies, value=1.0 - same).reset_index()


CASE = Case(
    code="state/global-seed",
    title="One global seed for the whole search",
    statement="With one global seed, a fit ends with other weights when the same candidates are "
    "listed in another order.",
    faulty=faulty,
    fixed=fixed,
    value="fits whose weights depend on the order",
    unit="share of fits",
    expect="higher",
    margin=0.5,
    on=("units", "fold"),
    source="K#18244, TF#60768",
)
