"""The estimators as scikit-learn and their users see them."""

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_digits, load_iris
from sklearn.exceptions import DataConversionWarning, NotFittedError
from sklearn.model_selection import (
    GridSearchCV,
    StratifiedKFold,
    check_cv,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from helpers import KerasClassifier, KerasRegressor
from helpers.errors import DivergedError, InertCallbackError
from helpers.quiet import keras
from helpers.training import current_job
from tests import builders, laws, saboteurs

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)  # only ever trained and scored on the same rows here
FAST = {"optimizer": "sgd", "optimizer__learning_rate": 0.1, "epochs": 3, "random_state": 0}


def classifier(builder=builders.dense, **changes):
    return KerasClassifier(builder, **(FAST | changes))


LABELS = {
    "strings": np.array(["setosa", "versicolor", "virginica"]),
    "negative": np.array([-5, -1, 3]),
    "not contiguous": np.array([2, 40, 7]),
    "floats": np.array([0.0, 1.0, 2.0]),
    "objects": np.array(["a", "b", "c"], dtype=object),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_any_label_type_comes_back(labels):
    fitted = classifier(epochs=20).fit(X, labels[Y])
    predicted = fitted.predict(X)
    assert predicted.dtype == labels.dtype
    np.testing.assert_array_equal(fitted.classes_, np.unique(labels))
    assert (predicted == labels[Y]).mean() > 0.9


def test_boolean_labels():
    predicted = classifier(epochs=20).fit(X, Y == 0).predict(X)
    assert predicted.dtype == bool
    assert (predicted == (Y == 0)).mean() > 0.95


def named(value):
    return getattr(value, "name", str(value))


LOSSES = [
    ("sparse_categorical_crossentropy", 3, "softmax"),
    ("categorical_crossentropy", 3, "softmax"),
    ("binary_crossentropy", 3, "sigmoid"),
    ("categorical_focal_crossentropy", 3, "softmax"),
    ("mse", 3, "softmax"),
    (keras.losses.SparseCategoricalCrossentropy(from_logits=True), 3, None),
    (keras.losses.CategoricalCrossentropy(from_logits=True), 3, None),
    ("categorical_hinge", 3, "softmax"),
]


@pytest.mark.parametrize(("loss", "units", "activation"), LOSSES, ids=named)
def test_targets_fit_the_loss_that_the_builder_compiled(loss, units, activation):
    fitted = classifier(
        builders.compiled, model__loss=loss, model__units=units, model__activation=activation,
        epochs=30, batch_size=16,
    ).fit(X, Y)  # fmt: skip
    probabilities = fitted.predict_proba(X)
    assert probabilities.shape == (len(X), 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert fitted.score(X, Y) > 0.8


@pytest.mark.parametrize(
    ("loss", "units", "activation"),
    [
        ("binary_crossentropy", 1, "sigmoid"),
        (keras.losses.BinaryCrossentropy(from_logits=True), 1, None),
        ("sparse_categorical_crossentropy", 2, "softmax"),
        ("categorical_crossentropy", 2, "softmax"),
        ("hinge", 1, "sigmoid"),
    ],
    ids=named,
)
def test_two_classes(loss, units, activation):
    y = np.where(Y[:100] == 0, "no", "yes")
    fitted = classifier(
        builders.compiled, model__loss=loss, model__units=units, model__activation=activation,
        epochs=20,
    ).fit(X[:100], y)  # fmt: skip
    assert fitted.predict_proba(X[:100]).shape == (100, 2)
    assert fitted.score(X[:100], y) > 0.95
    wins = fitted.predict_proba(X[:100])[:, 1] > 0.5
    np.testing.assert_array_equal(fitted.predict(X[:100]) == "yes", wins)


def test_images():
    images, y = load_digits(n_class=3, return_X_y=True)
    images = images.reshape(-1, 8, 8, 1) / 16
    fitted = classifier(builders.convolution, epochs=8).fit(images, y)
    assert fitted.score(images, y) > 0.9
    with pytest.raises(ValueError, match="fitted on rows of shape"):
        fitted.predict(images[:, :, :7])


def test_scikit_learn_sees_what_they_are():
    assert is_classifier(KerasClassifier(builders.dense))
    assert is_regressor(KerasRegressor(builders.linear))
    cv = check_cv(3, Y, classifier=is_classifier(KerasClassifier(builders.dense)))
    assert isinstance(cv, StratifiedKFold)
    assert min(cross_val_score(classifier(epochs=20), X, Y, cv=3)) > 0.8  # labels are sorted


def test_in_a_pipeline_and_a_search():
    search = GridSearchCV(
        make_pipeline(StandardScaler(), classifier()),
        {
            "kerasclassifier__units": [2, 8],
            "kerasclassifier__optimizer__learning_rate": [1e-6, 0.1],
            "kerasclassifier__epochs": [8],
        },
        cv=3,
        error_score="raise",
    ).fit(X, Y)
    assert search.best_params_["kerasclassifier__optimizer__learning_rate"] == 0.1
    assert search.best_estimator_[-1].model_.layers[1].units in (2, 8)


def test_regressor():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 3))
    y = features @ [1.0, -2.0, 0.5]
    regressor = KerasRegressor(builders.linear, **(FAST | {"epochs": 10})).fit(features, y)
    assert regressor.predict(features).shape == (200,)
    assert regressor.score(features, y) > 0.99
    both = np.column_stack([y, -y])
    regressor = clone(regressor).fit(features, both)
    assert regressor.predict(features).shape == (200, 2)


@pytest.mark.parametrize("weighting", ["sample_weight", "class_weight", "both"])
def test_weights_move_the_decision(weighting):
    """Rows of class 1 lie where rows of class 0 lie: the weights alone decide."""
    features = np.zeros((60, 4))
    y = np.repeat([0, 1], 30)
    heavy = np.where(y == 1, 20.0, 1.0)
    changes = {} if weighting == "sample_weight" else {"class_weight": {0: 1, 1: 20}}
    weights = None if weighting == "class_weight" else heavy
    estimator = classifier(epochs=80, **changes).fit(features, y, sample_weight=weights)
    expected = 400 / 401 if weighting == "both" else 20 / 21
    assert estimator.predict_proba(features)[0, 1] == pytest.approx(expected, abs=0.04)


def test_epochs_auto_trains_long_enough_and_on_all_rows():
    watched = []

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            watched.append(current_job.get())

    fitted = classifier(epochs="auto", max_epochs=60, callbacks=Watch).fit(X, Y)
    assert [len(job.rows) for job in watched] == [120, 150]
    assert len(fitted.epoch_search_history_["val_loss"]) <= 50
    assert fitted.n_epochs_ <= 60
    assert "val_loss" not in fitted.history_  # which has a value for each epoch of the model
    assert fitted.score(X, Y) > 0.9


@pytest.mark.parametrize("batch_size", [16, -1])
def test_epochs_auto_goes_on_from_the_best_epoch_for_what_all_rows_are_owed(batch_size):
    features, y = np.resize(X, (100, 4)), np.resize(Y, 100)
    changes = {"epochs": "auto", "max_epochs": 40, "batch_size": batch_size}
    fitted = classifier(**changes).fit(features, y)
    best = 1 + int(np.argmin(fitted.epoch_search_history_["val_loss"]))
    more = max(1, round(best / 5))
    assert fitted.n_epochs_ == len(fitted.history_["loss"]) == best + more
    assert fitted.history_["loss"][:best] == fitted.epoch_search_history_["loss"][:best]
    per_epoch = (5, 7) if batch_size == 16 else (1, 1)
    assert fitted.model_.optimizer.iterations == np.dot(per_epoch, (best, more))
    watched = {"X_val": features[:30], "y_val": y[:30]}  # all rows are trained on: nothing is owed
    fitted.fit(features, y, **watched)
    best = 1 + int(np.argmin(fitted.epoch_search_history_["val_loss"]))
    assert fitted.n_epochs_ == best == len(fitted.history_["val_loss"])


def test_auto_is_the_default():
    assert KerasClassifier(builders.dense).epochs == "auto"
    assert KerasRegressor(builders.linear).epochs == "auto"


def test_epochs_asked_are_epochs_run():
    fitted = classifier(epochs=7).fit(X, Y)
    assert fitted.n_epochs_ == 7
    assert fitted.model_.optimizer.iterations == 7 * 5


def test_validation_rows_are_shuffled_and_stratified():
    seen = []

    class Watch(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(logs["val_accuracy"])

    classifier(metrics=["accuracy"], validation_split=0.2, callbacks=Watch, epochs=25).fit(X, Y)
    assert seen[-1] > 0.8  # the last fifth of iris is of one class, trained on three


@pytest.mark.parametrize("law", laws.LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(
    "estimator",
    [
        classifier(model__rate=0.5),
        classifier(builders.compiled),
        classifier(
            optimizer=keras.optimizers.Adam(0.01),
            loss=keras.losses.SparseCategoricalCrossentropy(),
            metrics=[keras.metrics.SparseCategoricalAccuracy()],
            callbacks=[saboteurs.StatefulCallback()],
            random_state=np.random.RandomState(3),
        ),
        classifier(epochs="auto", max_epochs=4, random_state=np.random.default_rng(1)),
        KerasRegressor(builders.linear, **FAST),
    ],
    ids=["dropout", "compiled", "objects", "auto", "regressor"],
)
def test_law(law, estimator):
    if "optimizer" in estimator.get_params() and not isinstance(estimator.optimizer, str):
        estimator = clone(estimator)
        estimator._routed = {}
    law(estimator, X, Y)


def test_convolution_is_pure():
    images, y = load_digits(n_class=3, return_X_y=True)
    laws.fit_ignores_history(
        classifier(builders.convolution, epochs=1), images.reshape(-1, 8, 8, 1), y
    )


def test_fit_in_a_process_gives_the_same_weights():
    here = cross_val_score(classifier(model__rate=0.5), X, Y, cv=2)
    there = cross_val_score(classifier(model__rate=0.5), X, Y, cv=2, n_jobs=2)
    np.testing.assert_array_equal(here, there)


def test_order_of_candidates_changes_nothing_but_the_order():
    grid = [0.001, 0.1, 0.01]

    def scores(rates):
        search = GridSearchCV(classifier(), {"optimizer__learning_rate": rates}, cv=2, refit=False)
        return dict(zip(rates, search.fit(X, Y).cv_results_["mean_test_score"], strict=True))

    assert scores(grid) == scores(grid[::-1])


def test_metric_names_do_not_count_the_models_before():
    metrics = [keras.metrics.AUC]
    y = (Y == 0).astype(int)
    names = [
        set(classifier(metrics=metrics, loss="categorical_crossentropy").fit(X, y).history_)
        for _ in range(2)
    ]
    assert names[0] == names[1] == {"loss", "auc"}


def test_builder_of_one_model_is_refused_at_its_second_fit():
    estimator = classifier(saboteurs.builder_of_one_model()).fit(X, Y)
    with pytest.raises(ValueError, match="an earlier fit has trained"):
        clone(estimator).fit(X, Y)


def test_shared_layer_is_refused_and_named():
    estimator = classifier(saboteurs.builder_on_one_layer()).fit(X, Y)
    with pytest.raises(ValueError, match=r"layers \['shared'\]"):
        clone(estimator).fit(X, Y)


def test_name_taken_by_a_layer_made_outside():
    outside = keras.layers.Dense(8, name="dense")

    def build():
        return keras.Sequential([keras.Input((4,)), outside, keras.layers.Dense(3)])

    with pytest.raises(ValueError, match="unique names") as caught:
        classifier(build).fit(X, Y)
    assert "made outside the builder" in caught.value.__notes__[0]


def test_frozen_shared_layer_is_fine():
    base = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8)])
    base.trainable = False

    def build():
        return keras.Sequential([base, keras.layers.Dense(3, activation="softmax")])

    laws.fit_is_repeatable(classifier(build), X, Y)


def test_one_optimizer_object_is_isolated():
    estimator = classifier(
        saboteurs.builder_with_one_optimizer(), optimizer=None
    ).set_params(optimizer__learning_rate=0.05)  # fmt: skip
    laws.fit_is_repeatable(estimator, X, Y)
    assert clone(estimator).fit(X, Y).model_.optimizer.learning_rate == np.float32(0.05)


def test_callback_objects_start_fresh_in_each_fit():
    estimator = classifier(callbacks=[saboteurs.StatefulCallback()])
    for _ in range(2):
        assert clone(estimator).fit(X, Y).history_["epochs_seen"] == [1, 2, 3]
    assert estimator.callbacks[0].epochs_seen == 0


def test_instance_is_refused():
    with pytest.raises(TypeError, match="Pass a builder"):
        classifier(builders.compiled()).fit(X, Y)


ERRORS = {
    "model missing": ({"model": None}, ValueError, "model=None"),
    "model not callable": ({"model": 3}, TypeError, "model=3"),
    "epochs 0": ({"epochs": 0}, ValueError, "epochs=0.*integer >= 1"),
    "epochs negative": ({"epochs": -1}, ValueError, "epochs=-1"),
    "epochs word": ({"epochs": "many"}, ValueError, "epochs='many'"),
    "epochs bool": ({"epochs": True}, ValueError, "epochs=True"),
    "max_epochs": ({"max_epochs": 0}, ValueError, "max_epochs=0"),
    "batch_size": ({"batch_size": 0}, ValueError, "batch_size=0"),
    "validation_split": ({"validation_split": 1.5}, ValueError, "validation_split=1.5"),
    "unknown model parameter": ({"model__unit": 3}, ValueError, "did you mean 'model__units'"),
    "unknown bare name": ({"unit": 3}, ValueError, "unit"),
    "unknown optimizer parameter": (
        {"optimizer__learning_rat": 3}, ValueError, "did you mean 'optimizer__learning_rate'",
    ),
    "unknown fit parameter": ({"fit__verbos": 3}, ValueError, "did you mean 'fit__verbose'"),
    "own fit parameter": ({"fit__shuffle": True}, ValueError, "fit__shuffle"),
    "contradiction": ({"fit__epochs": 5}, ValueError, "contradicts epochs=3"),
    "loss parameter without loss": ({"loss__from_logits": True}, ValueError, None),
    "metrics parameter without metrics": ({"metrics__x": 1}, ValueError, "metrics__x"),
    "callback cannot be copied": (
        {"callbacks": [saboteurs.Uncopyable()]}, TypeError, "copied neither",
    ),
    "build_fn": ({"model": None, "build_fn": builders.dense}, ValueError, "as `model`"),
    "nb_epoch": ({"nb_epoch": 5}, ValueError, "called `epochs`"),
    "fit_kwargs": ({"fit_kwargs": {"epochs": 5}}, ValueError, "as `fit__...`"),
    "builder returns None": ({"model": lambda: None}, TypeError, "returned None"),
    "stopper without rows": (
        {"callbacks": keras.callbacks.EarlyStopping}, InertCallbackError, "can never act",
    ),
}  # fmt: skip


@pytest.mark.parametrize("epochs", [2, "auto"])
def test_a_checkpoint_of_every_epoch_needs_no_validation_rows(tmp_path, epochs):
    path = str(tmp_path / "{epoch}.weights.h5")
    kept = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    parameters = FAST | {"epochs": epochs, "max_epochs": 6, "callbacks": kept}
    fitted = KerasClassifier(builders.dense, **parameters).fit(X, Y)
    # Those on all rows, which follow in "auto", are kept as well.
    assert len(list(tmp_path.iterdir())) == fitted.n_epochs_
    best = keras.callbacks.ModelCheckpoint(path, save_weights_only=True, save_best_only=True)
    estimator = KerasClassifier(builders.dense, **FAST | {"callbacks": best})
    with pytest.raises(InertCallbackError, match="can never act"):
        estimator.fit(X, Y)


@pytest.mark.parametrize(("changes", "error", "message"), ERRORS.values(), ids=ERRORS)
def test_bad_parameters_are_named(changes, error, message):
    estimator = KerasClassifier(**({"model": builders.dense} | FAST | changes))
    with pytest.raises(error, match=message):
        estimator.fit(X, Y)


@pytest.mark.parametrize(
    ("compiled", "message"),
    [
        ({"units": 2}, "2 output units, y has 3 classes"),
        ({"units": 1, "activation": "sigmoid"}, "1 output units, y has 3 classes"),
        ({"activation": None}, "its outputs are logits"),
        (
            {"loss": keras.losses.SparseCategoricalCrossentropy(from_logits=True)},
            "ends in softmax, in probabilities",
        ),
    ],
)
def test_builders_that_do_not_fit_the_labels(compiled, message):
    routed = {f"model__{name}": value for name, value in compiled.items()}
    with pytest.raises(ValueError, match=message):
        classifier(builders.compiled, **routed).fit(X, Y)


def test_set_params_refuses_what_nothing_consumes():
    with pytest.raises(ValueError, match=r"Invalid parameter 'batch_sise'.*did you mean"):
        classifier().set_params(batch_sise=3)
    with pytest.raises(ValueError, match="Invalid parameter"):
        GridSearchCV(classifier(), {"dropout_rate": [0.1]}, cv=2, error_score="raise").fit(X, Y)


def test_routed_parameters_are_parameters():
    estimator = classifier(model__units=4)
    assert estimator.get_params()["model__units"] == 4
    assert clone(estimator).get_params() == estimator.get_params()
    assert estimator.set_params(model__units=5).model__units == 5
    assert "model__units=5" in repr(estimator)


def test_before_fit_they_say_so():
    for estimator in (classifier(), KerasRegressor(builders.linear)):
        with pytest.raises(NotFittedError):
            estimator.predict(X)


def test_column_of_labels_is_taken_with_a_warning():
    with pytest.warns(DataConversionWarning):
        fitted = classifier().fit(X, Y[:, None])
    laws.assert_equal_weights(
        fitted.model_.get_weights(), laws.weights_after_fit(classifier(), X, Y)
    )


def test_diverged_fit_raises():
    estimator = KerasRegressor(
        builders.linear, optimizer="sgd", optimizer__learning_rate=1e30, epochs=5
    )
    with pytest.raises(DivergedError, match="the loss is nan after epoch 1"):
        estimator.fit(X, Y * 1e10)


def test_one_class_is_refused():
    with pytest.raises(ValueError, match="one class"):
        classifier().fit(X, np.zeros(len(X)))


def test_callbacks_given_to_fit_act():
    seen = []

    class Count(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(epoch)

    classifier(callbacks=Count).fit(X, Y, callbacks=[Count()])
    assert seen == [0, 0, 1, 1, 2, 2]
    seen.clear()
    GridSearchCV(classifier(), {"epochs": [1, 2]}, cv=2, refit=False).fit(X, Y, callbacks=[Count()])
    assert sorted(seen) == [0, 0, 0, 0, 1, 1]


def test_what_a_callback_keeps_on_its_class_is_warned_of():
    """Its objects are copied for each fit; of a class there is but one."""

    class Decay(keras.callbacks.Callback):
        rate = 0.3

        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = Decay.rate
            Decay.rate *= 0.5

    with pytest.warns(UserWarning, match=r"the fit changed .*Decay\.rate: .* shared by all fits"):
        classifier(callbacks=Decay()).fit(X, Y)


def test_arguments_given_to_fit_come_first():
    assert classifier().fit(X, Y, epochs=2, batch_size=150).model_.optimizer.iterations == 2
    with pytest.raises(ValueError, match=r"epoch: .* did you mean 'epochs'"):
        classifier().fit(X, Y, epoch=2)


def test_validation_rows_given_to_fit_are_watched_and_not_trained_on():
    plain = classifier().fit(X[::2], Y[::2])
    watched = classifier().fit(X[::2], Y[::2], X_val=X[1::2], y_val=Y[1::2])
    assert len(watched.history_["val_loss"]) == 3
    np.testing.assert_array_equal(plain.predict_proba(X), watched.predict_proba(X))
    for changes, message in (
        ({"y_val": None}, "give both"),
        ({"X_val": X[1::2, :2]}, "features"),
        ({"y_val": Y[1::2] + 7}, r"y_val: Found unknown categories \[7, 8, 9\]"),
        ({"y_val": Y}, "inconsistent"),
    ):
        with pytest.raises(ValueError, match=message):
            classifier().fit(X[::2], Y[::2], **({"X_val": X[1::2], "y_val": Y[1::2]} | changes))
    with pytest.raises(ValueError, match="contradicts X_val"):
        classifier(validation_split=0.2).fit(X, Y, X_val=X, y_val=Y)


def test_groups_are_kept_together_where_rows_are_set_apart():
    """The features of a row are its group: what is watched shares none with what is trained on."""
    groups = np.arange(60) // 6
    rows = np.repeat(groups[:, None], 4, axis=1).astype("float32")
    jobs = []

    class Watch(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            jobs.append(current_job.get())

    for changes in ({"validation_split": 0.3}, {"epochs": "auto", "max_epochs": 2}):
        jobs.clear()
        classifier(callbacks=Watch, **changes).fit(rows, np.arange(60) % 2, groups=groups)
        watching = jobs[0]  # "auto" has a second one, that trains on all rows
        assert len(watching.validation) > 0
        assert not set(np.unique(watching.rows.X)) & set(np.unique(watching.validation.X))


def test_warm_start_goes_on_and_nothing_else_does():
    once = classifier().fit(X, Y)
    first = once.predict_proba(X)
    np.testing.assert_array_equal(first, once.fit(X, Y).predict_proba(X))
    warm = classifier(warm_start=True).fit(X, Y).fit(X, Y)
    assert warm.n_epochs_ == 6
    assert warm.history_["loss"][-1] < once.history_["loss"][-1]
    fresh = clone(warm).fit(X, Y)
    np.testing.assert_array_equal(first, fresh.predict_proba(X))
    with pytest.raises(ValueError, match=r"categories \['new'\]"):
        warm.fit(X, np.full(len(X), "new"))
    with pytest.raises(ValueError, match="give a number of epochs"):
        warm.set_params(epochs="auto").fit(X, Y)


def test_partial_fit_is_an_epoch_each():
    net = classifier()
    for part in range(3):
        net.partial_fit(X[part::3], Y[part::3], classes=[0, 1, 2, 3])
    assert net.n_epochs_ == 3
    assert net.predict_proba(X).shape == (150, 4)
    np.testing.assert_array_equal(net.classes_, [0, 1, 2, 3])
    regressor = KerasRegressor(builders.linear, **FAST)
    regressor.partial_fit(X, Y).partial_fit(X, Y)
    assert regressor.n_epochs_ == 2
    with pytest.raises(ValueError, match="as before"):
        regressor.partial_fit(X, X)


def test_initialize_makes_the_model_that_fit_starts_from():
    untrained = classifier().initialize(X, Y)
    assert untrained.n_epochs_ == 0
    still = classifier(optimizer__learning_rate=0.0).fit(X, Y)
    np.testing.assert_array_equal(untrained.predict_proba(X), still.predict_proba(X))


@pytest.mark.parametrize("batch_size", [7, 256])
def test_only_the_ratios_of_weights_count(batch_size):
    weights = np.linspace(1, 2, len(X)).astype("float32")
    first = classifier(batch_size=batch_size).fit(X, Y, sample_weight=weights)
    second = classifier(batch_size=batch_size).fit(X, Y, sample_weight=4 * weights)
    np.testing.assert_allclose(first.predict_proba(X), second.predict_proba(X), rtol=1e-5)
    with pytest.raises(ValueError, match="numbers >= 0"):
        classifier().fit(X, Y, sample_weight=-weights)


def test_sparse_rows_are_the_same_rows():
    rows = np.where(X > 0, X, 0)
    np.testing.assert_array_equal(
        classifier().fit(rows, Y).predict_proba(rows),
        classifier().fit(csr_array(rows), Y).predict_proba(csr_array(rows)),
    )


def test_prediction_of_a_row_does_not_depend_on_the_others():
    fitted = classifier().fit(X, Y)
    alone = np.concatenate([fitted.predict_proba(row[None]) for row in X])
    np.testing.assert_array_equal(alone, fitted.predict_proba(X))


def test_batch_normalisation_that_scores_too_early_is_warned_of():
    def build(meta):
        return keras.Sequential(
            [
                keras.Input((4,)), keras.layers.BatchNormalization(),
                keras.layers.Dense(3, activation="softmax"),
            ]
        )  # fmt: skip

    with pytest.warns(UserWarning, match="after 15 updates its moving averages are still 86%"):
        classifier(build).fit(X, Y)
    classifier(build, epochs=40).fit(X, Y)


def test_eagerly_it_learns_the_same():
    eager = classifier(run_eagerly=True, epochs=1).fit(X, Y)
    np.testing.assert_allclose(
        eager.predict_proba(X), classifier(epochs=1).fit(X, Y).predict_proba(X), atol=1e-5
    )
