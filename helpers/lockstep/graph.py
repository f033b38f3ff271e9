"""The steps of models of one structure as one graph, which TensorFlow traces once.

Each variable of the models is stacked along a first axis; the model that the graph is traced from
is a template, and its own variables are left alone.
"""

import math
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from helpers.graphs import TracedGraphs
from helpers.lockstep.structure import owner_of
from helpers.lockstep.unrolled import unrolled
from helpers.quiet import keras, tf
from helpers.randomness import isolated  # isort: split

from keras.src.optimizers.base_optimizer import BaseOptimizer
from tensorflow.python.framework import op_def_registry

__all__ = ["CannotStackError", "StackedGraph", "State"]

#: Operations that TensorFlow counts as having state, but which draw, read and write nothing.
HARMLESS = ("Assert", "If", "PartitionedCall", "StatefulPartitionedCall", "While")

#: Models that are trained at once where TensorFlow loops over them: those with large convolutions.
#: It has no operation for filters that differ from model to model: vectorised, each model has one
#: of its own. That takes longer (``make bench ARGS=cnn-28x28``) unless they are small
#: (``cnn-8x8``).
MODELS_AT_ONCE = 4
#: Multiplications that the convolutions of a model do for a row, from which on they are large.
LARGE = 15_000


class CannotStackError(Exception):
    """The models' step is not a function of their variables and rows alone."""


@dataclass(frozen=True)
class State:
    """Variables of stacked models: lists of tensors, each of shape (n_models, ...)."""

    trainable: list
    other: list
    optimizer: list
    metrics: list

    @classmethod
    def of(cls, models):
        """Stack the variables of built models."""
        return cls(*(_stacked(each) for each in zip(*map(_variables, models), strict=True)))

    def lists(self):
        return [self.trainable, self.other, self.optimizer, self.metrics]

    def some(self, places):
        """The state of some of the models."""
        return State(*tf.nest.map_structure(lambda t: tf.gather(t, places), self.lists()))

    def numbers(self):
        """The same as arrays."""
        return State(*tf.nest.map_structure(lambda tensor: tensor.numpy(), self.lists()))

    def assign_to(self, model, place):
        """Give a model the values of its place."""
        for variables, values in zip(_variables(model), self.lists(), strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value[place])

    def with_variables_of(self, model, place):
        """The state with what a callback has made of the variables of one model."""
        lists = [
            [_with_row(value, place, v) for v, value in zip(variables, values, strict=True)]
            for variables, values in zip(_variables(model), self.lists(), strict=True)
        ]
        return State(*lists)

    def with_rate_of(self, model, place):
        """The state with what a callback has made of the learning rate of one model."""
        rate = model.optimizer._learning_rate
        optimizer = [
            _with_row(value, place, v) if v is rate else value
            for v, value in zip(model.optimizer.variables, self.optimizer, strict=True)
        ]
        return State(self.trainable, self.other, optimizer, self.metrics)


class StackedGraph:
    """Trains and evaluates models of one structure, all of them in each call.

    Parameters
    ----------
    template : keras.Model
        One of them.
    n_models : int
    columns : tuple of ndarray, nested
        Rows, targets and weights of one model, for their types.
    settings : list of (int or None, str)
        Numbers in which the models differ, see `helpers.lockstep.structure.settings_of`.

    Raises
    ------
    CannotStackError
        From `train` and `evaluate`, before anything has been trained.
    """

    def __init__(self, template, n_models, columns, settings):
        self.template, self.n_models, self.settings = template, n_models, settings
        self._data = tf.nest.map_structure(
            lambda each: tf.TensorSpec((None, *each.shape[1:]), each.dtype), columns
        )
        self._traced, self.graphs = {}, TracedGraphs()
        by_filters = sum(map(_multiplications, template._flatten_layers()))
        self._is_mapped = by_filters >= LARGE
        #: What a model multiplies for a row, about: recurrent layers count as one step.
        self.multiplications = by_filters + template.count_params()

    def train(self, state, settings, data, index, active):
        """Run steps; models that are not active stay as they are.

        Parameters
        ----------
        state : State
        settings : list of tensor, shape (n_models,)
        data : tuple of tensor, nested
            Rows of all models; `index` says which are whose.
        index : tensor of int, shape (n_steps, n_models, n_rows)
        active : tensor of bool, shape (n_models,)

        Returns
        -------
        state : State
        logs : dict of str to tensor, shape (n_models, ...)
        """
        lists, logs = self._function("train")(state.lists(), settings, data, index, active)
        return State(*lists), logs

    def evaluate(self, state, settings, data, index, active):
        """Add the rows of steps to the metrics; as `train`."""
        lists, logs = self._function("evaluate")(state.lists(), settings, data, index, active)
        return State(*lists), logs

    def free(self):
        """Free the graphs; to be called when nobody will train any more."""
        self._traced.clear()
        self.graphs.free()

    def _function(self, name):
        if name not in self._traced:
            step = {"train": self._train_step, "evaluate": self._test_step}[name]
            self._traced[name] = self._trace(step)
        return self._traced[name]

    def _trace(self, step):
        state = [
            [tf.TensorSpec((self.n_models, *v.shape), v.dtype) for v in variables]
            for variables in _variables(self.template)
        ]
        settings = [tf.TensorSpec((self.n_models,), keras.config.floatx()) for _ in self.settings]
        index = tf.TensorSpec((None, self.n_models, None), tf.int32)
        active = tf.TensorSpec((self.n_models,), tf.bool)
        function = tf.function(self._loop(step), autograph=False)
        try:
            with isolated(0), unrolled(), _updating_keras_variables(self.template.optimizer):
                traced = function.get_concrete_function(state, settings, self._data, index, active)
        except Exception as error:  # what a user's layer raises in a graph is the user's to choose
            raise CannotStackError(f"its step cannot be traced: {error}") from error
        _check_pure(traced.graph)
        return traced

    def _loop(self, step):
        def steps(lists, settings, data, index, active):
            self.graphs.note()

            def body(i, *flat):
                self.graphs.note()
                now = tf.nest.pack_sequence_as(lists, flat)
                batch = tf.nest.map_structure(lambda each: tf.gather(each, index[i]), data)
                after = tf.nest.flatten(step(now, settings, batch))
                for old, new in zip(flat, after, strict=True):
                    new.set_shape(old.shape)
                return i + 1, *after

            before = tf.nest.flatten(lists)
            _, *after = tf.while_loop(
                lambda i, *_: i < tf.shape(index)[0], body, [0, *before], parallel_iterations=1
            )
            after = [_where(active, new, old) for new, old in zip(after, before, strict=True)]
            lists = tf.nest.pack_sequence_as(lists, after)
            return lists, self._each(self._results, lists[-1])

        return steps

    def _each(self, function, *arguments, like=None):
        """Call a function for each model, side by side.

        ``like`` are arguments whose shapes and types are those of what it returns.
        """
        if self.n_models == 1:
            alone = function(*tf.nest.map_structure(lambda tensor: tensor[0], arguments))
            return tf.nest.map_structure(lambda tensor: tensor[None], alone)
        if like is None or not self._is_mapped:
            return tf.vectorized_map(lambda each: function(*each), arguments, warn=False)
        returned = tf.nest.map_structure(
            lambda each: tf.TensorSpec(each.shape[1:], each.dtype), like
        )
        return tf.map_fn(
            lambda each: function(*each), arguments, fn_output_signature=returned,
            parallel_iterations=MODELS_AT_ONCE,
        )  # fmt: skip

    def _train_step(self, lists, settings, batch):
        return list(self._each(self._train_one, *lists, settings, batch, like=tuple(lists)))

    def _train_one(self, trainable, other, optimizer, metrics, settings, batch):
        with tf.GradientTape() as tape:
            tape.watch(trainable)
            loss, other, metrics = self._forward(
                trainable, other, metrics, settings, batch, training=True
            )
        gradients = tape.gradient(loss, trainable)
        with self._set(settings):
            trainable, optimizer = self.template.optimizer.stateless_apply(
                optimizer, gradients, trainable
            )
        return trainable, other, optimizer, metrics

    def _test_step(self, lists, settings, batch):
        trainable, other, optimizer, metrics = lists
        _, _, metrics = self._each(
            lambda *each: self._forward(*each, training=False),
            trainable, other, metrics, settings, batch,
        )  # fmt: skip
        return [trainable, other, optimizer, metrics]

    def _forward(self, trainable, other, metrics, settings, batch, training):
        """What Keras' train_step does up to the loss, on values instead of variables."""
        model = self.template
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        with self._holding([trainable, other, None, metrics]) as scope, self._set(settings):
            told = {"training": training} if model._call_has_training_arg else {}
            y_pred = model(x, **told)
            loss = model._compute_loss(
                x=x, y=y, y_pred=y_pred, sample_weight=weights, training=training
            )
            n_rows = tf.shape(tf.nest.flatten(x)[0])[0]
            model._loss_tracker.update_state(loss, sample_weight=n_rows)
            if training:
                loss = model.optimizer.scale_loss(loss)
            model.compute_metrics(x, y, y_pred, sample_weight=weights)
        kept = [model.non_trainable_variables, model.metrics_variables]
        return loss, *([scope.get_current_value(v) for v in each] for each in kept)

    def _results(self, metrics):
        with self._holding([None, None, None, metrics]):
            return self.template.get_metrics_result()

    def _holding(self, lists):
        pairs = [
            pair
            for variables, values in zip(_variables(self.template), lists, strict=True)
            if values is not None
            for pair in zip(variables, values, strict=True)
        ]
        return keras.StatelessScope(pairs, collect_losses=True)

    @contextmanager
    def _set(self, settings):
        """Let layers and optimizer compute with the numbers of one model."""
        replaced = []
        try:
            for (place, name), value in zip(self.settings, settings, strict=True):
                owner = owner_of(self.template, place)
                if name == "rate":
                    name, value = "call", partial(_dropped, owner, value)
                else:
                    value = _Positive(value)
                replaced.append((owner, name, vars(owner).get(name)))
                object.__setattr__(owner, name, value)
            yield
        finally:
            for owner, name, before in replaced:
                if before is None:
                    object.__delattr__(owner, name)
                else:
                    object.__setattr__(owner, name, before)


def _dropped(layer, rate, inputs, training=False):
    """What a dropout layer does, at a rate that is a tensor; Keras' wants to compare a number."""
    if not training:
        return inputs
    spatial = hasattr(layer, "_get_noise_shape")
    wanted = layer._get_noise_shape(inputs) if spatial else layer.noise_shape
    shape = tf.unstack(tf.shape(inputs))
    if wanted is not None:
        shape = [own if each is None else each for each, own in zip(wanted, shape, strict=True)]
    drawn = keras.random.uniform(shape, dtype=inputs.dtype, seed=layer.seed_generator)
    rate = tf.cast(rate, inputs.dtype)
    return tf.where(drawn >= rate, inputs / (1 - rate), tf.zeros((), inputs.dtype))


class _Positive:
    """A tensor for code that asks a number whether it is above 0, and then computes with it."""

    def __init__(self, tensor):
        self.tensor = tensor

    def __tf_tensor__(self, dtype=None, name=None):
        return self.tensor if dtype is None else tf.cast(self.tensor, dtype)

    def __gt__(self, other):
        return True

    def __eq__(self, other):
        return False

    __hash__ = None


def _arithmetic(name):
    def operate(self, other):
        return getattr(self.tensor, name)(other)

    return operate


for _name in ("__add__", "__radd__", "__sub__", "__rsub__", "__mul__", "__rmul__", "__truediv__",
              "__rtruediv__", "__neg__", "__pow__", "__rpow__"):  # fmt: skip
    setattr(_Positive, _name, _arithmetic(_name))


class _UpdatesKerasVariables(keras.optimizers.Optimizer):
    """What Keras changes for TensorFlow, undone: it updates variables that cannot be held."""

    stateless_apply = BaseOptimizer.stateless_apply
    assign = BaseOptimizer.assign
    assign_add = BaseOptimizer.assign_add
    assign_sub = BaseOptimizer.assign_sub
    _apply_weight_decay = BaseOptimizer._apply_weight_decay
    _backend_update_step = BaseOptimizer._backend_update_step

    def _var_key(self, variable):
        return variable._value._unique_id


@contextmanager
def _updating_keras_variables(optimizer):
    cls = type(optimizer)
    optimizer.__class__ = type(cls.__name__, (cls, _UpdatesKerasVariables), {})
    try:
        yield
    finally:
        optimizer.__class__ = cls


def _multiplications(layer):
    """What a convolution multiplies for one row; infinite where its output's size is not known."""
    modules = [cls.__module__ for cls in type(layer).__mro__]
    if not any(name.startswith("keras.src.layers.convolutional.") for name in modules):
        return 0
    try:
        shape = layer.output.shape[1:]
    except AttributeError:  # Keras' for a layer of a subclassed model, which has no graph
        return math.inf
    if None in shape:
        return math.inf
    n_values = math.prod(shape) // shape[-1 if layer.data_format == "channels_last" else 0]
    return n_values * sum(math.prod(w.shape) for w in layer.weights if len(w.shape) > 2)


def _variables(model):
    return [
        model.trainable_variables, model.non_trainable_variables, model.optimizer.variables,
        model.metrics_variables,
    ]  # fmt: skip


def _stacked(columns):
    return [tf.stack([v.value for v in each]) for each in zip(*columns, strict=True)]


def _with_row(values, place, variable):
    return tf.tensor_scatter_nd_update(values, [[place]], [variable.value])


def _where(active, new, old):
    return tf.where(tf.reshape(active, [-1] + [1] * (len(new.shape) - 1)), new, old)


def _check_pure(graph):
    """Refuse a graph that draws from, reads or writes what is not in its arguments."""
    for captured, _ in graph.captures:
        if captured.dtype == tf.resource:
            raise CannotStackError("its step reads a variable that is not the model's own")
    definition = graph.as_graph_def()
    inner = (node for function in definition.library.function for node in function.node_def)
    for node in (*definition.node, *inner):
        known = op_def_registry.get(node.op)
        if known is not None and known.is_stateful and node.op not in HARMLESS:
            raise CannotStackError(f"its step has an operation with state, {node.op}")
