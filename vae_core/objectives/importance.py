"""Importance weights, the bound that averages them, and two gradients of it with less noise."""

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from vae_core.likelihoods import AnyArray
from vae_core.objectives.bound import Latents, check_same_shape

Samples = Float[AnyArray, "num_samples batch latent_dim"]
Weights = Float[Array, "num_samples batch"]


def log_weights(
    log_likelihood: Float[AnyArray, "num_samples batch"],
    z: Samples,
    posterior_mean: Latents,
    posterior_log_var: Latents,
    *,
    beta: float | Float[AnyArray, ""] = 1.0,
    stick_the_landing: bool = False,
) -> Weights:
    """Return the logarithms of importance weights, log p(x|z_k) + beta (log p(z_k) - log q(z_k|x)), in nats.

    The mean of one log-weight is the ELBO, `importance_weighted_bound` of several is a tighter bound.

    To stick the landing is to leave out the part of the gradient that goes into log q past z: log q is given its mean
    and its log variance as constants. That part is a score, whose expectation is 0, so the gradient of the mean
    log-weight keeps its expectation, and it loses all its noise where q(z|x) is the posterior. For the logarithm of a
    mean of several weights the expectation changes, unless the samples are `doubly_reparameterized`.

    Args:
        log_likelihood: (num_samples, batch) floating point, log p(x|z_k) at the samples.
        z: (num_samples, batch, latent_dim) floating point, samples of q(z|x) that `reparameterize` made.
        posterior_mean: (batch, latent_dim) floating point.
        posterior_log_var: (batch, latent_dim) floating point, the logarithm of the variance.
        beta: weight of the part without x; with another value than 1 these are no importance weights.
        stick_the_landing: whether to hold mean and log variance constant in log q.

    Returns:
        (num_samples, batch) nats.

    Raises:
        ValueError: if the shapes do not agree.

    Source: Burda, Grosse and Salakhutdinov (2016), equation 8, for the weights; Roeder, Wu and Duvenaud (2017),
        "Sticking the landing", for the gradient; Tucker et al. (2019) for its bias with several samples.
    """
    check_same_shape("posterior_mean", posterior_mean, "posterior_log_var", posterior_log_var)
    expected = (*log_likelihood.shape, posterior_mean.shape[-1])
    if z.shape != expected or z.shape[1:] != posterior_mean.shape:
        raise ValueError(
            "z must have shape (num_samples, batch, latent_dim), as log_likelihood (num_samples, batch) and "
            f"posterior_mean (batch, latent_dim) have it. Received: {z.shape}, {log_likelihood.shape} and "
            f"{posterior_mean.shape}."
        )
    mean, log_var = jnp.asarray(posterior_mean)[None], jnp.asarray(posterior_log_var)[None]
    if stick_the_landing:
        mean, log_var = jax.lax.stop_gradient((mean, log_var))
    standardized = (z - mean) * jnp.exp(-log_var / 2)
    return jnp.asarray(log_likelihood) + beta * 0.5 * (standardized**2 + log_var - jnp.asarray(z) ** 2).sum(axis=-1)


def importance_weighted_bound(log_weights: Float[AnyArray, "num_samples batch"]) -> Float[Array, " batch"]:
    """Importance-weighted lower bound of log p(x): the logarithm of the mean weight, in nats, per example.

    With one sample it is the ELBO; its expectation never falls as samples are added, and tends to log p(x).

    Args:
        log_weights: (num_samples, batch) floating point, log p(x, z_k) - log q(z_k|x) at samples z_k
            of q(z|x).

    Raises:
        ValueError: if the shape is another one, or there is no sample.

    Source: Burda, Grosse and Salakhutdinov (2016), equation 8.
    """
    if log_weights.ndim != 2 or log_weights.shape[0] == 0:
        raise ValueError(
            "log_weights must have shape (num_samples, batch), with num_samples at least 1. "
            f"Received: {log_weights.shape}."
        )
    return jax.nn.logsumexp(jnp.asarray(log_weights), axis=0) - jnp.log(float(log_weights.shape[0]))


@jax.custom_vjp
def doubly_reparameterized(z: Samples) -> tuple[Samples, Weights]:
    """Return samples, and zeros to add to their log-weights, that make the encoder's gradient doubly reparameterised.

    With the log-weights l_k of the samples that come out, which stick the landing, and these zeros o_k, the gradient of
    `importance_weighted_bound(l + o)` is, with the normalised weights w_k = softmax(l)_k,

        sum_k w_k grad l_k      for the decoder, as ever;
        sum_k w_k^2 (dl_k/dz_k) grad z_k      for whatever made z: the encoder.

    Both have the expectation of the gradient of the bound. As samples are added, the noise of the encoder's falls
    faster than its expectation, and that of the ordinary gradient more slowly. For one sample it sticks the landing.

    How: the cotangent that arrives at o_k is w_k (times what is done to the bound), which multiplies the one of z_k.

    Args:
        z: (num_samples, batch, latent_dim) floating point, samples of q(z|x) that `reparameterize` made.

    Returns:
        z as it came, and (num_samples, batch) zeros.

    Source: Tucker, Lawson, Gu and Maddison (2019), "Doubly reparameterized gradient estimators for Monte Carlo
        objectives", the estimator for the importance-weighted bound.
    """
    return z, jnp.zeros(z.shape[:2], z.dtype)


def _forward(z: Samples) -> tuple[tuple[Samples, Weights], None]:
    return doubly_reparameterized(z), None


def _backward(_: None, cotangents: tuple[Samples, Weights]) -> tuple[Samples]:
    of_z, of_zeros = cotangents
    total = of_zeros.sum(axis=0, keepdims=True)
    weights = of_zeros / jnp.where(total == 0, 1, total)
    return (of_z * weights[:, :, None],)


doubly_reparameterized.defvjp(_forward, _backward)
