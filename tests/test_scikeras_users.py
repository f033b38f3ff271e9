"""What a user of SciKeras can rely on after changing the import line."""

import functools
import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from helpers import KerasClassifier, KerasRegressor
from helpers.quiet import keras

X, Y = load_iris(return_X_y=True)
X = StandardScaler().fit_transform(X)  # only ever trained and scored on the same rows here
NAMES = np.array(["setosa", "versicolor", "virginica"])
FAST = {"optimizer": "adam", "optimizer__learning_rate": 0.1, "epochs": 12, "random_state": 0}
Dense, Input, Model = keras.layers.Dense, keras.Input, keras.Model


# -- Builders ------------------------------------------------------------------------------------


def compiling(meta, compile_kwargs, units=8):
    """Falls back on a loss of its own where none was asked for, as SciKeras' examples do."""
    inputs = Input((meta["n_features_in_"],))
    hidden = Dense(units, activation="relu")(inputs)
    model = Model(inputs, [Dense(meta["n_classes_"], activation="softmax")(hidden)])
    compile_kwargs["loss"] = compile_kwargs["loss"] or "sparse_categorical_crossentropy"
    model.compile(**compile_kwargs)
    return model


def softmax(meta, units=8):
    return keras.Sequential(
        [Dense(units, activation="relu"), Dense(meta["n_classes_"], activation="softmax")]
    )


def line(meta):
    return keras.Sequential([Dense(meta["n_outputs_"])])


def heads(meta, activation="softmax"):
    """An output for each column of the targets."""
    inputs = Input((meta["n_features_in_"],))
    hidden = Dense(8, activation="relu")(inputs)
    widths = meta["n_classes_"] if isinstance(meta["n_classes_"], list) else [1] * 2
    return Model(inputs, [Dense(n, activation=activation)(hidden) for n in widths])


def test_builder_finds_optimizer_loss_and_metrics_in_compile_kwargs():
    fitted = KerasClassifier(compiling, metrics=["accuracy"], **FAST).fit(X, NAMES[Y])
    assert fitted.score(X, NAMES[Y]) > 0.9
    assert float(fitted.model_.optimizer.learning_rate) == np.float32(0.1)
    assert "accuracy" in fitted.history_


def test_what_a_builder_leaves_out_of_compile_kwargs_is_not_ignored():
    def build(meta, compile_kwargs):
        model = softmax(meta)
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    fitted = KerasClassifier(build, **FAST).fit(X, Y)
    assert isinstance(fitted.model_.optimizer, keras.optimizers.Adam)
    KerasClassifier(build, loss="sparse_categorical_crossentropy", **FAST).fit(X, Y)
    with pytest.raises(ValueError, match="but model compiled with loss of the builder's own"):
        KerasClassifier(build, loss="categorical_crossentropy", **FAST).fit(X, Y)


def test_a_builder_that_compiles_has_the_last_word_on_the_defaults_of_a_subclass():
    default = keras.losses.CategoricalCrossentropy()

    class Smoothed(KerasClassifier):
        def __init__(self, *args, loss=default, optimizer="adam", **kw):
            super().__init__(*args, loss=loss, optimizer=optimizer, **kw)

    def build(meta):
        model = softmax(meta)
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model

    fitted = clone(Smoothed(build, **FAST)).fit(X, Y)
    assert isinstance(fitted.model_.optimizer, keras.optimizers.SGD)
    asked = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    with pytest.raises(ValueError, match="but model compiled with loss of the builder's own"):
        Smoothed(build, loss=asked, **FAST).fit(X, Y)


def test_builder_of_any_keyword_gets_all_there_is():
    given = {}

    def build(**keywords):
        given.update(keywords)
        return softmax(keywords["meta"], keywords["units"])

    KerasClassifier(build, model__units=3, **FAST).fit(X, Y)
    assert list(given) == ["units", "meta", "compile_kwargs", "params"]
    assert given["params"]["epochs"] == 12


def test_partial_and_method_are_builders():
    assert KerasClassifier(functools.partial(softmax, units=3), **FAST).fit(X, Y).score(X, Y) > 0.9

    class Own(KerasClassifier):
        def _keras_build_fn(self, units, compile_kwargs):
            return softmax({"n_classes_": self.n_classes_}, units)

    own = Own(model__units=4, **FAST)
    assert cross_val_score(own, X, Y, cv=3).min() > 0.8
    assert own.fit(X, Y).model_.layers[0].units == 4


class Configured(KerasClassifier):
    """A constructor of its own, as in SciKeras' tutorial."""

    def __init__(
        self, hidden=(8,), optimizer="adam", optimizer__learning_rate=0.1, epochs=12, **kw
    ):
        super().__init__(**kw)
        self.hidden = hidden
        self.optimizer = optimizer
        self.optimizer__learning_rate = optimizer__learning_rate
        self.epochs = epochs

    def _keras_build_fn(self, compile_kwargs):
        one = self.target_type_ == "binary"
        units, loss = (1, "binary") if one else (self.n_classes_, "sparse_categorical")
        layers = [Input((self.n_features_in_,)), *(Dense(n, "relu") for n in self.hidden)]
        model = keras.Sequential([*layers, Dense(units, "sigmoid" if one else "softmax")])
        model.compile(compile_kwargs["optimizer"], f"{loss}_crossentropy")
        return model


def test_subclass_with_a_constructor_of_its_own():
    estimator = Configured(batch_size=16, random_state=0)
    names = {"hidden", "optimizer__learning_rate", "epochs", "batch_size", "random_state"}
    assert names <= set(estimator.get_params())
    assert clone(estimator).get_params() == estimator.get_params()
    search = GridSearchCV(estimator, {"optimizer__learning_rate": [1e-6, 0.1]}, cv=2).fit(X, Y)
    assert search.best_params_ == {"optimizer__learning_rate": 0.1}
    fitted = pickle.loads(pickle.dumps(search.best_estimator_))
    assert fitted.score(X, Y) > 0.9
    assert fitted.set_params(hidden=(4, 4)).fit(X, Y == 0).model_.layers[0].units == 4


def test_constructor_that_forgets_is_told():
    class Forgets(Configured):
        def __init__(self, dropout=0.1, **kwargs):
            super().__init__(**kwargs)

    with pytest.raises(AttributeError, match="takes dropout, but does not keep it"):
        Forgets().get_params()


@keras.saving.register_keras_serializable("scikeras users")
class Subclassed(Model):
    """A model with code of its own."""

    def __init__(self, n_classes, **kwargs):
        super().__init__(**kwargs)
        self.hidden, self.last = Dense(8, "relu"), Dense(n_classes, "softmax")

    def call(self, inputs):
        return self.last(self.hidden(inputs))


def test_subclassed_model():
    def build(meta):
        return Subclassed(meta["n_classes_"])

    assert (
        KerasClassifier(build, loss="categorical_crossentropy", **FAST).fit(X, Y).score(X, Y) > 0.9
    )


# -- Routing -------------------------------------------------------------------------------------


def test_places_and_deeper_prefixes():
    class Noted(keras.callbacks.Callback):
        def __init__(self, *notes, **more):
            super().__init__()
            assert (notes, more) == (("first", "second"), {"third": 3})

    schedule = keras.optimizers.schedules.ExponentialDecay
    fitted = KerasClassifier(
        softmax,
        callbacks={"noted": Noted},
        callbacks__noted__1="second", callbacks__noted__0="first", callbacks__noted__third=3,
        optimizer=keras.optimizers.SGD, optimizer__learning_rate=schedule,
        optimizer__learning_rate__initial_learning_rate=0.5,
        optimizer__learning_rate__decay_steps=10, optimizer__learning_rate__decay_rate=0.9,
        epochs=1,
    ).fit(X, Y)  # fmt: skip
    assert fitted.model_.optimizer.get_config()["learning_rate"]["config"]["decay_rate"] == 0.9
    with pytest.raises(ValueError, match="optimizer__rate__decay"):
        KerasClassifier(softmax, optimizer="sgd", optimizer__rate__decay=1, epochs=1).fit(X, Y)


def test_one_metric_needs_no_list():
    assert "accuracy" in KerasClassifier(softmax, metrics="accuracy", epochs=1).fit(X, Y).history_


def test_routed_arguments_of_compile():
    y = np.column_stack([Y, Y == 0])
    halves = KerasClassifier(heads, compile__loss_weights=[1.0, 0.0], **FAST).fit(X, y)
    assert halves.model_.get_compile_config()["loss_weights"] == [1.0, 0.0]
    with pytest.raises(ValueError, match=r"compile__loss_weight: .* did you mean"):
        KerasClassifier(heads, compile__loss_weight=[1.0, 0.0], **FAST).fit(X, y)


seen = []


class Batches(keras.callbacks.Callback):
    """Counts batches where all its copies can see it."""

    def on_train_batch_end(self, batch, logs=None):
        seen.append("train")

    def on_predict_batch_end(self, batch, logs=None):
        seen.append("predict")


def test_callbacks_by_prefix_and_arguments_of_one_call():
    seen.clear()
    estimator = KerasClassifier(
        softmax, fit__callbacks=[Batches()], predict__callbacks=[Batches()], predict__batch_size=50,
        epochs=1, batch_size=-1,
    ).fit(X, Y)  # fmt: skip
    assert seen == ["train"]
    estimator.predict(X)
    assert seen[1:] == 3 * ["predict"]
    seen.clear()
    estimator.predict_proba(X, batch_size=-1, verbose=0)
    assert seen == ["predict"]
    with pytest.raises(ValueError, match="did you mean 'batch_size'"):
        estimator.predict(X, batch_sise=3)


# -- Targets -------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["categorical_crossentropy", None])
def test_one_hot_targets_come_back_one_hot(loss):
    one_hot = np.eye(3)[Y]
    fitted = KerasClassifier(softmax, loss=loss, **FAST).fit(X, one_hot)
    predicted = fitted.predict(X)
    assert predicted.shape == (150, 3)
    assert set(predicted.sum(axis=1)) == {1}
    assert fitted.score(X, one_hot) > 0.9
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1)
    labels = KerasClassifier(softmax, loss=loss, **FAST).fit(X, Y)
    np.testing.assert_array_equal(predicted.argmax(axis=1), labels.predict(X))
    with pytest.raises(ValueError, match="y was one-hot"):
        fitted.partial_fit(X, np.ones((150, 3)))


def test_sigmoids_make_the_same_targets_several_labels():
    def build(meta):
        return keras.Sequential([Dense(meta["n_classes_"], activation="sigmoid")])

    fitted = KerasClassifier(build, epochs=1, random_state=0).fit(X, np.eye(3)[Y])
    np.testing.assert_array_equal(fitted.predict(X), fitted.predict_proba(X) > 0.5)
    assert set(fitted.predict(X).sum(axis=1)) != {1}


def test_several_columns_of_labels():
    y = np.column_stack([NAMES[Y], np.where(Y == 0, "round", "long")])
    fitted = KerasClassifier(heads, **FAST).fit(X, y)
    assert [list(classes) for classes in fitted.classes_] == [list(NAMES), ["long", "round"]]
    predicted = fitted.predict(X)
    assert predicted.dtype == y.dtype
    assert (predicted == y).all(axis=1).mean() > 0.9
    assert [shares.shape for shares in fitted.predict_proba(X)] == [(150, 3), (150, 2)]
    travelled = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(travelled.predict(X), predicted)
    with pytest.raises(ValueError, match="1 outputs, y has 2 columns"):
        KerasClassifier(
            lambda: keras.Sequential([Dense(3, "softmax")]), loss="mse", epochs=1
        ).fit(X, y)  # fmt: skip
    with pytest.raises(ValueError, match=r"y: Found unknown categories \['new'\]"):
        fitted.partial_fit(X, np.full(y.shape, "new"))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_several_columns_of_labels_are_saved(tmp_path):
    y = np.column_stack([Y, Y == 0])
    fitted = KerasClassifier(heads, epochs=1).fit(X, y)
    fitted.save(tmp_path / "net")
    loaded = KerasClassifier.load(tmp_path / "net")
    np.testing.assert_array_equal(loaded.predict(X), fitted.predict(X))
    np.testing.assert_array_equal(loaded.classes_[0], fitted.classes_[0])


def test_several_labels_a_row_from_several_outputs():
    y = np.column_stack([Y == 0, X[:, 0] > 0]).astype(int)
    fitted = KerasClassifier(heads, model__activation="sigmoid", **FAST).fit(X, y)
    assert fitted.predict_proba(X).shape == (150, 2)
    assert fitted.score(X, y) > 0.8


def test_numbers_from_several_outputs():
    def build(meta):
        inputs = Input((meta["n_features_in_"],))
        return Model(inputs, {"b": Dense(1, name="one")(inputs), "a": Dense(2, name="two")(inputs)})

    y = X @ np.random.default_rng(0).normal(size=(4, 3))
    fitted = KerasRegressor(build, loss={"a": "mse", "b": "mae"}, **FAST | {"epochs": 40}).fit(X, y)
    assert fitted.predict(X).shape == (150, 3)
    assert fitted.score(X, y) > 0.9


class Ordered(TransformerMixin, BaseEstimator):
    """Targets as two columns, and back."""

    def fit(self, y):
        self.classes_ = np.unique(y)
        return self

    def transform(self, y):
        codes = np.searchsorted(self.classes_, y)
        return [np.float32(codes > 0)[:, None], np.float32(codes > 1)[:, None]]

    def inverse_transform(self, outputs, return_proba=False):
        above = np.hstack(outputs)
        if return_proba:
            return np.diff(1 - above, axis=1, prepend=0, append=1)
        return self.classes_[(above > 0.5).sum(axis=1)]

    def get_metadata(self):
        return {"classes_": self.classes_, "n_classes_": len(self.classes_)}


class OrderedClassifier(KerasClassifier):
    """Targets through a transformer of its own."""

    @property
    def target_encoder(self):
        return Ordered()


def test_target_encoder_of_a_subclass():
    estimator = OrderedClassifier(
        heads, model__activation="sigmoid", loss="binary_crossentropy", validation_split=0.1, **FAST
    )
    assert cross_val_score(estimator, X, NAMES[Y], cv=3).min() > 0.8
    fitted = estimator.fit(X, NAMES[Y])
    assert (fitted.n_classes_, fitted.target_type_) == (3, "multiclass")
    assert not hasattr(fitted, "n_outputs_")  # the transformer does not tell
    np.testing.assert_allclose(fitted.predict_proba(X).sum(axis=1), 1, atol=1e-6)
    with pytest.raises(ValueError, match="beside a target_encoder"):
        OrderedClassifier(heads, model__activation="sigmoid", **FAST).fit(X, Y)
    with pytest.raises(TypeError, match=r"target_encoder: .* cannot be saved"):
        fitted.save("never written")


# -- Several inputs ------------------------------------------------------------------------------


class TwoInputs(KerasClassifier):
    """Petals and sepals, each with a layer of its own."""

    @property
    def feature_encoder(self):
        return FunctionTransformer(lambda rows: {"petal": rows[:, 2:], "sepal": rows[:, :2]})


def two_inputs(meta, units=4):
    inputs = {name: Input((2,), name=name) for name in ("petal", "sepal")}
    sides = [Dense(units, activation="relu")(each) for each in inputs.values()]
    joined = keras.layers.Concatenate()(sides)
    return Model(inputs, Dense(meta["n_classes_"], activation="softmax")(joined))


def test_several_inputs_through_a_transformer():
    estimator = TwoInputs(two_inputs, validation_split=0.1, **FAST)
    search = GridSearchCV(estimator, {"model__units": [1, 4]}, cv=2).fit(X, NAMES[Y])
    fitted = search.best_estimator_
    assert fitted.score(X, NAMES[Y]) > 0.9
    alone = np.concatenate([fitted.predict_proba(row[None]) for row in X[:3]])
    np.testing.assert_array_equal(alone, fitted.predict_proba(X[:3]))
    again = clone(fitted).fit(X, NAMES[Y])
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_one_transformer_object_is_not_shared_by_fits():
    scaler = StandardScaler()

    class Scaled(KerasClassifier):
        feature_encoder = scaler

    first = Scaled(softmax, **FAST).fit(X, Y)
    expected = first.predict_proba(X)
    Scaled(softmax, **FAST).fit(100 + 5 * X, Y)
    np.testing.assert_array_equal(first.predict_proba(X), expected)
    assert not hasattr(scaler, "mean_")


def test_feature_encoder_that_loses_rows_is_refused():
    class Loses(KerasClassifier):
        feature_encoder = FunctionTransformer(lambda rows: [rows[1:], rows])

    with pytest.raises(ValueError, match=r"array of shape \(149, 4\) of 150 rows"):
        Loses(softmax, **FAST).fit(X, Y)


# -- Going on, weights, scores -------------------------------------------------------------------


def test_epochs_that_a_model_has_been_trained_for():
    estimator = KerasRegressor(lambda: keras.Sequential([Dense(1)]), epochs=3)
    assert (estimator.current_epoch, estimator.initialized_) == (0, False)
    assert estimator.initialize(X, Y).initialized_
    assert estimator.partial_fit(X, Y).partial_fit(X, Y).current_epoch == 2
    assert estimator.partial_fit(X, Y, batch_size=-1).current_epoch == 3
    assert estimator.model_.optimizer.iterations == 2 * 5 + 1
    with pytest.raises(TypeError, match="Invalid argument epochs=2: partial_fit trains for one"):
        estimator.partial_fit(X, Y, epochs=2)
    assert estimator.fit(X, Y).current_epoch == len(estimator.history_["loss"]) == 3


def test_balanced_classes_and_weighted_scores():
    rows = np.flatnonzero((Y > 0) | (np.arange(150) < 5))
    fitted = KerasClassifier(softmax, class_weight="balanced", **FAST).fit(X[rows], NAMES[Y[rows]])
    right = fitted.predict(X[rows]) == NAMES[Y[rows]]
    weights = np.where(right, 1, 3)
    expected = np.average(right, weights=weights)
    assert fitted.score(X[rows], NAMES[Y[rows]], sample_weight=weights) == pytest.approx(expected)


def test_builders_find_how_the_targets_were_given():
    found = []

    def build(meta):
        found.append((meta["y_ndim_"], meta["y_dtype_"], meta["target_type_"]))
        return softmax(meta)

    KerasClassifier(build, epochs=1).fit(X, NAMES[Y])
    KerasClassifier(build, epochs=1).fit(X, np.eye(3)[Y])
    assert found[0] == (1, NAMES.dtype, "multiclass")
    assert found[-1] == (2, np.dtype("float64"), "multilabel-indicator")
    assert KerasClassifier(build, epochs=1).fit(X, Y).y_dtype_ == Y.dtype


def test_a_builder_given_twice_is_refused():
    class Own(KerasClassifier):
        def _keras_build_fn(self, meta):
            return softmax(meta)

    assert Own(epochs=1).fit(X, Y).n_epochs_ == 1
    with pytest.raises(ValueError, match=r"model=.*Own cannot implement ``_keras_build_fn``"):
        Own(softmax).fit(X, Y)
    assert Own(softmax, epochs=1).set_params(model=None).fit(X, Y).n_epochs_ == 1


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (X, Y, "Got X with dtype float64: .* trained on X of dtype int64"),
        (X.round().astype("int8"), Y * 1.0, "Got y with dtype float64: .* y of dtype int64"),
        (X.round().astype(int), Y[:, None], "y has 2 dimensions, but this KerasClassifier"),
        (X.round().astype(int), np.column_stack([Y, Y]), "y has 2 dimensions, but this"),
    ],
)
def test_a_model_goes_on_with_rows_and_labels_as_it_had(rows, labels, message):
    """Raw rows first and scaled ones next are a slip that no shape tells."""
    fitted = KerasClassifier(softmax, **FAST).fit(X.round().astype(int), Y)
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match=message):
        fitted.partial_fit(rows, labels)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)
    fitted.partial_fit(X.round().astype("uint8"), Y.astype("uint8"))


def test_a_regressor_goes_on_with_as_many_targets():
    fitted = KerasRegressor(lambda: keras.Sequential([Dense(1)]), **FAST).fit(X, Y[:, None])
    with pytest.raises(ValueError, match=r"Detected ``y`` to have shape \(150, 2\)"):
        fitted.partial_fit(X, np.column_stack([Y, Y]))
    fitted.partial_fit(X, Y[:, None] + 0.5)


@pytest.mark.parametrize(
    ("dtype", "predicted"), [("float64", "float64"), ("float32", "float32"), ("int64", "float32")]
)
@pytest.mark.parametrize("targets", [Y, np.column_stack([Y, Y])], ids=["one", "two"])
def test_a_regressor_predicts_in_the_precision_of_its_rows(dtype, predicted, targets):
    fitted = KerasRegressor(line, **FAST).fit(X.astype(dtype), targets)
    for rows in (X, X.astype("float32")):
        assert fitted.predict(rows).dtype == predicted
    assert pickle.loads(pickle.dumps(fitted)).predict(X).dtype == predicted


@pytest.mark.parametrize(("size", "n_batches"), [(10, 3), (-1, 1), (None, 1)])
@pytest.mark.parametrize("name", ["validation_batch_size", "fit__validation_batch_size"])
def test_rows_set_apart_go_through_the_model_in_batches(name, size, n_batches):
    seen = []

    def build():
        return keras.Sequential([Input((4,)), keras.layers.Lambda(noted), Dense(3, "softmax")])

    def noted(rows):
        seen.append(len(rows))
        return rows

    given = {"validation_split": 0.2, "run_eagerly": True, name: size}
    KerasClassifier(build, **FAST | given | {"epochs": 1}).fit(X, Y)
    assert sum(seen[-n_batches:]) == 30


def test_parameters_without_a_builder_are_refused_at_once():
    with pytest.raises(ValueError, match=r"Invalid parameter units .* can likely be resolved by"):
        KerasClassifier().set_params(units=8)
    assert KerasClassifier().set_params(model=softmax, units=8).units == 8
    assert KerasClassifier().set_params(model__units=8).model__units == 8


def test_a_keyword_that_the_builder_has_not_is_a_type_error_too():
    for error in (TypeError, ValueError):
        with pytest.raises(error, match=r"model__unit: .* got an unexpected keyword argument"):
            KerasClassifier(softmax, model__unit=8).fit(X, Y)


def test_a_model_with_a_fit_of_its_own_is_asked_for_more():
    asked = []

    class Counted(keras.Sequential):
        def fit(self, *arguments, note, **more):
            asked.append(note)
            return super().fit(*arguments, **more)

    class Noted(KerasClassifier):
        _fit_kwargs = KerasClassifier._fit_kwargs | {"note"}

    def build():
        return Counted([Dense(3, activation="softmax")])

    Noted(build, fit__note="routed", **FAST).fit(X, Y)
    Noted(build, fit__note="routed", **FAST).fit(X, Y, note="given")
    assert asked == ["routed", "given"]
    with pytest.raises(ValueError, match="fit__note"):
        KerasClassifier(build, fit__note="routed", **FAST).fit(X, Y)
