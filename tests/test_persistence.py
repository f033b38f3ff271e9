"""A saved estimator comes back; a file of another kind is refused, and runs nothing."""

import json
import pickle
import zipfile

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

from helpers import KerasClassifier, KerasRegressor, persistence
from helpers.quiet import keras
from tests import builders

X, Y = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])
# TensorFlow's variables know no `copy` keyword yet, of which NumPy 2 warns when Keras saves them.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def fitted():
    table = pd.DataFrame(X, columns=list("abcd"))
    return KerasClassifier(
        builders.dense, epochs=2, model__units=5, metrics=["accuracy"], random_state=0
    ).fit(table, NAMES[Y])


@pytest.fixture
def saved(fitted, tmp_path):
    fitted.save(tmp_path / "net.estimator")
    return tmp_path / "net.estimator"


def test_classifier_comes_back(fitted, saved):
    loaded = KerasClassifier.load(saved)
    table = pd.DataFrame(X, columns=list("abcd"))
    np.testing.assert_array_equal(loaded.predict_proba(table), fitted.predict_proba(table))
    np.testing.assert_array_equal(loaded.predict(table), fitted.predict(table))
    assert loaded.get_params() == fitted.get_params() | {"model": None}
    assert loaded.history_ == fitted.history_
    again = KerasClassifier.load(saved, model=builders.dense).fit(table, NAMES[Y])
    np.testing.assert_array_equal(again.predict_proba(table), fitted.predict_proba(table))


def test_regressor_and_logits_come_back(tmp_path):
    regressor = KerasRegressor(builders.linear, epochs=2, random_state=0).fit(X, X[:, :2])
    regressor.save(tmp_path / "r")
    np.testing.assert_array_equal(
        KerasRegressor.load(tmp_path / "r").predict(X), regressor.predict(X)
    )
    logits = KerasClassifier(builders.logits, epochs=2, random_state=0).fit(X, Y)
    logits.save(tmp_path / "c")
    np.testing.assert_array_equal(
        KerasClassifier.load(tmp_path / "c").predict_proba(X), logits.predict_proba(X)
    )
    with pytest.raises(ValueError, match="keeps a KerasRegressor"):
        KerasClassifier.load(tmp_path / "r")


def test_unfitted_is_not_saved(tmp_path):
    with pytest.raises(NotFittedError):
        KerasClassifier(builders.dense).save(tmp_path / "net")
    assert not list(tmp_path.iterdir())


def test_versions_are_recorded(saved):
    with zipfile.ZipFile(saved) as archive:
        record = json.loads(archive.read(persistence.RECORD))
    assert record["versions"]["keras"] == keras.__version__


class Trap:
    """Unpickled, it leaves a trace."""

    sprung: list = []  # noqa: RUF012 - shared on purpose

    def __reduce__(self):
        return self.sprung.append, (1,)


def tampered(saved, changes):
    with zipfile.ZipFile(saved) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(saved, "w") as archive:
        for name, content in (members | changes).items():
            if content is not None:
                archive.writestr(name, content)


FOREIGN = {
    "a pickle": lambda path: path.write_bytes(pickle.dumps(Trap())),
    "empty": lambda path: path.write_bytes(b""),
    "cut off": lambda path: path.write_bytes(path.read_bytes()[:2000]),
    "another model": lambda path: tampered(path, {persistence.MODEL: b"0" * 100}),
    "no record": lambda path: tampered(path, {persistence.RECORD: None}),
    "a record of another format": lambda path: tampered(path, {persistence.RECORD: b"{}"}),
    "a record that is no JSON": lambda path: tampered(path, {persistence.RECORD: b"import os"}),
    "one member more": lambda path: tampered(path, {"code.py": b"print()"}),
}


@pytest.mark.parametrize("spoil", FOREIGN.values(), ids=FOREIGN)
def test_foreign_file_is_refused(saved, spoil):
    spoil(saved)
    with pytest.raises(ValueError, match="a file that `save` has written is accepted"):
        KerasClassifier.load(saved)
    assert not Trap.sprung


def test_lambda_in_a_model_is_refused(fitted, tmp_path):
    """A model with code in it can be made on purpose, checksum and all: Keras refuses it."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x)])
    persistence.write(tmp_path / "net", model, {"class": "KerasClassifier"})
    with pytest.raises(ValueError, match=r"unsafe|lambda"):
        KerasClassifier.load(tmp_path / "net")


def test_failed_write_leaves_the_old_file(saved, fitted):
    before = saved.read_bytes()
    with pytest.raises(TypeError):
        persistence.write(saved, fitted.model_, {"class": object()})
    assert saved.read_bytes() == before
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
