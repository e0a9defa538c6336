"""The sampling layer draws from the posterior it is given, reproducibly and differentiably."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from vae_core.layers import Sampling


def test_moments_are_those_of_the_posterior():
    posterior_mean = jnp.tile(jnp.array([3.0, -1.0]), (40_000, 1))
    posterior_log_var = jnp.tile(jnp.array([jnp.log(4.0), jnp.log(0.25)]), (40_000, 1))
    z = np.asarray(Sampling(seed=0)(posterior_mean, posterior_log_var))
    np.testing.assert_allclose(z.mean(0), [3.0, -1.0], atol=4 * 2 / 200)
    np.testing.assert_allclose(z.std(0), [2.0, 0.5], rtol=4 / np.sqrt(2 * 40_000))


def test_one_seed_one_sequence():
    mean, log_var = jnp.zeros((5, 2)), jnp.zeros((5, 2))
    first, second = Sampling(seed=7), Sampling(seed=7)
    one, two = first(mean, log_var), first(mean, log_var)
    assert not np.array_equal(one, two)
    np.testing.assert_array_equal(second(mean, log_var), one)
    np.testing.assert_array_equal(second(mean, log_var), two)
    assert not np.array_equal(Sampling(seed=8)(mean, log_var), one)


def test_each_example_has_its_own_noise():
    z = np.asarray(Sampling(seed=0)(jnp.zeros((50, 2)), jnp.zeros((50, 2))))
    assert len(np.unique(z)) == 100


def test_zero_variance_returns_the_mean():
    mean = jnp.array([[1.5, -2.0]])
    np.testing.assert_array_equal(Sampling(seed=0)(mean, jnp.full((1, 2), -jnp.inf)), mean)


def test_gradients_reach_mean_and_variance():
    layer = Sampling(seed=3)
    layer.build((1, 2), (1, 2))
    mean, log_var = jnp.array([[0.5, 1.0]]), jnp.array([[0.2, -0.4]])
    epsilon = (Sampling(seed=3)(mean, log_var) - mean) / jnp.exp(log_var / 2)
    state = [v.value for v in layer.non_trainable_variables]

    def total(mean, log_var):
        z, _ = layer.stateless_call([], state, mean, log_var)
        return z.sum()

    by_mean, by_log_var = jax.grad(total, (0, 1))(mean, log_var)
    np.testing.assert_allclose(by_mean, jnp.ones_like(mean))
    np.testing.assert_allclose(by_log_var, epsilon * jnp.exp(log_var / 2) / 2, rtol=1e-5)


def test_config_round_trip():
    layer = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(Sampling(seed=11, name="draw")))
    assert isinstance(layer, Sampling)
    assert (layer.seed, layer.name) == (11, "draw")


def test_symbolic_shape():
    mean, log_var = keras.Input((3,)), keras.Input((3,))
    assert Sampling()(mean, log_var).shape == (None, 3)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="must share one shape"):
        Sampling()(keras.Input((3,)), keras.Input((2,)))


def test_a_list_of_the_two_is_taken_and_anything_else_refused():
    mean, log_var = jnp.ones((4, 2)), jnp.zeros((4, 2))
    np.testing.assert_array_equal(Sampling(seed=1)([mean, log_var]), Sampling(seed=1)(mean, log_var))
    for wrong in ((mean,), ([mean],), ([mean, log_var, mean],)):
        with pytest.raises(TypeError, match="takes two arrays, the mean and the log variance"):
            Sampling()(*wrong)


@pytest.mark.parametrize(("dtype", "precision"), [("float16", 1e-3), ("mixed_bfloat16", 1e-2)])
def test_half_precision_draws_what_full_precision_draws(dtype, precision):
    mean, log_var = jnp.full((1000, 2), 0.5), jnp.full((1000, 2), 8.0)
    half, full = Sampling(seed=4, dtype=dtype)(mean, log_var), Sampling(seed=4)(mean, log_var)
    assert str(half.dtype) == dtype.removeprefix("mixed_")
    np.testing.assert_allclose(half.astype("float32"), full, rtol=precision, atol=precision)


@pytest.mark.parametrize("as_list", [False, True])
def test_a_loaded_model_draws_what_the_saved_one_would(as_list, tmp_path):
    mean, log_var = keras.Input((3,)), keras.Input((3,))
    z = Sampling(seed=2)([mean, log_var]) if as_list else Sampling(seed=2)(mean, log_var)
    model = keras.Model([mean, log_var], z)
    arrays = [np.zeros((5, 3), "float32")] * 2
    first = np.asarray(model(arrays))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    expected = np.asarray(model(arrays))
    assert not np.array_equal(first, expected)
    np.testing.assert_array_equal(loaded(arrays), expected)


def test_a_model_that_samples_has_a_summary():
    class Noisy(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense, self.sampling = keras.layers.Dense(2), Sampling()

        def call(self, x):
            return self.sampling(self.dense(x), self.dense(x))

    model = Noisy()
    model(np.zeros((3, 5), "float32"))
    lines = []
    model.summary(print_fn=lambda text, **_: lines.append(text))
    assert "Sampling" in "".join(lines)
