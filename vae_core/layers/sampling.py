"""The one random step of a variational autoencoder."""

from typing import Any, TypeAlias

import jax.numpy as jnp
import keras
from jaxtyping import Array, Float

from vae_core.objectives import reparameterize

Shape: TypeAlias = tuple[int | None, ...]


@keras.saving.register_keras_serializable(package="vae_core")
class Sampling(keras.layers.Layer):
    """Draw z from the diagonal Gaussian q(z|x) so that gradients reach its mean and its variance.

    The noise epsilon comes from the layer's own seed generator, whose state is a variable of the layer: it advances at
    every call, works under jit and is saved with the model, so that a loaded model draws what the saved one would.
    In half precision the sample is drawn in float32 and rounded once.

    Args:
        seed: integer, or None for a seed drawn by Keras (after `keras.utils.set_random_seed`, a reproducible one).
        **kwargs: what `keras.layers.Layer` takes, such as `name`.

    Call arguments:
        posterior_mean: (batch, latent_dim) floating point, any real number; or a list of the mean and the log variance.
        posterior_log_var: (batch, latent_dim) floating point, the logarithm of the variance.

    Returns:
        z: (batch, latent_dim), one sample for each example.

    Raises:
        TypeError: if it is called with anything but the two.
        ValueError: if the two shapes differ.

    Source: Kingma and Welling (2014), section 2.4.
    """

    seed: int | None
    seed_generator: Any

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def __call__(self, posterior_mean: Any, posterior_log_var: Any = None, **kwargs: Any) -> Any:
        """Take the two arguments of `call`, or one list of both."""
        both = (posterior_mean, posterior_log_var)
        if posterior_log_var is None and isinstance(posterior_mean, (list, tuple)):
            both = tuple(posterior_mean)
        if len(both) != 2 or any(part is None for part in both):
            raise TypeError(
                "Sampling takes two arrays, the mean and the log variance: Sampling()(posterior_mean, "
                f"posterior_log_var). Received: {sum(part is not None for part in both)}."
            )
        return super().__call__(*both, **kwargs)

    def build(self, posterior_mean_shape: Shape, posterior_log_var_shape: Shape) -> None:
        """Check that the two shapes are one."""
        if tuple(posterior_mean_shape) != tuple(posterior_log_var_shape):
            raise ValueError(
                "posterior_mean and posterior_log_var must share one shape. "
                f"Received: {posterior_mean_shape} and {posterior_log_var_shape}."
            )

    def call(
        self,
        posterior_mean: Float[Array, "batch latent_dim"],
        posterior_log_var: Float[Array, "batch latent_dim"],
    ) -> Float[Array, "batch latent_dim"]:
        """Return posterior_mean + exp(posterior_log_var / 2) * epsilon, with a new epsilon at each call."""
        dtype = posterior_mean.dtype
        precise = jnp.promote_types(dtype, "float32")
        epsilon: Array = keras.random.normal(posterior_mean.shape, dtype=str(precise), seed=self.seed_generator)
        z = reparameterize(posterior_mean.astype(precise), posterior_log_var.astype(precise), epsilon)
        return z.astype(dtype)

    def compute_output_shape(self, posterior_mean_shape: Shape, posterior_log_var_shape: Shape) -> Shape:
        """Return the shape of z, which is the shape of the mean."""
        return posterior_mean_shape

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that build the layer again."""
        return {**super().get_config(), "seed": self.seed}

    def save_own_variables(self, store: Any) -> None:
        """Save the state of the seed generator, which Keras would leave out."""
        store["seed_generator_state"] = keras.ops.convert_to_numpy(self.seed_generator.state)

    def load_own_variables(self, store: Any) -> None:
        """Restore what `save_own_variables` saved."""
        self.seed_generator.state.assign(store["seed_generator_state"])
