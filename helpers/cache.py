"""Keeps fits in a directory: a fit is a pure function, so equal jobs have one result.

The store is `joblib.Memory`'s, with its ways to clear and to limit it; here are the key of a fit,
what is kept of it, and the proof that what is read is what was written.
"""

import hashlib
import os
import pickle
import sys
import tempfile
import warnings
import weakref
from dataclasses import fields, replace
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

import joblib

from helpers.epochs import Present
from helpers.fingerprint import NoFingerprintError, Unordered, fingerprint
from helpers.quiet import keras, tf
from helpers.recipes import numbers_of
from helpers.routing import accepted_names
from helpers.training import FitResult, check_moving_averages, train

#: Directory of the fits within a store.
FOLDER = "keras-fits"
#: Whose versions a fit depends on.
PACKAGES = ("keras", "tensorflow", "numpy", "scikit-learn")
#: Prefixes of parameters that say nothing of the model, or that the job has under another name.
NOT_BUILT_WITH = ("fit__", "predict__", "callbacks__")
#: Whose code a fit may go on with exactly: what changes from step to step is in variables.
KNOWN_CODE = {"keras", "tensorflow", "numpy", *sys.stdlib_module_names} - {"functools"}

_told = weakref.WeakSet()


def check_memory(memory):
    """Refuse what is no place to keep fits in, before anything is trained.

    Parameters
    ----------
    memory : None, str, path or joblib.Memory

    Returns
    -------
    joblib.Memory or None
        None where nothing is to be kept.

    Raises
    ------
    TypeError
        It is something else.
    ValueError
        Its directory cannot be written.

    Examples
    --------
    >>> check_memory(3)
    Traceback (most recent call last):
        ...
    TypeError: memory=3: None, the path of a directory or a joblib.Memory is accepted
    """
    if memory is None or (isinstance(memory, joblib.Memory) and memory.store_backend is None):
        return None
    known = isinstance(memory, joblib.Memory)
    if not known and not (isinstance(memory, str | os.PathLike) and os.fspath(memory)):
        raise TypeError(
            f"memory={memory!r}: None, the path of a directory or a joblib.Memory is accepted"
        )
    place = memory.store_backend.location if known else os.fspath(memory)
    if not known or isinstance(memory.store_backend, FILES):
        try:
            Path(place).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=place):
                pass
        except OSError as error:
            raise ValueError(
                f"memory={memory!r}: a directory that can be written is accepted ({error})"
            ) from error
    # As text: joblib keeps what is under a Path elsewhere than what is under the same text.
    return memory if known else joblib.Memory(place, verbose=0)


FILES = type(joblib.Memory(tempfile.gettempdir(), verbose=0).store_backend)


def train_cached(job, recipe, memory):
    """Train as `helpers.training.train` does, or look up what it returned for an equal job.

    Parameters
    ----------
    job : FitJob
    recipe : Recipe
        Of the model that ``job.build`` builds.
    memory : joblib.Memory or None

    Returns
    -------
    FitResult
        Equal to the one of `train`, bit for bit: weights, moments of the optimizer, seeds, history.

    Warns
    -----
    UserWarning
        Once for each builder: it, or something else that the fit depends on, has no fingerprint, or
        was changed by the fit. Such a fit is not kept.

    Notes
    -----
    A job of more epochs than one that is kept goes on from it where that is exact: without
    callbacks, and where the model is made of Keras' own parts, whose state is all in variables.
    Otherwise it is trained from its first epoch.
    """
    if memory is None:
        return train(job)
    try:
        parts = _parts(job, recipe)
    except NoFingerprintError as error:
        _tell(recipe, f"the fit is not kept: {error}")
        return train(job)
    kept = _Kept(memory.store_backend, _key(parts))
    result = _look_up(kept, recipe, job.epochs)
    if result is None:
        keeper = _Keeper(kept, parts, job, recipe)
        result = _train_on(keeper, job, recipe)
        problem = keeper.keep(job.epochs, result)
        if problem is not None:
            _tell(recipe, f"the fit is not kept: {problem}")
    return result


class _Kept:
    """Results of the jobs that differ in their number of epochs only."""

    def __init__(self, store, key):
        self.store, self.key = store, key

    def _place(self, epochs):
        # joblib counts and limits what is in directories named by 32 hexadecimal digits.
        return FOLDER, f"fit-{self.key}", f"{epochs:032x}"

    def holds(self, epochs):
        """Whether there is something."""
        return self.store.contains_item(self._place(epochs))

    def read(self, epochs):
        """What `write` has written; None where there is nothing, or something else."""
        if not self.holds(epochs):
            return None
        try:
            digest, content = self.store.load_item(self._place(epochs))
            if hashlib.sha256(content).hexdigest() != digest:
                raise ValueError("it is not what was written")
            (key, kept_epochs), state = pickle.loads(content)
            if (key, kept_epochs) != (self.key, epochs):
                raise ValueError("it belongs to another fit")
        except Exception:  # noqa: BLE001 - a damaged file may raise anything when it is read
            self.drop(epochs)
            return None
        return state

    def write(self, epochs, state):
        content = pickle.dumps(((self.key, epochs), state), protocol=5)
        entry = hashlib.sha256(content).hexdigest(), content
        self.store.dump_item(self._place(epochs), entry, verbose=0)

    def drop(self, epochs):
        self.store.clear_item(self._place(epochs))

    def fewer(self, epochs):
        """Numbers of epochs for which there is something, the largest first."""
        numbers = range(epochs - 1, 0, -1)
        return filter(self.holds, numbers)


class _Keeper:
    """Writes what has come of one fit so far: one state on the way, and its result at the end."""

    def __init__(self, kept, parts, job, recipe):
        self.kept = kept
        self._parts, self._job, self._recipe = parts, job, recipe
        self.on_the_way = None

    def keep(self, epochs, result, before=None):
        """Write it, and drop what an earlier epoch has left.

        Parameters
        ----------
        epochs : int
            How many it was trained for; those that were asked for, if it has ended.
        result : FitResult
        before : dict of str to list of float, optional
            History of the epochs that it has gone on from.

        Returns
        -------
        str or None
            Why it cannot be kept.
        """
        if self.kept.holds(epochs):
            return None
        problem = self._problem(result.model)
        if problem is None:
            state = _state(self._job, FitResult(result.model, _joined(before, result.history)))
            state["on_the_way"] = epochs < self._job.epochs
            if state["goes_on"] or not state["on_the_way"]:
                self.kept.write(epochs, state)
                if self.on_the_way is not None:
                    self.kept.drop(self.on_the_way)
                self.on_the_way = epochs if state["on_the_way"] else None
        return problem

    def _problem(self, model):
        if _holds_more(model):
            return "a layer has a tf.Variable that Keras does not know"
        changed = _changed(self._parts, self._job, self._recipe)
        return f"it changed {changed}, on which it depends" if changed else None


def _joined(before, after):
    return {name: (before or {}).get(name, []) + values for name, values in after.items()}


def _look_up(kept, recipe, epochs):
    state = kept.read(epochs)
    model = None if state is None else _remade(kept, recipe, epochs, state)
    if model is None:
        return None
    check_moving_averages(model)  # a fit that is looked up warns as it did
    return FitResult(model, state["history"])


def _remade(kept, recipe, epochs, state):
    try:
        return recipe.remake(state["numbers"])
    except ValueError:  # the builder makes another model than it made, although nothing tells
        kept.drop(epochs)
        return None


def _train_on(keeper, job, recipe):
    """Train from the first epoch, or from the last one of a kept fit of fewer epochs."""
    job = replace(job, keep=keeper.keep)
    if job.all_callbacks:
        return train(job)
    for epochs in keeper.kept.fewer(job.epochs):
        state = keeper.kept.read(epochs)
        if state is not None and state["goes_on"]:
            model = _remade(keeper.kept, recipe, epochs, state)
            if model is not None:
                before = state["history"]
                if state["on_the_way"]:
                    keeper.on_the_way = epochs
                rest = train(
                    replace(
                        job, build=Present(model), initial_epoch=epochs,
                        keep=partial(keeper.keep, before=before),
                    )
                )  # fmt: skip
                return FitResult(rest.model, _joined(before, rest.history))
    return train(job)


def _state(job, result):
    return {
        "numbers": numbers_of(result.model),
        "history": result.history,
        "goes_on": not job.all_callbacks and _goes_on(result.model),
    }


def _holds_more(model):
    """Whether training may have changed what `numbers_of` does not see."""
    known = {id(each.value) for each in model.variables}
    layers = model._flatten_layers(include_self=True, recursive=True)
    held = (each for layer in layers for each in vars(layer).values())
    return any(isinstance(each, tf.Variable) and id(each) not in known for each in held)


def _goes_on(model):
    """Whether the variables of a model are all that its next epoch depends on."""
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    # Of use_ema, averages take the place of the weights at the end of each fit.
    if model.run_eagerly or getattr(optimizer, "use_ema", False):
        return False
    losses = [each for each in keras.tree.flatten(model.loss) if not isinstance(each, str)]
    layers = [each for each in model._flatten_layers() if each is not model]
    metrics = [*model.metrics, *(m for each in model.metrics for m in getattr(each, "metrics", ()))]
    schedule = getattr(optimizer, "_learning_rate", None)
    parts = [type(model), *layers, *losses, *metrics, optimizer, schedule]
    return all(_is_known(part) and all(map(_is_known, _members(part))) for part in parts)


def _members(part):
    return [] if isinstance(part, type) else list(getattr(part, "__dict__", {}).values())


def _is_known(thing):
    owner = thing if hasattr(thing, "__module__") and hasattr(thing, "__name__") else type(thing)
    module = getattr(owner, "__module__", None) or "builtins"
    return module.partition(".")[0] in KNOWN_CODE


def _parts(job, recipe):
    """Fingerprints of all that a fit depends on, but for the number of epochs."""
    given = {each.name: getattr(job, each.name) for each in fields(job)}
    for name in ("build", "epochs", "initial_epoch", "keep"):
        del given[name]
    arguments = {n: v for n, v in job.fit_arguments.items() if n != "verbose"}
    given |= _built_with(recipe)
    if isinstance(job.build, Present):
        given["starts_from"] = (job.initial_epoch, numbers_of(job.build.model))
    given |= {"fit_arguments": Unordered(arguments), "settings": _settings()}
    given["callback_parameters"] = Unordered(job.callback_parameters)
    for name in ("rows", "validation"):
        rows = given[name]
        given[name] = None if rows is None else (rows.X, rows.y, rows.sample_weight)
    return {name: _named(name, value) for name, value in given.items()}


def _named(name, value):
    try:
        return fingerprint(value)
    except NoFingerprintError as error:
        raise NoFingerprintError(f"{name}: {error}") from None


def _built_with(recipe):
    """The arguments of the builder, with those that it does not see left out."""
    given = dict(recipe.arguments)
    parameters = given["parameters"].items()
    parameters = {n: v for n, v in parameters if not n.startswith(NOT_BUILT_WITH)}
    params = None
    accepted = accepted_names(given["builder"])
    if accepted is None or "params" in accepted:
        params = Unordered({n: v for n, v in given["params"].items() if n != "memory"})
    return given | {
        "parameters": Unordered(parameters), "params": params,
        "precision": (recipe.floatx, recipe.dtype_policy),
    }  # fmt: skip


def _settings():
    """What the process has set that a fit depends on, and the versions of what trains it."""
    config = keras.config
    return (
        config.backend(), config.epsilon(), config.image_data_format(), *_versions(),
    )  # fmt: skip


@cache
def _versions():
    """Versions of other packages, and the code of this one."""
    sources = sorted(Path(__file__).parent.rglob("*.py"))
    code = hashlib.sha256(b"\0".join(path.read_bytes() for path in sources)).hexdigest()
    return *((name, version(name)) for name in PACKAGES), ("python", sys.version), code


def _key(parts):
    return fingerprint(Unordered(parts))


def _changed(parts, job, recipe):
    """Names of what the fit itself has changed: an equal job would find no equal key."""
    # Rows are copied for the model, and extra callbacks were made for this fit alone.
    rest = {"rows": None, "validation": None, "extra_callbacks": (), "build": None}
    try:
        after = _parts(replace(job, **rest), recipe)
    except NoFingerprintError as error:
        return str(error)
    return ", ".join(
        name for name, each in after.items() if name not in rest and parts[name] != each
    )


def _tell(recipe, message):
    builder = recipe.arguments["builder"]
    while isinstance(builder, partial):
        builder = builder.func
    builder = getattr(builder, "__func__", builder)
    try:
        if builder in _told:
            return
        _told.add(builder)
    except TypeError:  # it cannot be remembered
        pass
    warnings.warn(f"memory: {message}", stacklevel=3)
