"""Vectorises what TensorFlow cannot: such an operation is there once for each model.

TensorFlow loops over the models instead, one after the other, at each step of the training. For
random numbers, which every dropout layer draws by a seed for each model, the loop takes several
times as long as the drawing (``make bench ARGS=repeated``).
"""

from contextlib import contextmanager
from threading import Lock

from helpers.quiet import tf  # isort: split

from tensorflow.python.ops.parallel_for import pfor

__all__ = ["unrolled"]

_lock = Lock()


@contextmanager
def unrolled():
    """Have `tf.vectorized_map` repeat what it cannot vectorise, instead of looping.

    Examples
    --------
    >>> def draw(seed):
    ...     return tf.random.stateless_uniform((3,), tf.stack([seed, 0]))
    >>> with unrolled():
    ...     drawn = tf.vectorized_map(draw, tf.range(4))
    >>> bool(tf.reduce_all(drawn[2] == draw(2)))
    True
    """
    with _lock:
        looping = pfor._fallback_converter
        pfor._fallback_converter = _repeated
        try:
            yield
        finally:
            pfor._fallback_converter = looping


def _repeated(operation, *_, **__):
    """The operation for each place of the map, its results stacked."""
    n_places = tf.get_static_value(operation.pfor.loop_len_vector).item()
    inputs = [
        tf.unstack(tensor, num=n_places) if is_stacked else [tensor] * n_places
        for tensor, is_stacked, _ in operation.inputs
    ]
    types = [output.dtype for output in operation.outputs]
    attributes = operation.op.node_def.attr
    outputs = [
        pfor._create_op(operation.op_type, list(own), types, attrs=attributes).outputs
        for own in zip(*inputs, strict=True)
    ]
    return tuple(pfor.wrap(tf.stack(each)) for each in zip(*outputs, strict=True))
