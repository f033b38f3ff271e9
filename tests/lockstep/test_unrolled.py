"""Operations that TensorFlow cannot vectorise are repeated, and come to the same."""

from contextlib import nullcontext

import keras
import numpy as np
import pytest
from tensorflow.python.ops.parallel_for import pfor

from helpers.lockstep.graph import StackedGraph
from helpers.lockstep.unrolled import unrolled
from helpers.quiet import tf

N_MODELS = 5
PLACES = tf.range(N_MODELS)


def draw(place):
    seed = tf.stack([place, 7])
    return (
        tf.random.stateless_uniform((3, 2), seed),
        tf.random.stateless_normal((4,), seed),
        tf.random.stateless_uniform((), seed, maxval=1000, dtype=tf.int32),
    )


def test_each_place_draws_what_it_draws_by_itself():
    with unrolled():
        together = tf.vectorized_map(draw, PLACES)
    for place in range(N_MODELS):
        for stacked, alone in zip(together, draw(place), strict=True):
            np.testing.assert_array_equal(stacked[place], alone)


def test_what_is_equal_for_all_places_may_be_drawn_by_all():
    with unrolled():
        together = tf.vectorized_map(lambda place: draw(3)[0] + tf.cast(place, tf.float32), PLACES)
    np.testing.assert_array_equal(together[2], draw(3)[0] + 2)


def test_gradients_go_through():
    images, filters = tf.random.stateless_normal((5, 2, 6, 6, 1), (1, 2)), tf.ones((5, 3, 3, 1, 2))

    def slope(own, kernel):
        with tf.GradientTape() as tape:
            tape.watch(kernel)
            value = tf.reduce_sum(tf.nn.conv2d(own, kernel, 1, "VALID") ** 2)
        return tape.gradient(value, kernel)

    with unrolled():
        together = tf.vectorized_map(lambda each: slope(*each), (images, filters))
    np.testing.assert_allclose(together[4], slope(images[4], filters[4]), rtol=1e-5)


@pytest.mark.parametrize("error", [None, ValueError])
def test_tensorflow_is_left_as_it_was(error):
    before = pfor._fallback_converter
    with pytest.raises(error) if error else nullcontext(), unrolled():
        assert pfor._fallback_converter is not before
        if error:
            raise error
    assert pfor._fallback_converter is before


def test_a_step_has_no_loop_over_the_models():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dropout(0.5), keras.layers.Dense(2)])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    columns = np.zeros((4, 4), "float32"), np.zeros((4, 2), "float32")
    graph = StackedGraph(model, N_MODELS, columns, [])
    operations = [
        node.op
        for function in graph._function("train").graph.as_graph_def().library.function
        for node in function.node_def
        if "/pfor/" in node.name  # what the vectorised step is made of
    ]
    graph.free()
    assert operations.count("StatelessRandomUniformV2") == N_MODELS
    assert not {"While", "StatelessWhile", "TensorListSetItem"} & set(operations)
