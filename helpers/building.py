"""Turns a builder and its parameters into a compiled Keras model that no other fit has trained."""

import inspect
import math
import re
import weakref

from helpers.copies import check_told, config_of, copy_of, hand_on, told_by
from helpers.quiet import keras
from helpers.routing import (
    accepted_names,
    check_accepted,
    constructor_parameters,
    routed_to,
)
from helpers.spelling import did_you_mean
from helpers.targets import loss_name, only

#: What ``keras.Model.compile`` can be asked for.
COMPILE = frozenset({
    "auto_scale_loss", "jit_compile", "loss", "loss_weights", "metrics", "optimizer",
    "run_eagerly", "steps_per_execution", "weighted_metrics",
})  # fmt: skip
#: What a builder is given beside its hyper-parameters, if its signature takes it.
OFFERED = ("meta", "compile_kwargs", "params")

#: Names of metrics that compile() chooses by the loss.
_METRIC_SHORTHANDS = ("accuracy", "acc", "crossentropy", "ce")

# Layers that some fit has trained: a builder that hands one of them out again leaks.
_trained_layers = weakref.WeakSet()


def check_builder(builder):
    """Refuse what is not a builder, before anything is trained.

    Parameters
    ----------
    builder : object
        What the user gave as ``model``.

    Raises
    ------
    ValueError
        If it is missing.
    TypeError
        If it is a model instance, or not callable.
    """
    if builder is None:
        raise ValueError(
            "model=None: pass a builder, a function that returns a new Keras model each time; a "
            "class without one must implement ``_keras_build_fn``"
        )
    if isinstance(builder, keras.Model):
        raise TypeError(
            f"model={builder.name!r} is a Model instance: its weights would go from one fit to "
            "the next. Pass a builder, a function that makes the model: "
            "`def build(): return keras.Sequential([...])`, then `model=build`"
        )
    if not callable(builder):
        raise TypeError(
            f"model={builder!r}: ``model`` must be a builder, a function that returns a Keras model"
        )


def builder_parameters(builder):
    """Names of the hyper-parameters that a builder takes; None if it takes any.

    Examples
    --------
    >>> builder_parameters(lambda meta, units=8: None)
    ('units',)
    """
    accepted = accepted_names(builder)
    if accepted is None:
        return None
    return tuple(name for name in accepted if name not in OFFERED)


def check_routed(builder, parameters, known=COMPILE):
    """Refuse what neither the builder nor ``keras.Model.compile`` takes.

    Parameters
    ----------
    builder : callable
    parameters : mapping
        Routed parameters, of which ``model__``, ``compile__`` and bare ones are looked at.
    known : collection of str
        What ``compile__`` may ask for, those with a parameter of their own aside.

    Raises
    ------
    UnexpectedParameterError
        Names the parameter and the nearest one that the builder takes.
    """
    accepted = builder_parameters(builder)
    check_accepted(routed_to("model", parameters), accepted, owner="the builder", prefix="model__")
    check_accepted([n for n in parameters if "__" not in n], accepted, owner="the builder")
    known = sorted(set(known) - {"optimizer", "loss", "metrics"})
    asked = routed_to("compile", parameters)
    check_accepted(asked, known, owner="keras.Model.compile here", prefix="compile__")


def build(
    builder, sample, *,
    parameters, meta, default_loss, params=None, optimizer=None, loss=None, metrics=None,
    class_defaults=None,
):  # fmt: skip
    """Call the builder and compile its model, if it has not done so itself.

    Parameters
    ----------
    builder : callable
        Returns a Keras model, compiled or not. ``meta``, ``compile_kwargs`` and ``params`` are
        passed to it if its signature has them, or takes any keyword.
    sample : ndarray, shape (n_samples, ...), or list or dict of them
        A row or more of the input: the model is called on it once, so that its variables exist.
    parameters : mapping
        Routed parameters: ``model__``, ``optimizer__``, ``loss__``, ``metrics__``, ``compile__``
        and the bare names that the builder takes.
    meta : dict
        What is known of the data (``n_classes_``, ``n_features_in_``, ...).
    params : dict, optional
        All parameters of the estimator.
    default_loss : callable (model, outputs) -> str or keras.losses.Loss
        The loss of an uncompiled model that was given none.
    optimizer, loss, metrics : str, class, object, dict, list or None
        As for ``keras.Model.compile``. None leaves it to the builder, or to ``default_loss``, Adam
        and no metrics.
    class_defaults : dict of str to object, optional
        What the three are if nobody asks for anything, by the constructor of the estimator's class:
        a builder that compiles has the last word on these.

    Returns
    -------
    model : keras.Model
        Compiled, with an optimizer that has taken no step.
    outputs : tensor, shape (n_samples, ...), or list or dict of them
        What the untrained model returns for ``sample``.

    Raises
    ------
    TypeError
        The builder returned something that is no Keras model.
    ValueError
        The model was trained by another fit, or a parameter is consumed by nothing.
    """
    asked = {"optimizer": optimizer, "loss": loss, "metrics": metrics}
    asked = {key: value for key, value in asked.items() if value is not None}
    _check_some_loss(loss)
    arguments = {name: value for name, value in parameters.items() if "__" not in name}
    arguments |= routed_to("model", parameters)
    accepted = accepted_names(builder)
    takes = OFFERED if accepted is None else [name for name in OFFERED if name in accepted]
    handed = {}
    if "compile_kwargs" in takes:
        # As in SciKeras, all three are there: builders read compile_kwargs["loss"] without asking.
        handed = {"loss": None, "metrics": None}
        handed |= compile_arguments({"optimizer": "adam"} | asked, parameters)
    offered = {"meta": meta, "compile_kwargs": dict(handed), "params": params or {}}
    model = _call(builder, arguments | {name: offered[name] for name in takes})
    _check_fresh(model)
    if isinstance(model, keras.Sequential) and not model.built and not _is_nested(sample):
        model.build((None, *sample.shape[1:]))  # by the call alone, the batch would be fixed to 1
    outputs = only(model(sample, training=False))
    _check_one_loss_each(loss, outputs)
    if not model.compiled:
        if "loss" not in asked:
            asked["loss"] = default_loss(model, outputs)
        asked = {"optimizer": "adam"} | asked
        model.compile(**compile_arguments(asked, parameters))
    else:
        _check_has_loss(model)
        defaults = class_defaults or {}
        said = {key: value for key, value in asked.items() if not _equal(value, defaults.get(key))}
        _apply_to_compiled(model, said, parameters, handed)
        # The builder may have closed over an optimizer object that another fit has stepped.
        model.optimizer = copy_of(model.optimizer)
    _check_learning_rate(model.optimizer)
    _check_exclusions(model)
    # Variables that are made while TensorFlow traces the first step make it trace that step twice.
    model.optimizer.build(model.trainable_variables)
    return model, outputs


def mark_trained(model):
    """Remember the layers of a model that a fit is about to train."""
    _trained_layers.update(_own_layers(model))


def compile_arguments(asked, parameters):
    """Make the arguments of ``compile`` from names, classes or objects and routed parameters.

    Examples
    --------
    >>> arguments = compile_arguments({"optimizer": "sgd"}, {"optimizer__momentum": 0.9})
    >>> arguments["optimizer"].momentum
    0.9
    """
    makers = {"optimizer": make_optimizer, "loss": make_loss, "metrics": make_metric}
    arguments = routed_to("compile", parameters)
    for name, make in makers.items():
        routed = routed_to(name, parameters)
        if name in asked and name == "optimizer":  # there is but one
            arguments[name] = make_optimizer(asked[name], routed)
        elif name in asked:
            arguments[name] = instantiate(asked[name], routed, make, prefix=f"{name}__")
        elif routed:
            raise ValueError(
                f"{name}__{next(iter(routed))}: no {name} was given to consume it; pass {name}=..."
            )
    if not isinstance(arguments.get("metrics"), list | dict | None):
        arguments["metrics"] = [arguments["metrics"]]
    return arguments


def instantiate(spec, routed, make, *, prefix):
    """Make the object(s) that ``spec`` describes; lists and dicts are gone through.

    In a list, ``0__name`` goes to the first member and ``name`` to all; in a dict likewise by key.
    """
    if isinstance(spec, dict) and "class_name" not in spec:
        members = spec
    elif isinstance(spec, list | tuple):
        members = dict(enumerate(spec))
    else:
        return make(spec, routed, prefix=prefix)
    keys = {str(key) for key in members}
    common = {name: v for name, v in routed.items() if name.partition("__")[0] not in keys}
    made = {
        key: instantiate(member, common | routed_to(str(key), routed), make, prefix=prefix)
        for key, member in members.items()
    }
    return made if isinstance(spec, dict) else list(made.values())


def make_optimizer(spec, routed, *, prefix="optimizer__"):
    """Make a new optimizer: from a name, a class, a configuration or (copied) an object."""
    if isinstance(spec, str):  # Keras would make one, to look the name up
        spec = _known_class(spec, keras.optimizers, keras.optimizers.Optimizer) or spec
    _check_kind(spec, keras.optimizers, keras.optimizers.Optimizer, prefix)
    if isinstance(spec, str):
        spec = type(keras.optimizers.get(spec))
    return _make(spec, routed, prefix, keras.optimizers.get)


def make_loss(spec, routed, *, prefix="loss__"):
    """Make a new loss; a name stays a name if nothing is routed to it."""
    _check_kind(spec, keras.losses, keras.losses.Loss, prefix)
    if isinstance(spec, str) and routed:
        spec = _class_named(spec, keras.losses, keras.losses.Loss)
    return _make(spec, routed, prefix, keras.losses.get)


def make_metric(spec, routed, *, prefix="metrics__"):
    """Make a new metric; a name stays a name if nothing is routed to it."""
    _check_kind(spec, keras.metrics, keras.metrics.Metric, prefix)
    if isinstance(spec, str) and routed:
        spec = _class_named(spec, keras.metrics, keras.metrics.Metric)
    return _make(spec, routed, prefix, keras.metrics.get)


def make_callback(spec, routed, *, prefix="callbacks__"):
    """Make a new callback from a class, or copy an object together with all that it refers to."""
    if not issubclass(spec if inspect.isclass(spec) else type(spec), keras.callbacks.Callback):
        raise TypeError(
            f"{prefix.removesuffix('__')}={spec!r}: a keras.callbacks.Callback, its class, or a "
            "list or dict of them is accepted"
        )
    if inspect.isclass(spec):
        return _make(spec, routed, prefix, None)
    check_accepted(routed, [], owner=f"a {type(spec).__name__} object", prefix=prefix)
    return copy_of(spec)


def _make(spec, routed, prefix, get):
    if inspect.isclass(spec):
        routed = _with_members_made(routed, prefix)
        places = sorted((name for name in routed if name.isdecimal()), key=int)
        named = {name: value for name, value in routed.items() if name not in places}
        if named:
            check_accepted(named, _constructor_names(spec), owner=spec.__name__, prefix=prefix)
        return spec(*(routed[place] for place in places), **named)
    if isinstance(spec, dict):
        spec = get(spec)
    if not routed:
        return copy_of(spec)
    if not hasattr(spec, "get_config"):
        raise TypeError(
            f"{prefix}{next(iter(routed))}: {spec!r} does not accept parameters because it's not a "
            "class; pass the class of which Keras makes the object"
        )
    config = config_of(spec)
    check_accepted(routed, config, owner=type(spec).__name__, prefix=prefix)
    made = type(spec).from_config(config | routed)
    told = told_by(spec)
    check_told({name: told[name] for name in told if name not in routed}, made)
    hand_on(spec, made)
    return made


def _check_kind(spec, module, base, prefix):
    """Refuse what Keras knows by no name, and objects of another kind."""
    if spec is None or (isinstance(spec, str) and spec in _METRIC_SHORTHANDS):
        return
    try:
        fits = issubclass(spec, base) if inspect.isclass(spec) else module.get(spec) is not None
    except (KeyError, TypeError, ValueError):  # what Keras raises for a name, a type, a dict
        fits = False
    if not fits:
        names = [_snake(n) for n, v in vars(module).items() if inspect.isclass(v) and v is not base]
        name = prefix.removesuffix("__")
        what = "metric identifier" if name == "metrics" else name
        raise ValueError(
            f"{name}={spec!r}: Could not interpret {what}; a name, class, object or configuration "
            f"of keras.{module.__name__.rpartition('.')[2]} is accepted."
            f"{did_you_mean(spec, names)}"
        )


def _check_some_loss(loss):
    if isinstance(loss, list | tuple | dict):
        members = loss.values() if isinstance(loss, dict) else loss
        if all(member is None for member in members):
            raise ValueError(f"loss={loss!r}: provide a loss for at least one output")


def _check_one_loss_each(loss, outputs):
    """Refuse a list that is longer or shorter than the outputs: Keras drops what is left over."""
    if isinstance(loss, list | tuple):
        n_outputs = len(keras.tree.flatten(outputs))
        if len(loss) != n_outputs:
            raise ValueError(
                f"loss={loss!r}: the builder's model has {n_outputs} output"
                f"{'s' * (n_outputs > 1)}, a loss for each is accepted"
            )


def _check_learning_rate(optimizer):
    """Refuse a rate that climbs the loss; a schedule's is known only step by step."""
    if isinstance(getattr(optimizer, "_learning_rate", None), keras.Variable):
        rate = float(optimizer.learning_rate)
        if not (math.isfinite(rate) and rate >= 0):
            raise ValueError(
                f"learning_rate={rate!r} of {type(optimizer).__name__}: a finite number >= 0, or a "
                "schedule, is accepted (optimizer__learning_rate=0.01)"
            )


def _check_exclusions(model):
    """Refuse variables of another model, which Keras would pass over without a word."""
    excluded = set(getattr(model.optimizer, "_exclude_from_weight_decay", ()))
    if excluded - {model.optimizer._var_key(each) for each in model.trainable_variables}:
        raise ValueError(
            f"exclude_from_weight_decay(var_list=...) of {type(model.optimizer).__name__} names "
            "variables that the model has not: var_names=[...], or a builder that compiles with "
            "this optimizer, is accepted"
        )


def _with_members_made(routed, prefix):
    """Make the values that are classes and have parameters routed to them in their turn."""
    deeper = {name: routed_to(name, routed) for name in routed if "__" not in name}
    made = {
        name: instantiate(routed[name], below, _make_member, prefix=f"{prefix}{name}__")
        for name, below in deeper.items()
        if below
    }
    consumed = tuple(f"{name}__" for name in made)
    return {n: v for n, v in routed.items() if not (consumed and n.startswith(consumed))} | made


def _make_member(spec, routed, *, prefix):
    return _make(spec, routed, prefix, None) if routed else spec


def _constructor_names(cls):
    """Names that a constructor takes; None where a user's ``**kwargs`` may take any."""
    owner = next(base for base in cls.__mro__ if "__init__" in vars(base))
    if owner.__module__.partition(".")[0] != "keras" and accepted_names(owner.__init__) is None:
        return None
    return list(constructor_parameters(cls))


def _class_named(name, module, base):
    """The class behind a snake-case name such as ``binary_crossentropy``."""
    found = _known_class(name, module, base)
    if found is not None:
        return found
    known = module.get(name)
    return _class_named(known.__name__, module, base) if inspect.isroutine(known) else type(known)


def _known_class(name, module, base):
    """The class of a Keras module that has this name; None if there is none."""
    for known, cls in vars(module).items():
        is_one = inspect.isclass(cls) and issubclass(cls, base)
        if is_one and name.lower() in (_snake(known), known.lower()):
            return cls
    return None


def _snake(name):
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name).lower()


def _call(builder, arguments):
    try:
        return builder(**arguments)
    except ValueError as error:
        if "unique names" in str(error):
            error.add_note(
                "Automatic names start afresh in each fit, so a layer made outside the builder "
                "needs one of its own: keras.layers.Dense(8, name='base')."
            )
        raise


def _is_nested(rows):
    return isinstance(rows, list | tuple | dict)


def _check_fresh(model):
    if not isinstance(model, keras.Model):
        raise TypeError(
            f"the builder returned {model!r}: a Keras model is accepted "
            "(is `return model` missing?)"
        )
    shared = [layer.name for layer in _own_layers(model) if layer in _trained_layers]
    if shared:
        raise ValueError(
            f"the builder returned the layers {shared} that an earlier fit has trained: create the "
            "model and its layers inside the builder (or freeze what is meant to be shared)"
        )


def _check_has_loss(model):
    own_step = type(model).train_step is not keras.Model.train_step
    if model.loss is None and not model.losses and not own_step:
        raise ValueError(
            "the builder compiles its model with loss=None: provide a loss, or return the model "
            "uncompiled"
        )


def _own_layers(model):
    """Layers that train variables of their own; a frozen base may well be shared."""
    return [
        layer
        for layer in model._flatten_layers(include_self=True, recursive=True)
        if layer.trainable and layer._trainable_variables
    ]


def _apply_to_compiled(model, asked, parameters, handed):
    """Apply what was asked to a model that its builder has compiled: nothing is ignored.

    What the builder was handed, and has compiled with, is applied already.
    """
    routed = {name: routed_to(name, parameters) for name in ("optimizer", "loss", "metrics")}
    given = [name for name in routed if name in asked or routed[name]]
    for name in given:
        if name == "optimizer":
            if model.optimizer is not handed.get(name):
                spec = asked.get(name, model.optimizer)
                model.optimizer = make_optimizer(spec, routed[name])
        elif not _is_compiled_with(model, name, asked.get(name), routed[name], handed):
            said = (
                f"{name}__{next(iter(routed[name]))}"
                if routed[name]
                else (f"{name}={asked[name]!r}")
            )
            raise ValueError(
                f"{said} but model compiled with {name} of the builder's own. Let the builder "
                "return it uncompiled, or take `compile_kwargs` and pass them to compile()"
            )
    for name in routed_to("compile", parameters):
        if name not in handed:
            raise ValueError(
                f"compile__{name}: the builder compiles its model without it. Let it return the "
                "model uncompiled, or take `compile_kwargs` and pass them to compile()"
            )


def _is_compiled_with(model, name, asked, routed, handed):
    if name == "metrics":  # Keras does not tell what metrics it was asked for
        return name in handed
    if handed.get(name) is not None and model.loss == handed[name]:
        return True
    # Saying again what the builder says is no contradiction.
    return not routed and _one_loss(asked, model.loss)


def _one_loss(first, second):
    if isinstance(first, list | tuple | dict) or _configured(first, second):
        return _equal(first, second)
    return loss_name(first) == loss_name(second)


def _equal(first, second):
    if _configured(first, second):  # Keras' objects are compared by identity, and clones differ
        return type(first) is type(second) and first.get_config() == second.get_config()
    return first is second or first == second


def _configured(*things):
    return all(hasattr(thing, "get_config") for thing in things)
