"""A base network that is trained, and stays so, under the new head of each candidate."""

import pandas as pd

from helpers.cases import Case
from helpers.cases._builders import in_pipeline, sgd
from helpers.cases._fits import listed_last, rows, searched, two_repeats
from helpers.cases._wrappers import SciKeras
from helpers.quiet import keras


def faulty(task):
    def new_builder(n_features):
        base = make_base(n_features)  # made once, trained by every fit of the search
        return lambda meta: under_new_head(base, meta)

    return two_equal_candidates(task, new_builder)


def fixed(task):
    def new_builder(n_features):
        return lambda meta: under_new_head(make_base(n_features), meta)

    return two_equal_candidates(task, new_builder)


def control(task):
    def new_builder(n_features):
        base = make_base(n_features)
        base.trainable = False  # made once, trained by none
        return lambda meta: under_new_head(base, meta)

    return two_equal_candidates(task, new_builder, n_repeats=1)


def make_base(n_features):
    hidden = [dense(64, "relu", seed=number) for number in range(2)]
    return keras.Sequential([keras.Input((n_features,)), *hidden], name="base")


def under_new_head(base, meta):
    model = keras.Sequential([base, dense(meta["n_classes_"], "softmax", seed=2)])
    model.compile(sgd(0.1), "sparse_categorical_crossentropy")
    return model


def dense(units, activation, seed):
    """A layer whose first weights are the same in each fit: they are no difference, then."""
    first_weights = keras.initializers.GlorotUniform(seed=seed)
    return keras.layers.Dense(units, activation=activation, kernel_initializer=first_weights)


def two_equal_candidates(task, new_builder, n_repeats=2):
    """Search over one batch size, twice; then the same with other folds and a new builder."""
    epochs = max(2, task.settings.epochs // 10)
    parts, n_features = [], rows(task)[0].shape[1]
    for repeat, seed in two_repeats(task)[:n_repeats]:
        network = SciKeras(new_builder(n_features), epochs=epochs, verbose=0)
        grid = {"net__batch_size": 2 * [32]}
        table = searched(in_pipeline(network), grid, task, seed=seed, repeat=repeat)
        parts.append(listed_last(table))
    return pd.concat(parts, ignore_index=True)


CASE = Case(
    code="state/shared-base",
    title="New models around one trainable base",
    statement="The last of two equal candidates scores more if all fits train one base network "
    "under heads of their own than if each fit makes its base.",
    faulty=faulty,
    fixed=fixed,
    control=control,
    value="accuracy of the candidate listed last",
    unit="accuracy",
    expect="higher",
    margin=0.02,
    reused_folds=True,
    source="K#13872",
)
