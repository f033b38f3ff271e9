"""Keras and TensorFlow without their start-up noise.

TensorFlow writes a dozen lines to standard error while it is imported and when it first looks for
a device (oneDNN, cudart, cuInit, "All log messages before absl::InitializeLog()..."). They say
nothing about the code that imports it, and in a notebook they are a red box above the first
result. Every module of the package takes Keras from here, so that they are silenced in one place:

>>> from helpers.quiet import keras, tf
>>> keras.backend.backend()
'tensorflow'

Only the import is silenced: what TensorFlow reports afterwards is shown, with one exception, see
`TracingFilter`.
"""

import contextlib
import logging
import os
import sys
import tempfile

__all__ = ["TracingFilter", "keras", "stderr_held_back", "tf"]


class TracingFilter(logging.Filter):
    """Drop what TensorFlow says of how it traces, and nothing else.

    Of a function traced again: a search builds one model per fit, and each has a graph of its own
    on purpose; the warning's advice (reuse one `tf.function`) is what state leaks are made of. And
    of a loop in the graph of stacked models ("Fix that!"), which TensorFlow tells its authors.
    """

    ABOUT = "triggered tf.function retracing", "uses a while_loop. Fix that!"

    def filter(self, record):
        return not any(each in record.getMessage() for each in self.ABOUT)


@contextlib.contextmanager
def stderr_held_back():
    """Hold back what is written to file descriptor 2; show it only if the block raises.

    The descriptor and not `sys.stderr`, because the lines come from C++.
    `TF_CPP_MIN_LOG_LEVEL=3` is not enough: absl writes its first lines before it reads any level.

    Examples
    --------
    >>> import os
    >>> with stderr_held_back():
    ...     _ = os.write(2, b"noise from C++")
    """
    try:
        original = os.dup(2)
    except OSError:  # a process without standard error (a daemon): nothing can be seen anyway
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        raised = True
        try:
            yield
            raised = False
        finally:
            os.dup2(original, 2)
            os.close(original)
            if raised:
                held.seek(0)
                sys.stderr.write(held.read().decode(errors="replace"))


def _drop_tracing_warnings():
    logger = logging.getLogger("tensorflow")
    if not any(isinstance(each, TracingFilter) for each in logger.filters):
        logger.addFilter(TracingFilter())


def _set_threads():
    """Let an operation run in one thread, and as many side by side as joblib and Dask say.

    The order in which an operation adds up, and with it the last digits of a fit, depends on how
    many threads it is cut up for: here, in workers and on a larger machine it is one. Small models
    are faster by it, too. Without being told, TensorFlow would take as many threads as there are
    cores, in each worker.
    """
    share, *_ = os.environ.get("OMP_NUM_THREADS", "").split(",")  # "4,2": that of the outer loops
    for pool, number in (("intra_op", "1"), ("inter_op", share)):
        told = f"TF_NUM_{pool.replace('_', '').upper()}_THREADS" in os.environ
        given = getattr(tf.config.threading, f"get_{pool}_parallelism_threads")()
        if number.isdecimal() and not told and not given:
            with contextlib.suppress(RuntimeError):  # it has been used: its threads are there
                getattr(tf.config.threading, f"set_{pool}_parallelism_threads")(int(number))


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

with stderr_held_back():
    import keras
    import tensorflow as tf

    # The first look for a GPU logs "failed call to cuInit" where there is none: look now.
    tf.config.list_physical_devices()

_drop_tracing_warnings()
_set_threads()
