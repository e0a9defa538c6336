"""Compiled programs of networks, batches of one shape, and threads."""

import gc
import threading
import weakref

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from vae_core.batching import apply_in_batches, batch_at, in_threads, padded_batches, program


def dense(outputs=2, seed=0):
    keras.utils.set_random_seed(seed)
    x = keras.Input((3,))
    return keras.Model(x, keras.layers.Dropout(0.5)(keras.layers.Dense(outputs)(x)))


def double(x, *, network):
    return 2 * network(x)


def test_a_program_calls_its_networks_in_inference_mode_with_their_present_weights():
    network, x = dense(), np.ones((4, 3), np.float32)
    np.testing.assert_allclose(program(double, network=network)(x), 2 * network(x, training=False), rtol=1e-6)
    network.layers[1].kernel.assign(jnp.ones((3, 2)))
    np.testing.assert_allclose(program(double, network=network)(x), 6)


def test_networks_are_compiled_once_and_functions_by_every_program():
    traced = []

    def counted(x, *, network):
        traced.append(x.shape)
        return network(x)

    network, x = dense(), np.ones((4, 3), np.float32)
    for _ in range(3):
        program(counted, network=network)(x)
    assert len(traced) == 1
    for _ in range(3):
        program(counted, network=lambda x: x)(x)
    assert len(traced) == 4


def test_a_program_tells_its_networks_apart_by_name():
    def difference(x, *, first, second):
        return first(x) - second(x)

    a, b, x = dense(seed=0), dense(seed=1), np.ones((4, 3), np.float32)
    there = program(difference, first=a, second=b)(x)
    back = program(difference, second=a, first=b)(x)
    np.testing.assert_allclose(there, -np.asarray(back))
    assert np.abs(there).max() > 0.1


def test_a_program_keeps_no_network_alive():
    network = dense()
    program(double, network=network)(np.ones((4, 3), np.float32))
    reference = weakref.ref(network)
    del network
    gc.collect()
    assert reference() is None


@pytest.mark.parametrize(("count", "batch_size"), [(7, 3), (6, 3), (2, 5), (1, 1)])
def test_batches_have_one_shape_and_hold_every_row_once(count, batch_size):
    x = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
    batches = list(padded_batches(x, batch_size))
    assert {batch.x.shape for batch in batches} == {(min(count, batch_size), 2)}
    np.testing.assert_array_equal(np.concatenate([batch.x[: batch.size] for batch in batches]), x)
    for batch in batches:
        assert batch_at(x, batch.start, batch_size).size == batch.size


@pytest.mark.parametrize("count", [1, 5, 12])
def test_a_network_of_several_outputs_is_applied_in_batches(count):
    x = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    whole = apply_in_batches(lambda x: (x + 1, x.sum(axis=1)), x, 5)
    np.testing.assert_allclose(whole[0], x + 1)
    np.testing.assert_allclose(whole[1], x.sum(axis=1), rtol=1e-5)


def test_threads_keep_order_and_settings():
    with jax.enable_x64(True), jax.default_matmul_precision("highest"):
        found = list(in_threads(lambda i: (i, jnp.zeros(1).dtype, jax.config.jax_default_matmul_precision), range(20)))
    assert found == [(i, np.float64, "highest") for i in range(20)]
    assert jnp.zeros(1).dtype == np.float32


def test_the_first_item_is_done_before_the_threads_start():
    threads = list(in_threads(lambda _: threading.current_thread(), range(5)))
    assert threads[0] is threading.main_thread()
    assert threading.main_thread() not in threads[1:]
    assert list(in_threads(lambda item: item, [])) == []


def test_an_error_in_a_thread_reaches_the_caller_and_ends_the_work():
    done = []

    def work(item):
        if item == 3:
            raise ValueError("three")
        done.append(item)

    with pytest.raises(ValueError, match="three"):
        list(in_threads(work, range(10_000)))
    assert len(done) < 10_000
