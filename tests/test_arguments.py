"""What keras.Model.fit is called with."""

import inspect

import pytest

from helpers.arguments import (
    FIT,
    LEFTOVERS,
    PREDICT,
    check_leftovers,
    check_share,
    check_whole,
    fit_arguments,
)
from helpers.building import COMPILE
from helpers.quiet import keras

DEFAULTS = {"epochs": "auto", "batch_size": 32}


def merged(own=DEFAULTS, routed=(), given=(), known=FIT):
    given, routed = dict(given), dict(routed)
    return fit_arguments(own, DEFAULTS, routed, given, owner="KerasClassifier", known=known)


def test_what_is_nearer_to_the_fit_comes_first():
    assert merged() == DEFAULTS
    assert merged(routed={"epochs": 3})["epochs"] == 3
    assert merged(routed={"epochs": 3}, given={"epochs": 4, "verbose": 2}) == {
        "epochs": 4, "batch_size": 32, "verbose": 2,
    }  # fmt: skip


def test_constructor_and_routed_may_say_the_same_but_not_two_things():
    own = {"epochs": 5, "batch_size": 32}
    assert merged(own, routed={"epochs": 5})["epochs"] == 5
    with pytest.raises(ValueError, match="fit__epochs=6 contradicts epochs=5"):
        merged(own, routed={"epochs": 6})


@pytest.mark.parametrize("name", ["x", "validation_data", "class_weight", "epoch"])
def test_what_the_wrapper_passes_itself_is_refused(name):
    with pytest.raises(ValueError, match=name):
        merged(given={name: 1})


def test_what_may_be_asked_for_is_of_keras_own_signatures():
    for names, function in ((FIT, "fit"), (PREDICT, "predict"), (COMPILE, "compile")):
        assert names <= set(inspect.signature(getattr(keras.Model, function)).parameters)


def test_a_subclass_says_what_else_may_be_asked_for():
    assert merged(given={"anything": 1}, known=FIT | {"anything"})["anything"] == 1


@pytest.mark.parametrize("value", [0, -1, 1.0, "many", True, None])
def test_numbers_of_epochs(value):
    with pytest.raises(ValueError, match="epochs="):
        merged(given={"epochs": value})
    with pytest.raises(ValueError, match="max_epochs="):
        check_whole("max_epochs", value, owner="KerasClassifier")


@pytest.mark.parametrize("value", [-0.1, 1, 1.5, "half", float("nan")])
def test_shares(value):
    with pytest.raises(ValueError, match="validation_split="):
        check_share("validation_split", value)


@pytest.mark.parametrize("name", LEFTOVERS)
def test_leftovers_are_named_unless_the_builder_takes_them(name):
    check_leftovers({name: 1}, [name], owner="KerasClassifier")
    with pytest.raises(ValueError, match=name):
        check_leftovers({name: 1}, ["units"], owner="KerasClassifier")
