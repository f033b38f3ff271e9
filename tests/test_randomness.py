"""A block of its own randomness leaves no trace and takes none."""

import random
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.quiet import keras, tf
from helpers.randomness import KERAS_STATE, Isolation, derive_seeds, isolated
from tests.laws import global_draws


def draws():
    layer = keras.layers.Dense(2)
    layer.build((None, 2))
    return [*global_draws(), *layer.kernel.numpy().ravel().tolist(), layer.name]


def test_same_seed_same_draws_whatever_came_before():
    with isolated(3):
        first = draws()
    keras.layers.Dense(1), keras.utils.set_random_seed(9)
    with isolated(3):
        assert draws() == first
    with isolated(4):
        assert draws() != first


def test_global_state_is_as_before_also_after_an_error():
    keras.utils.set_random_seed(1)
    expected = global_draws()
    keras.utils.set_random_seed(1)

    def fail():
        with isolated(5):
            draws()
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError):
        fail()
    assert global_draws() == expected


def test_unseeded_tensorflow_stays_unseeded():
    tf.random.set_seed(3)
    with isolated(1):
        pass
    first = float(tf.random.uniform(()))
    tf.random.set_seed(3)
    assert float(tf.random.uniform(())) == first


def test_layer_names_outside_go_on_counting():
    before = keras.layers.Dense(1).name
    with isolated(0):
        assert keras.layers.Dense(1).name == "dense"
    after = keras.layers.Dense(1).name
    assert after not in (before, "dense")


def test_blocks_nest_and_threads_take_turns():
    results = {}

    def run(name):
        with isolated(1), isolated(2):
            results[name] = draws()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == results[0] for result in results.values())


def in_another_thread(call):
    thread = threading.Thread(target=call)
    thread.start()
    thread.join()


def test_draws_of_other_threads_change_nothing():
    with isolated(3):
        first = draws()
    for call in (random.random, np.random.rand, lambda: np.random.seed(0), lambda: random.seed(0)):
        with isolated(3):
            in_another_thread(call)
            assert draws() == first


def test_functions_of_random_are_pythons_and_numpys_own_outside_a_block():
    own = random.random, np.random.rand, np.random.seed
    with isolated(3), isolated(4):
        pass
    assert (random.random, np.random.rand, np.random.seed) == own
    with pytest.raises(RuntimeError), isolated(3):
        raise RuntimeError("inside")
    assert (random.random, np.random.rand, np.random.seed) == own


def test_somebodys_mock_is_there_afterwards(monkeypatch):
    def four():
        return 4  # chosen by fair dice roll

    monkeypatch.setattr(random, "random", four)
    with isolated(3):
        pass
    assert random.random is four


def test_a_block_left_and_entered_again_goes_on():
    with isolated(3):
        expected = [*draws(), *draws()]
    block, drawn = Isolation(3), []
    for _ in range(2):
        with block.entered():
            drawn += draws()
        random.seed(1), np.random.seed(1)
    assert drawn == expected


def test_keras_still_has_the_state_that_is_put_back():
    with isolated(0):
        draws()
        tracked = vars(keras.src.backend.common.global_state.GLOBAL_STATE_TRACKER)
        assert set(KERAS_STATE) <= set(tracked)


@given(seed=st.integers(0, 2**40))
@settings(max_examples=50, deadline=None)
def test_seeds_are_a_function_of_an_integer(seed):
    first = derive_seeds(seed, 3)
    assert first == derive_seeds(seed, 3)
    assert len(set(first)) == 3
    assert all(0 <= value < 2**31 for value in first)


@pytest.mark.parametrize("make", [np.random.RandomState, np.random.default_rng])
def test_generators_are_read_not_advanced(make):
    generator, untouched = make(5), make(5)
    first = derive_seeds(generator, 2)
    assert first == derive_seeds(generator, 2) != derive_seeds(make(6), 2)
    assert generator.random() == untouched.random()
    assert first != derive_seeds(generator, 2)


def test_no_seed_is_a_new_seed_each_time_and_touches_nothing():
    np.random.seed(0)
    expected = np.random.rand()
    np.random.seed(0)
    assert derive_seeds(None, 2) != derive_seeds(None, 2)
    assert np.random.rand() == expected
