"""Says which fits can be trained in one stack: those whose models differ in numbers alone."""

import inspect
import types
from functools import partial

import numpy as np

from helpers.copies import config_of
from helpers.digests import digest
from helpers.quiet import keras, tf
from helpers.training import _acts_on_batches

__all__ = ["reason_to_stay_alone", "settings_of", "structure_of"]

Optimizer = keras.optimizers.Optimizer
Schedule = keras.optimizers.schedules.LearningRateSchedule
#: Numbers that models of one stack may differ in, by the class that reads them as numbers only.
LAYER_SETTINGS = {
    keras.layers.Dropout: ("rate",),
    keras.layers.SpatialDropout1D: ("rate",),
    keras.layers.SpatialDropout2D: ("rate",),
    keras.layers.SpatialDropout3D: ("rate",),
}
OPTIMIZER_SETTINGS = {
    keras.optimizers.SGD: ("momentum", "weight_decay"),
    keras.optimizers.RMSprop: ("rho", "epsilon", "weight_decay"),
    keras.optimizers.Adam: ("beta_1", "beta_2", "epsilon", "weight_decay"),
    keras.optimizers.AdamW: ("beta_1", "beta_2", "epsilon", "weight_decay"),
}
#: Steps and loops of Keras' models that a stack replaces, and parts of an optimizer likewise.
MODEL_METHODS = (
    "fit", "train_step", "test_step", "make_train_function", "make_test_function", "evaluate",
    "compute_metrics", "get_metrics_result", "reset_metrics", "compiled_metrics",
)  # fmt: skip
OPTIMIZER_METHODS = ("apply", "apply_gradients", "finalize_variable_values")
#: Parts of a configuration that made variables, whose values are here by now.
PAST = ("seed", "name", "learning_rate", "build_config", "batch_input_shape", "batch_shape")


def reason_to_stay_alone(fit):
    """Why a fit cannot be part of a stack; None if, as far as can be seen, it can.

    Parameters
    ----------
    fit : helpers.training.Fit

    Returns
    -------
    str or None
    """
    model, optimizer, job = fit.model, fit.model.optimizer, fit.job
    for name in MODEL_METHODS:
        if getattr(type(model), name, None) is not getattr(keras.Model, name, None):
            if name == "fit" and not _is_users(type(model), name):
                continue  # a recorder watches every model's
            return f"the model has a {name} of its own"
    for name in OPTIMIZER_METHODS:
        if getattr(type(optimizer), name) is not getattr(Optimizer, name):
            return f"the optimizer {type(optimizer).__name__} has a method {name} of its own"
    if model.run_eagerly or model.jit_compile:
        return "the model runs eagerly or is compiled by XLA"
    if tf.distribute.has_strategy():
        return "TensorFlow distributes it"
    if optimizer.gradient_accumulation_steps or optimizer.use_ema:
        return "the optimizer accumulates gradients or averages weights"
    if getattr(optimizer, "_exclude_from_weight_decay", None):
        return "the optimizer tells variables by identity that it does not decay"
    if not model.trainable_variables:
        return "the model has nothing to train"
    if not isinstance(optimizer._learning_rate, keras.Variable | Schedule):
        return "the learning rate is a function"
    if any(getattr(layer, "stateful", False) for layer in _layers(model)):
        return "a layer keeps state from batch to batch"
    acting = [type(c).__name__ for c in fit.callbacks if _acts_on_batches(c) or _on_tests(c)]
    if acting:
        return f"the callback {acting[0]} acts on batches"
    more = sorted(set(job.fit_arguments) - {"verbose"})
    if more:
        return f"keras.Model.fit is asked for {more[0]}"
    return None


def structure_of(fit):
    """What all fits of one stack have in common, as a value that can be compared.

    Parameters
    ----------
    fit : helpers.training.Fit

    Returns
    -------
    tuple
    """
    model, job = fit.model, fit.job
    describe = _Description()
    columns = [fit.columns(rows) for rows in (job.rows, job.validation) if rows is not None]
    return (
        describe.model(model),
        describe.optimizer(model.optimizer),
        describe(getattr(model._compile_loss, "_user_loss", None)),
        describe(getattr(model._compile_loss, "_user_loss_weights", None)),
        describe(getattr(model._compile_metrics, "_user_metrics", None)),
        describe(getattr(model._compile_metrics, "_user_weighted_metrics", None)),
        tuple(_shapes(each) for each in columns),
        _variables(model.metrics_variables),
        job.batch_size,
        job.validation_rows_at_once,
        keras.config.floatx(),
        keras.config.dtype_policy().name,
    )


def settings_of(model):
    """Numbers in which models of a stack may differ.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    dict of (int or None, str) to float
        By the number of the layer (None: the optimizer) and the name of its attribute.
    """
    found = {}
    owners = [*enumerate(_layers(model)), (None, model.optimizer)]
    for place, owner in owners:
        table = OPTIMIZER_SETTINGS if place is None else LAYER_SETTINGS
        for name in table.get(type(owner), ()):
            value = getattr(owner, name)
            if isinstance(value, int | float) and value:
                found[place, name] = float(value)
    return found


def owner_of(model, place):
    """The layer of that number, or the optimizer."""
    return model.optimizer if place is None else _layers(model)[place]


def _layers(model):
    return list(model._flatten_layers(include_self=True, recursive=True))


def _is_users(cls, name):
    owner = next(base for base in cls.__mro__ if name in vars(base))
    return not owner.__module__.startswith("keras.")


def _on_tests(callback):
    names = ("on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end")
    return any(_is_users(type(callback), name) for name in names)


def _shapes(columns):
    return (
        repr(keras.tree.map_structure(lambda each: (each.shape[1:], str(each.dtype)), columns)),
    )


def _variables(variables):
    return tuple((tuple(v.shape), str(v.dtype), v.trainable) for v in variables)


def _names_of_keras():
    """Attributes that Keras itself gives a layer or a model, which say nothing of what it does."""
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    functional = keras.Model(model.inputs, model.outputs)
    return frozenset().union(*map(vars, (keras.layers.Layer(), model, functional, keras.Model())))


class _Description:
    """Describes objects by what they compute with; what it cannot see into, by identity."""

    known_names = None

    def __init__(self):
        self.seen = {}
        if _Description.known_names is None:
            _Description.known_names = _names_of_keras()

    def model(self, model):
        layers = _layers(model)
        return (
            tuple(map(self.layer, layers)),
            tuple(map(self.nodes, [each for each in layers if hasattr(each, "_operations")])),
            _variables(model.variables),
        )

    def layer(self, layer):
        config = self.configuration(layer)
        tensors = {n: v for n, v in vars(layer).items() if isinstance(v, tf.Tensor | np.ndarray)}
        if config is not None and type(layer).__module__.startswith("keras."):
            for name in LAYER_SETTINGS.get(type(layer), ()):
                config.pop(name, None)
            return type(layer), self(config), self(tensors)
        own = {n: v for n, v in vars(layer).items() if n not in self.known_names}
        return self(type(layer)), self(config), self(own)

    def configuration(self, layer):
        if isinstance(layer, keras.Model):
            return {}  # its layers are described one by one
        try:
            config = config_of(layer)
        except (NotImplementedError, TypeError, ValueError):
            # Keras raises them for a user's class without get_config, and for its own layers
            # around one (an RNN's cell): what there is to know of both is in their attributes.
            return None
        return {n: v for n, v in config.items() if not (n in PAST or n.endswith("_initializer"))}

    def nodes(self, functional):
        """From which results each operation of a functional model makes its own."""
        places = {id(operation): i for i, operation in enumerate(functional._operations)}

        def place(value):
            if isinstance(value, keras.KerasTensor):
                history = value._keras_history
                return places.get(id(history.operation)), history.node_index, history.tensor_index
            return self(value)

        return tuple(
            (
                self(type(operation)),
                repr(keras.tree.map_structure(place, (node.arguments.args, node.arguments.kwargs))),
                () if isinstance(operation, keras.layers.Layer) else self(vars(operation)),
            )
            for operation in functional._operations
            for node in operation._inbound_nodes
            if not isinstance(operation, keras.layers.InputLayer)
        )

    def optimizer(self, optimizer):
        settings = OPTIMIZER_SETTINGS.get(type(optimizer), ())
        config = {n: v for n, v in config_of(optimizer).items() if n not in PAST}
        for name in settings:
            config[name] = bool(config[name])
        rate = optimizer._learning_rate
        return (
            self(type(optimizer)),
            self(config),
            None if isinstance(rate, keras.Variable) else self(rate),
            _variables(optimizer.variables),
            str(vars(optimizer).get("_exclude_from_weight_decay_pattern")),
        )

    def __call__(self, value):
        if isinstance(value, bool | int | float | complex | str | bytes | None):
            return type(value).__name__, repr(value)
        if id(value) in self.seen:
            return "seen", self.seen[id(value)][0]
        self.seen[id(value)] = len(self.seen), value  # held, so that nothing else gets its id
        return self._described(value)

    def _described(self, value):
        if isinstance(value, keras.Variable | tf.Variable):
            return "variable", tuple(value.shape), str(value.dtype)
        if isinstance(value, tf.Tensor):
            return "tensor", digest(value.numpy())
        if isinstance(value, np.ndarray) and value.dtype != object:
            return "array", digest(value)
        if isinstance(value, np.generic | tf.DType | tf.TensorShape | np.dtype):
            return type(value), repr(value)
        if isinstance(value, list | tuple):
            return type(value), tuple(map(self, value))
        if isinstance(value, dict):
            return "dict", tuple((str(n), self(v)) for n, v in value.items())
        if isinstance(value, partial):
            return "partial", self([value.func, value.args, value.keywords])
        if isinstance(value, types.MethodType):
            return "method", self(value.__func__), self(value.__self__)
        if isinstance(value, types.FunctionType):
            return self.function(value)
        if inspect.isclass(value):
            return self.cls(value)
        if isinstance(value, keras.layers.Layer):
            return self.layer(value)
        if isinstance(value, keras.initializers.Initializer | keras.random.SeedGenerator):
            return self(type(value))  # what it made is in the variables
        if any(base.__module__.startswith("keras.") for base in type(value).__mro__):
            return self(type(value)), self(_told(value))
        return "object", id(value)

    def function(self, function):
        if "<locals>" not in function.__qualname__ and "<lambda>" not in function.__qualname__:
            return "function", id(function)
        cells = [cell.cell_contents for cell in function.__closure__ or ()]
        kept = self([cells, function.__defaults__, function.__kwdefaults__])
        return "function", id(function.__globals__), self.code(function.__code__), kept

    def code(self, code):
        constants = tuple(
            self.code(each) if inspect.iscode(each) else repr(each) for each in code.co_consts
        )
        return code.co_code, constants, code.co_names, code.co_varnames

    def cls(self, cls):
        if "<locals>" not in cls.__qualname__:
            return "class", id(cls)
        return "class", cls.__qualname__, self.cls_members(cls), self(list(cls.__bases__))

    def cls_members(self, cls):
        members = {n: v for n, v in vars(cls).items() if not n.startswith("__")}
        members |= {n: v for n, v in vars(cls).items() if isinstance(v, types.FunctionType)}
        return self({n: getattr(v, "__func__", v) for n, v in members.items()})


def _told(thing):
    """What an object of Keras was made with: its members, for those that have no variables."""
    if isinstance(thing, keras.metrics.Metric | keras.optimizers.Optimizer):
        return config_of(thing)
    return {name: value for name, value in vars(thing).items() if name not in ("_lock", "_tracker")}
