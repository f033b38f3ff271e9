"""A builder's model arrives compiled, fresh, and with every parameter applied."""

import pytest

from helpers import building
from helpers.quiet import keras


def test_optimizer_by_name_class_object_and_configuration():
    routed = {"learning_rate": 0.5}
    adam = keras.optimizers.Adam(0.1, beta_1=0.8)
    for spec in ("adam", keras.optimizers.Adam, adam, keras.optimizers.serialize(adam)):
        made = building.make_optimizer(spec, routed)
        assert isinstance(made, keras.optimizers.Adam)
        assert float(made.learning_rate) == 0.5
        assert made is not spec
    assert float(adam.learning_rate) == pytest.approx(0.1)
    assert building.make_optimizer(adam, routed).beta_1 == 0.8


def test_a_loss_object_keeps_what_nothing_is_routed_to():
    huber = keras.losses.Huber(delta=2.5)
    made = building.make_loss(huber, {"reduction": "sum"})
    outputs = [float(loss([[0.0]], [[9.0]])) for loss in (huber, made)]
    assert outputs[0] == outputs[1] != float(keras.losses.Huber()([[0.0]], [[9.0]]))
    assert made.reduction == "sum"
    assert building.make_loss(huber, {"delta": 9.0})([[0.0]], [[9.0]]) == 40.5


def test_loss_name_with_parameters_becomes_an_object():
    loss = building.make_loss("binary_crossentropy", {"from_logits": True})
    assert loss.from_logits
    assert building.make_loss("mse", {}) == "mse"
    assert building.make_loss("mse", {"reduction": "sum"}).reduction == "sum"


def test_lists_route_to_one_member_or_to_all():
    made = building.instantiate(
        [keras.metrics.AUC, keras.metrics.Recall],
        {"0__name": "area", "dtype": "float64", "1__thresholds": 0.7},
        building.make_metric,
        prefix="metrics__",
    )
    assert [m.name for m in made] == ["area", "recall"]
    assert made[1].thresholds == [0.7]
    assert {m.dtype for m in made} == {"float64"}


def test_members_of_a_dict_are_made_by_key():
    made = building.instantiate(
        {"a": "accuracy", "b": keras.metrics.AUC}, {"b__name": "area"}, building.make_metric,
        prefix="metrics__",
    )  # fmt: skip
    assert made["a"] == "accuracy"
    assert made["b"].name == "area"


def test_callback_classes_take_parameters_and_objects_do_not():
    made = building.make_callback(keras.callbacks.EarlyStopping, {"patience": 7})
    assert made.patience == 7
    with pytest.raises(ValueError, match="callbacks__patience"):
        building.make_callback(made, {"patience": 3})


def test_constructor_parameters_of_base_classes_count():
    assert building.make_optimizer("sgd", {"clipnorm": 1.0}).clipnorm == 1.0
    with pytest.raises(ValueError, match="did you mean 'optimizer__clipnorm'"):
        building.make_optimizer("sgd", {"clipnrom": 1.0})


def test_compile_kwargs_go_to_builders_that_take_them():
    received = {}

    def build(compile_kwargs):
        received.update(compile_kwargs)
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(**compile_kwargs)
        return model

    model, _ = building.build(
        build, _rows(), parameters={"optimizer__learning_rate": 0.5}, meta={},
        default_loss=lambda model, outputs: "mse", optimizer="sgd", loss="mae",
    )  # fmt: skip
    assert set(received) == {"optimizer", "loss", "metrics"}
    assert float(model.optimizer.learning_rate) == 0.5


def test_compiled_model_gets_the_learning_rate_that_was_asked_for():
    def build():
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
        return model

    model, _ = building.build(
        build, _rows(), parameters={"optimizer__learning_rate": 0.5}, meta={}, default_loss=None
    )
    assert float(model.optimizer.learning_rate) == 0.5
    assert model.optimizer.momentum == 0.9


@pytest.mark.parametrize(
    ("arguments", "parameters", "named"),
    [({"loss": "mae"}, {}, "loss='mae'"), ({}, {"loss__delta": 1}, "loss__delta"),
     ({}, {"compile__loss_weights": [1]}, "compile__loss_weights"),
     ({"metrics": ["mae"]}, {}, "metrics="), ({}, {"metrics__name": "x"}, "metrics__name")],
)  # fmt: skip
def test_compiled_model_refuses_what_would_be_ignored(arguments, parameters, named):
    def build():
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(ValueError, match=named):
        building.build(
            build, _rows(), parameters=parameters, meta={}, default_loss=None, **arguments
        )


def test_a_function_takes_no_parameters_of_a_loss():
    with pytest.raises(TypeError, match=r"loss__delta: .* because it's not a class"):
        building.make_loss(keras.losses.huber, {"delta": 2.0})
    loss = building.make_loss(keras.losses.Huber, {"delta": 0.5})
    assert float(loss([[4.0]], [[0.0]])) == 0.5 * (4 - 0.25)


def test_sequential_without_input_is_built_for_any_number_of_rows():
    def build():
        return keras.Sequential([keras.layers.Dense(1)])

    model, outputs = building.build(
        build, _rows(), parameters={}, meta={}, default_loss=lambda model, outputs: "mse"
    )
    assert model.input_shape == (None, 2)
    assert outputs.shape == (1, 1)


def _rows():
    return keras.ops.ones((1, 2))
