"""What is put in: a result, or an error before training that says which parameter, what, and why.

One row a case. What is refused reaches no step of training, and leaves no trace on the estimator.
"""

import re

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import coo_array, csr_array
from sklearn.exceptions import NotFittedError

from helpers import KerasClassifier, KerasRegressor
from helpers.quiet import keras, tf
from tests import builders

X = np.random.default_rng(0).normal(size=(24, 4)).astype("float32")
Y = np.arange(24) % 3
WORDS = np.array(["x", "y", "z"])
TABLE = pd.DataFrame(X, columns=list("abcd"))
FAST = {"optimizer": "sgd", "epochs": 1, "random_state": 0}


def classifier(**changes):
    return KerasClassifier(**({"model": builders.dense} | FAST | changes))


def regressor(**changes):
    return KerasRegressor(**({"model": builders.linear} | FAST | changes))


def read_only(rows):
    rows = rows.copy()
    rows.setflags(write=False)
    return rows


def with_value(value):
    rows = X.astype("float64")
    rows[3, 1] = value
    return rows


class Rows(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return X, Y


# What works.

SAME_ROWS = {
    "list": X.tolist(),
    "tuple": tuple(map(tuple, X.tolist())),
    "float64": X.astype("float64"),
    "objects that are numbers": X.astype(object),
    "read-only": read_only(X),
    "not contiguous": np.asfortranarray(X),
    "data frame": pd.DataFrame(X),
    "csr": csr_array(X),
    "coo": coo_array(X),
    "tf.Tensor": tf.constant(X),
    "tf.Variable": tf.Variable(X),
    "mask that masks nothing": np.ma.masked_array(X, np.zeros_like(X, dtype=bool)),
}


@pytest.fixture(scope="module")
def expected():
    return classifier().fit(X, Y).predict_proba(X)


@pytest.mark.parametrize("rows", SAME_ROWS.values(), ids=SAME_ROWS)
def test_same_rows_in_another_form(rows, expected):
    np.testing.assert_allclose(
        classifier().fit(rows, Y).predict_proba(rows), expected, rtol=1e-6, atol=1e-7
    )


def test_memory_mapped_rows(tmp_path, expected):
    np.save(tmp_path / "X.npy", X)
    rows = np.load(tmp_path / "X.npy", mmap_mode="r")
    np.testing.assert_array_equal(classifier().fit(rows, Y).predict_proba(rows), expected)


OTHER_ROWS = {
    "float16": X.astype("float16"),
    "float16 near its end": (1e4 * X).astype("float16"),
    "integers": (5 * X).astype(int),
    "bytes": np.abs(5 * X).astype("uint8"),
    "booleans": X > 0,
    "categories that are numbers": TABLE.assign(e=pd.Categorical([1, 2, 3] * 8)),
    "one column": X[:, :1],
    "images": X.reshape(24, 2, 2, 1),
    "image tensor": tf.constant(X.reshape(24, 2, 2, 1)),
    "volumes": X.reshape(24, 2, 2, 1, 1),
}


@pytest.mark.parametrize("rows", OTHER_ROWS.values(), ids=OTHER_ROWS)
def test_rows_that_are_numbers(rows):
    probabilities = classifier().fit(rows, Y).predict_proba(rows)
    assert probabilities.shape == (24, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


LABELS = {
    "words": (WORDS[Y], "U"),
    "words, as objects": (WORDS[Y].astype(object), "O"),
    "pandas words": (pd.Series(WORDS[Y]), "O"),
    "categories": (pd.Series(pd.Categorical(WORDS[Y])), "O"),
    "categories, one unused": (pd.Series(pd.Categorical(WORDS[Y], categories=list("wxyz"))), "O"),
    "booleans": (Y == 0, "b"),
    "negative": (Y - 5, "i"),
    "floats": (Y * 1.0, "f"),
    "float16": (Y.astype("float16"), "f"),
    "bytes": (Y.astype("uint8"), "u"),
    "dates": (np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="M8[D]")[Y], "M"),
    "list": (Y.tolist(), "i"),
    "tf.Tensor": (tf.constant(Y), "i"),
}


@pytest.mark.parametrize(("y", "kind"), LABELS.values(), ids=LABELS)
def test_labels_come_back_as_they_were(y, kind):
    fitted = classifier().fit(X, y)
    predicted = fitted.predict(X)
    assert predicted.dtype.kind == kind
    assert predicted.shape == (24,)
    assert set(predicted.tolist()) <= set(np.asarray(y).tolist())
    assert len(fitted.classes_) == len(set(np.asarray(y).tolist()))


TARGETS = {
    "column": (X[:, :1], (24, 1)),
    "two": (X[:, :2], (24, 2)),
    "float16": (X[:, 0].astype("float16"), (24,)),
    "integers": (Y, (24,)),
    "booleans": (Y == 0, (24,)),
    "constant": (0 * Y, (24,)),
    "list": (Y.tolist(), (24,)),
    "objects that are numbers": (X[:, 0].astype(object), (24,)),
    "tf.Tensor": (tf.constant(X[:, 0]), (24,)),
}


@pytest.mark.parametrize(("y", "shape"), TARGETS.values(), ids=TARGETS)
def test_targets_come_back_in_their_shape(y, shape):
    predicted = regressor().fit(X, y).predict(X)
    assert predicted.shape == shape
    assert np.isfinite(predicted).all()


WORKING_PARAMETERS = {
    "numpy integer": {"epochs": np.int64(1)},
    "batch_size beyond the rows": {"batch_size": 1000},
    "batch_size of all rows": {"batch_size": -1},
    "smallest split": {"validation_split": 0.125},
    "numpy bool": {"shuffle": np.True_},
    "metrics as one name": {"metrics": "accuracy"},
    "metrics as one object": {"metrics": keras.metrics.CategoricalAccuracy()},
    "no callbacks": {"callbacks": []},
    "some labels weighted": {"class_weight": {0: 2.0}},
    "weights of a label that a fold may lack": {"class_weight": {0: 1, 1: 1, 2: 1, 7: 2}},
    "large seed": {"random_state": 2**40},
}


@pytest.mark.parametrize("changes", WORKING_PARAMETERS.values(), ids=WORKING_PARAMETERS)
def test_parameters_that_work(changes):
    loss = {"loss": "categorical_crossentropy"} if "as one object" in str(changes) else {}
    assert classifier(**loss | changes).fit(X, Y).predict(X).shape == (24,)


def test_one_row_is_enough_for_a_regressor_and_for_a_prediction():
    assert regressor().fit(X[:1], Y[:1]).predict(X[:1]).shape == (1,)
    assert classifier().fit(X, Y).predict(X[:1]).shape == (1,)


def test_labels_that_were_not_there_count_as_wrong():
    fitted = classifier().fit(X, Y)
    assert fitted.score(X, np.full(24, 7)) == 0.0
    assert fitted.score(X[Y < 2], Y[Y < 2]) <= 1.0


# What is refused.


@pytest.fixture(autouse=True)
def no_step(request, monkeypatch):
    """In tests of refusals, a step of training fails the test."""
    if "refused" in request.node.name:

        def train_step(self, data):
            pytest.fail("a step of training was traced")

        monkeypatch.setattr(keras.Model, "train_step", train_step)


def refuses(estimator, error, message, X=X, y=Y, **more):
    before = dict(vars(estimator))
    with pytest.raises(error, match=message) as caught:
        estimator.fit(X, y, **more)
    assert isinstance(caught.value, ValueError | TypeError)
    assert vars(estimator) == before
    with pytest.raises(NotFittedError):
        estimator.predict(X)


DATASET = tf.data.Dataset.from_tensor_slices((X, Y)).batch(8)
NO_ROWS = {
    "NaN": (with_value(np.nan), ValueError, "Input X contains NaN"),
    "infinity": (with_value(np.inf), ValueError, "Input X contains infinity"),
    "too large": (with_value(1e300), ValueError, r"X holds a number of size 1e\+300: at most 3.4e"),
    "sparse NaN": (csr_array(with_value(np.nan)), ValueError, "Input X contains NaN"),
    "NaN in an image": (with_value(np.nan).reshape(24, 2, 2, 1), ValueError, "X contains NaN"),
    "missing in a table": (TABLE.mask(TABLE > 1), ValueError, "X contains NaN"),
    "1-D": (X[:, 0], ValueError, r"X: Expected 2D array, got 1D array.*(?s:.*)reshape"),
    "a number": (np.float32(3), ValueError, r"X: Expected 2D array, got scalar"),
    "None": (None, TypeError, "X is a NoneType: an array, a list"),
    "words": (WORDS[Y][:, None], ValueError, "X: dtype='numeric' is not compatible with .*strings"),
    "words as objects": (
        WORDS[Y][:, None].astype(object), ValueError, "X: could not convert string to float: 'x'",
    ),
    "categories that are words": (
        TABLE.assign(d=pd.Categorical(WORDS[Y])), ValueError, "X: could not convert .*'x'",
    ),
    "no rows": (X[:0], ValueError, r"X: Found array with 0 sample\(s\).*minimum of 1"),
    "no columns": (X[:, :0], ValueError, r"X: Found array with 0 feature\(s\).*minimum of 1"),
    "complex": (X + 1j, ValueError, "X: Complex data not supported"),
    "dates": (np.zeros((24, 4), "M8[D]"), TypeError, r"X holds dates, .*numbers are accepted"),
    "dates in a table": (TABLE.assign(d=pd.Timestamp("2020")), TypeError, "^X: .*DateTime64"),
    "masked": (np.ma.masked_array(X, X > 1), ValueError, r"X .* \d+ masked values: .* accepted"),
    "tf.data.Dataset": (DATASET, TypeError, r"X is a _BatchDataset.*pass arrays, X and y"),
    "PyDataset": (Rows(), TypeError, "X is a Rows.*pass arrays, X and y"),
    "ragged": (tf.ragged.constant([[1.0], []]), TypeError, "X is a RaggedTensor: an array"),
    "dict": ({"a": X}, TypeError, "X is a dict: an array"),
    "generator": ((row for row in X), TypeError, "X is a generator: an array"),
    "text": ("rows.csv", TypeError, "X is a str: an array"),
    "list of inputs": ([X, X], ValueError, r"inconsistent numbers of samples: \[2, 24\]"),
}  # fmt: skip


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize(("rows", "error", "message"), NO_ROWS.values(), ids=NO_ROWS)
def test_rows_refused(rows, error, message, make):
    refuses(make(), error, message, rows)


NO_LABELS = {
    "None": (None, ValueError, "y=None: KerasClassifier requires y"),
    "one class": (0 * Y, ValueError, "y has one class, 0: at least two"),
    "NaN": (np.where(Y == 0, np.nan, Y), ValueError, "Input y contains NaN"),
    "infinity": (np.where(Y == 0, np.inf, Y), ValueError, "Input y contains infinity"),
    "missing words": (
        np.array(["a", None, "b"])[Y], TypeError, "y has labels of several types, NoneType, str",
    ),
    "words and numbers": (
        np.array(["a", 1, 2.0], dtype=object)[Y], TypeError, "y has labels of .*number, str",
    ),
    "continuous": (X[:, 0], ValueError, "y: Unknown label type: continuous"),
    "too few": (Y[:5], ValueError, r"inconsistent numbers of samples: \[24, 5\]"),
    "three dimensions": (np.zeros((24, 2, 2)), ValueError, "y: Found array with dim 3.*dim <= 2"),
    "complex": (Y + 0j, ValueError, "y: Complex data not supported"),
    "sparse": (csr_array(np.eye(3)[Y]), TypeError, "Sparse data was passed for y.*toarray"),
    "tf.data.Dataset": (DATASET, TypeError, "y is a _BatchDataset.*pass arrays"),
}  # fmt: skip


@pytest.mark.parametrize(("y", "error", "message"), NO_LABELS.values(), ids=NO_LABELS)
def test_labels_refused(y, error, message):
    refuses(classifier(), error, message, y=y)


NO_TARGETS = {
    "None": (None, ValueError, "y=None: KerasRegressor requires y"),
    "words": (WORDS[Y], ValueError, "y: dtype='numeric' is not compatible with .*strings"),
    "numbers as words": (Y.astype(str), ValueError, "y: dtype='numeric'"),
    "NaN": (with_value(np.nan)[:, 1], ValueError, "Input y contains NaN"),
    "too large": (with_value(1e300)[:, 1], ValueError, r"y holds a number of size 1e\+300"),
    "complex": (X[:, 0] + 1j, ValueError, "y: Complex data not supported"),
    "dates": (np.zeros(24, "M8[D]"), TypeError, "y holds dates"),
    "three dimensions": (np.zeros((24, 2, 2)), ValueError, "y: Found array with dim 3"),
}


@pytest.mark.parametrize(("y", "error", "message"), NO_TARGETS.values(), ids=NO_TARGETS)
def test_targets_refused(y, error, message):
    refuses(regressor(), error, message, y=y)


WHOLE = "{}=.*accepts an integer >= 1"
SHARE = r"validation_split=.*: a share of the training rows in \[0, 1\) is accepted"
FLAG = "{}=.*: True or False is accepted"
SEED = "random_state=.*: None, an integer >= 0, a numpy.random.RandomState or .* is accepted"
MEMORY = "memory=.*: None, the path of a directory or a joblib.Memory is accepted"
CALLBACK = "callbacks=.*: a keras.callbacks.Callback, its class, or a list or dict of them"
NEAR = (
    "{}='{}': Could not interpret .*; a name, class, object or configuration of keras.{} is "
    "accepted. Did you mean '{}'"
)

#: Of both estimators: name, values, error, message.
BAD_PARAMETERS = [
    ("model", [None], ValueError, "model=None: pass a builder"),
    ("model", [3, "x"], TypeError, "model=.*must be a builder"),
    ("epochs", [0, -1, "many", "AUTO", 1.5, None, True], ValueError, WHOLE + ' or "auto"'),
    ("max_epochs", [0, -1, "many", 1.5, None], ValueError, WHOLE),
    ("batch_size", [0, -2, "many", 1.5, None, True], ValueError, WHOLE),
    ("validation_split", [1.0, -0.1, 1.5, "half", None, np.nan], ValueError, SHARE),
    ("validation_split", [0.01, 0.99], ValueError, r"validation_split=.* of 24 rows .* accepted"),
    ("shuffle", ["yes", None, 2], ValueError, FLAG),
    ("warm_start", ["yes", None, 2], ValueError, FLAG),
    ("run_eagerly", ["yes", None, 2], ValueError, FLAG),
    ("verbose", ["loud", 3, -1, None, 0.5], ValueError, 'verbose=.*: 0, 1, 2 or "auto"'),
    ("random_state", ["zero", -1, 1.5, True, [1], np.random], ValueError, SEED),
    ("memory", [3, True, "", [], b"x", object], TypeError, MEMORY),
    ("memory", [f"{__file__}/below"], ValueError, "memory=.*: a directory that can be written"),
    ("callbacks", [3, "EarlyStopping", [3], len, object], TypeError, CALLBACK),
    ("callbacks", [keras.callbacks.EarlyStopping], ValueError, "monitor='val_loss'.*never act"),
    ("callbacks__patience", [3], ValueError, "callbacks__patience: no callbacks were given"),
    ("optimizer", ["adm"], ValueError, NEAR.format("optimizer", "adm", "optimizers", "adam")),
    ("optimizer", [3, "", len, ["adam"], {"a": "adam"}], ValueError, "optimizer=.*is accepted"),
    ("optimizer", [keras.losses.Huber], ValueError, "optimizer=.*Huber.*is accepted"),
    ("loss", ["mse_"], ValueError, "loss='mse_': Could not interpret loss"),
    ("loss", ["categorical_hing"], ValueError, "Did you mean 'categorical_hinge'"),
    ("loss", [3, "", keras.optimizers.SGD], ValueError, "loss=.* of keras.losses is accepted"),
    ("metrics", ["accurac", ["accurac"]], ValueError,
     NEAR.format("metrics", "accurac", "metrics", "accuracy")),
    ("metrics", [3, [3], [keras.losses.Huber]], ValueError, "metrics=.*keras.metrics is accepted"),
    ("optimizer__learning_rat", [0.1], ValueError, "did you mean 'optimizer__learning_rate'"),
    ("optimizer__learning_rate", ["fast", None], ValueError, "`learning_rate` should be float"),
    ("optimizer__learning_rate", [-0.1, np.nan, np.inf], ValueError, "learning_rate=.* >= 0"),
    ("optimizer", [keras.optimizers.SGD(-0.1)], ValueError, "learning_rate=-0.1.* of SGD: .*>= 0"),
    ("loss", [[], [None], {"a": None}], ValueError, "loss=.* for at least one output"),
    ("loss", [["mse", "mse"], ("mse", None)], ValueError, "loss=.* 1 output, a loss for each"),
    ("loss__reductio", ["sum"], ValueError, "did you mean 'loss__reduction'"),
    ("metrics__name", ["a"], ValueError, "metrics__name: no metrics was given"),
    ("fit__verbos", [1], ValueError, "did you mean 'fit__verbose'"),
    ("fit__verbose", ["loud"], ValueError, 'verbose=.*: 0, 1, 2 or "auto"'),
    ("fit__batch_size", [0], ValueError, "batch_size=0.*integer >= 1"),
    ("predict__batch_siz", [1], ValueError, "did you mean 'predict__batch_size'"),
    ("predict__batch_size", [0], ValueError, "predict__batch_size=0.*integer >= 1"),
    ("epoch", [3], ValueError, "Invalid parameter 'epoch' .*did you mean 'epochs'"),
    ("random_stat", [3], ValueError, "did you mean 'random_state'"),
    ("optimiser__momentum", [0.1], ValueError, "Invalid parameter 'optimiser__momentum'"),
]  # fmt: skip
#: Of the classifier alone.
BAD_CLASSIFIER = [
    ("class_weight", ["balance", 3, [1, 2, 3]], ValueError, 'class_weight=.*: a dict .*"balanced"'),
    ("class_weight", [{0: 1, 7: 2}], ValueError, r"class_weight has the label 7; .*\[0, 1, 2\]"),
    ("class_weight", [{"a": 1}], ValueError, r"class_weight has the label 'a'"),
    ("class_weight", [{0: -1}, {0: "x"}, {0: np.inf}, {0: np.nan}], ValueError,
     "class_weight=.*the weight of 0 is .*a number >= 0 is accepted"),
    ("class_weight", [{0: 0, 1: 0, 2: 0}], ValueError, "only zeros were passed in class_weight"),
    ("validation_split", [0.95], ValueError, "sets 23 of 24 rows apart: from 1 to 21 .*3 classes"),
    ("model__unit", [3], ValueError, "did you mean 'model__units'"),
    ("unit", [3], ValueError, "Invalid parameter 'unit' .*did you mean 'units'"),
    ("units", ["many", 0], ValueError, "invalid value for `units`, expected a positive integer"),
]  # fmt: skip


def cases():
    for makes, table in (
        ((classifier, regressor), BAD_PARAMETERS),
        ((classifier,), BAD_CLASSIFIER),
    ):
        for name, values, error, message in table:
            for value in values:
                for make in makes:
                    label = re.sub(r" at 0x\w+", "", repr(value))
                    case = f"{make.__name__}-{name}={label}"
                    expected = message.replace("{}", name)
                    yield pytest.param(make, name, value, error, expected, id=case)


@pytest.mark.parametrize(("make", "name", "value", "error", "message"), list(cases()))
def test_parameter_refused(make, name, value, error, message):
    refuses(make(**{name: value}), error, message)


def two_outputs(meta):
    rows = keras.Input((4,))
    heads = [keras.layers.Dense(3, "softmax")(rows) for _ in range(2)]
    return keras.Model(rows, heads)


def values_per_step(meta):
    return keras.Sequential(
        [keras.Input((4,)), keras.layers.Reshape((4, 1)), keras.layers.Dense(3, "softmax")]
    )


def other_width(meta):
    return keras.Sequential([keras.Input((5,)), keras.layers.Dense(3, "softmax")])


def without_loss(meta):
    model = builders.dense(meta)
    model.compile("sgd")
    return model


def needs_more(meta, units):
    return None


BAD_BUILDERS = {
    "returns None": (lambda: None, TypeError, "returned None: a Keras model is accepted"),
    "returns a number": (lambda: 3, TypeError, "returned 3: a Keras model is accepted"),
    "instance": (builders.compiled(), TypeError, "is a Model instance.*Pass a builder"),
    "compiled without a loss": (without_loss, ValueError, "loss=None: provide a loss"),
    "several outputs": (two_outputs, ValueError, "2 outputs: .*one output is accepted"),
    "values per step": (values_per_step, ValueError, "one vector a row is accepted"),
    "too few units": (lambda: builders.compiled(units=2), ValueError, "2 output units, .*3 clas"),
    "too many units": (lambda: builders.compiled(units=4), ValueError, "4 output units, .*3 clas"),
    "rows of other width": (other_width, ValueError, "axis -1 .*value 5, but received .*1, 4"),
    "a parameter that nobody gave": (needs_more, TypeError, "missing .*'units'"),
    "one output for two columns of labels": (
        lambda: builders.compiled(), ValueError, "1 outputs, y has 2 columns of labels",
    ),
    "logits under a loss of probabilities": (
        lambda: builders.compiled(activation=None), ValueError, "its outputs are logits",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("build", "error", "message"), BAD_BUILDERS.values(), ids=BAD_BUILDERS)
def test_builder_refused(build, error, message):
    y = np.c_[Y, Y] if "columns of labels" in message else Y
    refuses(classifier(model=build), error, message, y=y)


ONES = np.ones(24)
BAD_FIT_ARGUMENTS = {
    "weights too short": ({"sample_weight": ONES[:5]}, r"sample_weight.shape == \(5,\)"),
    "weights negative": ({"sample_weight": -ONES}, "sample_weight: numbers >= 0"),
    "weights NaN": ({"sample_weight": ONES * np.nan}, "sample_weight contains NaN"),
    "weights words": ({"sample_weight": "x"}, "sample_weight: could not convert"),
    "weights in columns": ({"sample_weight": np.ones((24, 2))}, "sample_weight: .*1D"),
    "groups too short": ({"groups": ONES[:3]}, "groups: .*inconsistent"),
    "groups in columns": ({"groups": np.ones((24, 2))}, "groups: .*1d"),
    "epochs": ({"epochs": "x"}, "epochs='x'"),
    "unknown": ({"epoch": 2}, "did you mean 'epochs'"),
    "rows to watch without labels": ({"X_val": X}, "X_val and y_val: give both"),
    "rows to watch NaN": ({"X_val": X * np.nan, "y_val": Y}, "X_val: .*NaN"),
    "labels to watch NaN": ({"X_val": X, "y_val": Y * np.nan}, "y_val contains NaN"),
    "labels to watch unknown": ({"X_val": X, "y_val": Y + 7}, r"y_val: .* \[7, 8, 9\]"),
}  # fmt: skip


@pytest.mark.parametrize(("given", "message"), BAD_FIT_ARGUMENTS.values(), ids=BAD_FIT_ARGUMENTS)
def test_fit_argument_refused(given, message):
    refuses(classifier(), ValueError, message, **given)


def test_one_group_refused():
    estimator = classifier(validation_split=0.2)
    refuses(estimator, ValueError, "groups: .*train set will be empty", groups=ONES)


# Rows of tables come without names to estimators that were fitted on an array.
@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize(("rows", "error", "message"), NO_ROWS.values(), ids=NO_ROWS)
def test_rows_to_predict_are_named(rows, error, message, make, fitted):
    if isinstance(rows, list):
        message = (
            r"X has 24 features|X has rows of shape \(24, 4\)"  # that is what a list of two is
        )
    with pytest.raises(error, match=message):
        fitted[make].predict(rows)


@pytest.fixture(scope="module")
def fitted():
    return {make: make().fit(X, Y) for make in (classifier, regressor)}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (X[:, :3], "X has 3 features, but Keras.* is expecting 4"),
        (X.reshape(24, 2, 2), "X has 2 features"),
        (X.reshape(24, 4, 1), r"X has rows of shape \(4, 1\).*fitted on rows of shape \(4,\)"),
    ],
)
@pytest.mark.parametrize("make", [classifier, regressor])
def test_rows_of_another_shape_are_named(rows, message, make, fitted):
    with pytest.raises(ValueError, match=message):
        fitted[make].predict(rows)


def test_more_classes_than_at_the_first_fit_are_named(fitted):
    before = fitted[classifier].model_.get_weights()
    with pytest.raises(ValueError, match=r"y: .* categories \[3\], .*accepted: \[0, 1, 2\]"):
        fitted[classifier].partial_fit(X, Y + 1)
    for old, new in zip(before, fitted[classifier].model_.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
