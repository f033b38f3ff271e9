"""A base network that is trained, and stays so, under the new head of each candidate."""

from helpers.cases import Case
from helpers.cases._builders import sgd
from helpers.cases._fits import equal_candidates
from helpers.cases._wrappers import SciKeras
from helpers.quiet import keras


def faulty(task):
    def new_network(X, y):
        base = make_base(n_features=X.shape[1])  # made once, trained by every fit of the search
        return network(task, lambda meta: under_new_head(base, meta))

    return equal_candidates(task, new_network)


def fixed(task):
    def new_network(X, y):
        return network(task, lambda meta: under_new_head(make_base(X.shape[1]), meta))

    return equal_candidates(task, new_network)


def control(task):
    def new_network(X, y):
        base = make_base(n_features=X.shape[1])
        base.trainable = False  # made once, trained by none
        return network(task, lambda meta: under_new_head(base, meta))

    return equal_candidates(task, new_network, n_repeats=1, n_folds=2)


def network(task, build):
    return SciKeras(build, epochs=max(2, task.settings.epochs // 10), verbose=0)


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
