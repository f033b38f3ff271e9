"""Gives a fit random and naming state of its own, so that nothing outside can change its result."""

import copy
import functools
import numbers
import random
import threading
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from helpers.quiet import keras  # isort: split

# Keras and TensorFlow have public functions that *set* this state and none that give it back.
from keras.src.backend.common import global_state
from tensorflow.python.eager import context as eager_context
from tensorflow.python.framework.config import (
    disable_op_determinism,
    is_op_determinism_enabled,
)

#: Keras' thread-local attributes that make one fit depend on the fits before it.
KERAS_STATE = ("object_name_uids", "global_seed_generator", "global_random_seed")
#: Those that a builder or a callback may set, as if for its own fit only.
KERAS_SETTINGS = ("dtype_policy", "distribution")

# TensorFlow's and NumPy's seeds belong to the process, so fits in threads take turns.
_turn = threading.RLock()
_inside = ContextVar("inside a fit", default=False)
#: By module: the generator that its functions draw from, and those of the fit in this context.
_SHARED = {random: random.random.__self__, np.random: np.random.rand.__self__}
_own = ContextVar("generators of a fit", default=_SHARED)


def isolated(seed):
    """Run a block with seeds derived from ``seed`` alone, then put every global state back.

    Inside the block Python's, NumPy's, TensorFlow's and Keras' generators start from ``seed`` and
    Keras' automatic names start at zero (the second model's ``AUC()`` is ``auc`` again, not
    ``auc_1``). Afterwards all of them are as they were, whether the block raised or not, and so are
    Keras' precision, dtype policy and distribution, which the block may have set. Blocks in several
    threads run one after the other, since the generators belong to the process; what any other
    thread draws from the module `random` or from `numpy.random` meanwhile changes nothing in here.

    Parameters
    ----------
    seed : int in [0, 2**32)
        Where the generators start.

    Examples
    --------
    >>> import numpy as np
    >>> from helpers.randomness import isolated
    >>> with isolated(3):
    ...     first = np.random.rand()
    >>> with isolated(3):
    ...     first == np.random.rand()
    True
    """
    return Isolation(seed).entered()


class Isolation:
    """The random and naming state of one fit, which can be left and entered again.

    Parameters
    ----------
    seed : int in [0, 2**32)
        Where the generators start, the first time.

    Examples
    --------
    >>> import numpy as np
    >>> from helpers.randomness import Isolation, isolated
    >>> with isolated(3):
    ...     expected = np.random.rand(2)
    >>> own, drawn = Isolation(3), []
    >>> for _ in range(2):
    ...     with own.entered():
    ...         drawn.append(np.random.rand())
    >>> bool((drawn == expected).all())
    True
    """

    def __init__(self, seed):
        self._seed = seed
        self._left = None
        self._generators = {random: random.Random(seed), np.random: np.random.RandomState(seed)}

    @contextmanager
    def entered(self):
        """Run a block in this state, as `isolated` does; the next block goes on where it ended."""
        with _take_turn():
            saved, before = _capture(), _own.set(self._generators)
            _KERNELS.forget_draws()
            try:
                if self._left is None:
                    _start_from(self._seed)
                else:
                    _restore(self._left)
                _KERNELS.look()
                yield
            finally:
                _KERNELS.forget_draws()
                self._left = _capture()
                _own.reset(before)
                _restore(saved)
                _KERNELS.look()


@contextmanager
def preserved(seed):
    """Start every generator from ``seed``, run a block, put every global state back.

    Unlike `isolated` it says nothing of a fit: blocks of several threads do not take turns, and
    fits inside keep the isolation that they ask for.

    Parameters
    ----------
    seed : int in [0, 2**32)
        Where the generators start.

    Examples
    --------
    >>> before = np.random.get_state()[1].tolist()
    >>> with preserved(0):
    ...     _ = np.random.rand()
    >>> np.random.get_state()[1].tolist() == before
    True
    """
    saved, deterministic = _capture(), is_op_determinism_enabled()
    try:
        keras.utils.set_random_seed(seed)
        # Counted up in place, unlike the other states: the block counts in a copy.
        global_state.set_global_attribute(
            "object_name_uids", copy.copy(saved["keras"]["object_name_uids"])
        )
        yield
    finally:
        _restore(saved)
        _KERNELS.look()
        if not deterministic:  # SciKeras switches it on for good
            disable_op_determinism()


def is_inside_a_fit():
    """Whether the caller runs within `isolated`: in a builder, in a callback of a fit."""
    return _inside.get()


def settings_of_this_thread():
    """Keras' settings that belong to a thread, for `in_settings`."""
    return {name: global_state.get_global_attribute(name) for name in KERAS_SETTINGS}


def in_settings(settings, call):
    """Call a function with these settings, in a thread that has none of its own yet."""
    for name, value in settings.items():
        global_state.set_global_attribute(name, value)
    return call()


def derive_seeds(random_state, n_seeds):
    """Derive independent integer seeds from ``random_state``, without advancing it.

    Parameters
    ----------
    random_state : None, int, numpy.random.RandomState or numpy.random.Generator
        None draws from the operating system. A generator object is read, never advanced: a
        constructor parameter that changed with each fit would make equal fits differ.
    n_seeds : int
        How many seeds.

    Returns
    -------
    list of int
        ``n_seeds`` integers in [0, 2**31).

    Raises
    ------
    ValueError
        ``random_state`` is something else.

    Examples
    --------
    >>> derive_seeds(0, 2) == derive_seeds(0, 2)
    True
    """
    if isinstance(random_state, np.random.RandomState):
        entropy = np.array(random_state.get_state(legacy=False)["state"]["key"])
        position = random_state.get_state(legacy=False)["state"]["pos"]
        entropy = [*entropy.tolist(), int(position)]
    elif isinstance(random_state, np.random.Generator):
        entropy = [int(v) for v in _numbers(random_state.bit_generator.state)]
    elif random_state is None or _is_seed(random_state):
        entropy = random_state if random_state is None else int(random_state)
    else:
        raise ValueError(
            f"random_state={random_state!r}: None, an integer >= 0, a numpy.random.RandomState or "
            "a numpy.random.Generator is accepted"
        )
    state = np.random.SeedSequence(entropy).generate_state(n_seeds)
    return [int(seed) >> 1 for seed in state]


def _is_seed(value):
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and value >= 0


def _numbers(state):
    for value in state.values() if isinstance(state, dict) else np.ravel(state):
        if isinstance(value, dict | np.ndarray):
            yield from _numbers(value)
        elif not isinstance(value, str):
            yield value


@contextmanager
def _take_turn():
    # A callback may fit another estimator in a helper thread of its own: it already has the turn.
    if _inside.get():
        yield
        return
    with _turn, _draws_by_context():
        token = _inside.set(True)
        try:
            yield
        finally:
            _inside.reset(token)


@contextmanager
def _draws_by_context():
    """Let `random.random`, `numpy.random.rand` and so on draw from what `_own` says.

    Libraries draw from the generators of the process in threads of their own (an event loop its
    jitter), and Keras draws the seed of each layer: it must be no other for that.
    """
    before = [getattr(module, name) for module, name, _ in _FUNCTIONS]  # it may be somebody's mock
    for module, name, by_context in _FUNCTIONS:
        setattr(module, name, by_context)
    try:
        yield
    finally:
        for (module, name, _), function in zip(_FUNCTIONS, before, strict=True):
            setattr(module, name, function)


def _by_context(module, name, function):
    @functools.wraps(function)
    def draw(*args, **kwargs):
        generator = _own.get()[module]
        if generator is _SHARED[module]:
            return function(*args, **kwargs)
        return getattr(generator, name)(*args, **kwargs)

    return draw


def _functions():
    for module, generator in _SHARED.items():
        for name in dir(module):
            function = getattr(module, name)
            if not name.startswith("_") and callable(getattr(generator, name, None)):
                yield module, name, _by_context(module, name, function)


_FUNCTIONS = list(_functions())


def _capture():
    tf_context = eager_context.context()
    return {
        "python": _SHARED[random].getstate(),
        "numpy": _SHARED[np.random].get_state(),
        "keras": {
            name: global_state.get_global_attribute(name)
            for name in (*KERAS_STATE, *KERAS_SETTINGS)
        },
        "floatx": keras.config.floatx(),
        "tensorflow": (tf_context._seed, getattr(tf_context, "_rng", None)),
    }


def _start_from(seed):
    """As ``keras.utils.set_random_seed``, which would empty TensorFlow's cache of kernels too."""
    for name in KERAS_STATE:
        global_state.set_global_attribute(name, None)
    global_state.set_global_attribute("global_random_seed", seed)
    for generator in _SHARED.values():  # a builder's `from random import random` draws from these
        generator.seed(seed)
    _set_tensorflow_state(seed, random.Random(seed))


def _restore(saved):
    _SHARED[random].setstate(saved["python"])
    _SHARED[np.random].set_state(saved["numpy"])
    for name, value in saved["keras"].items():
        global_state.set_global_attribute(name, value)
    keras.config.set_floatx(saved["floatx"])
    _set_tensorflow_state(*saved["tensorflow"])


def _set_tensorflow_state(seed, rng):
    tf_context = eager_context.context()
    tf_context._seed, tf_context._rng = seed, rng


class _Kernels:
    """Empties TensorFlow's cache of kernels when one of them may have drawn.

    A kernel that draws counts its draws, and is kept under its seed: a fit that draws by the same
    seed would go on with it. Making all kernels again costs more than a step of a small model, and
    Keras' layers draw by kernels that count nothing.
    """

    def __init__(self):
        self._seen = None

    def look(self):
        self._seen = self._state()

    def forget_draws(self):
        """Empty the cache unless nothing has drawn since the last `look`."""
        if self._state() != self._seen:
            eager_context.context().clear_kernel_cache()

    @staticmethod
    def _state():
        tf_context = eager_context.context()
        rng = getattr(tf_context, "_rng", None)
        return tf_context._seed, rng and rng.getstate()


_KERNELS = _Kernels()
