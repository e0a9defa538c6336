"""The evidence lower bound and its two terms."""

from typing import NamedTuple, TypeAlias

import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from vae_core.likelihoods import AnyArray, Bernoulli, Images, Likelihood, Parameters
from vae_core.settings import check_array

Latents: TypeAlias = Float[AnyArray, "batch latent_dim"]


class ElboTerms(NamedTuple):
    """The evidence lower bound and its two terms, each (batch,) nats: elbo = reconstruction - KL.

    Attributes:
        elbo: the bound on log p(x), estimated with the sample that the decoder was given.
        reconstruction_log_likelihood: log p(x|z) at that sample, summed over pixels.
        kl_divergence: KL(q(z|x) || N(0, I)), exact.
    """

    elbo: Float[Array, " batch"]
    reconstruction_log_likelihood: Float[Array, " batch"]
    kl_divergence: Float[Array, " batch"]


def reparameterize(
    posterior_mean: Latents,
    posterior_log_var: Latents,
    epsilon: Float[AnyArray, "*num_samples batch latent_dim"],
) -> Float[Array, "*num_samples batch latent_dim"]:
    """Turn standard-normal noise into a sample of q(z|x): z = mean + exp(log_var / 2) * epsilon.

    Args:
        posterior_mean: (batch, latent_dim) floating point.
        posterior_log_var: (batch, latent_dim) floating point, the logarithm of the variance.
        epsilon: (batch, latent_dim) or (num_samples, batch, latent_dim) floating point, standard normal:
            every example needs its own.

    Returns:
        z with the shape of epsilon.

    Raises:
        ValueError: if the shapes do not agree.

    Source: Kingma and Welling (2014), section 2.4.
    """
    check_same_shape("posterior_mean", posterior_mean, "posterior_log_var", posterior_log_var)
    if epsilon.shape[-posterior_mean.ndim :] != posterior_mean.shape:
        raise ValueError(
            f"epsilon must end in the shape {posterior_mean.shape} of posterior_mean: every example needs "
            f"its own noise. Received: {epsilon.shape}."
        )
    mean = jnp.broadcast_to(posterior_mean, epsilon.shape)
    log_var = jnp.broadcast_to(posterior_log_var, epsilon.shape)
    return mean + jnp.exp(log_var / 2) * epsilon


def kl_divergence(
    posterior_mean: Latents,
    posterior_log_var: Latents,
    *,
    prior_mean: Latents | None = None,
    prior_log_var: Latents | None = None,
) -> Float[Array, " batch"]:
    """KL(q || p) of a diagonal Gaussian q and the standard normal, or a second one, in nats, per example.

    Not `keras.losses.kl_divergence`, which compares categorical probabilities and accepts these arrays
    silently.

    Args:
        posterior_mean: (batch, latent_dim) floating point.
        posterior_log_var: (batch, latent_dim) floating point, the logarithm of the variance.
        prior_mean: the same shape, or None together with prior_log_var for the standard normal.
        prior_log_var: the same shape, the logarithm of the variance, or None.

    Returns:
        (batch,) nats, summed over the latent axis, never below 0 by more than rounding.

    Raises:
        ValueError: if the shapes differ, or only one of the two prior arguments is given.

    Source: Kingma and Welling (2014), appendix B.
    """
    check_same_shape("posterior_mean", posterior_mean, "posterior_log_var", posterior_log_var)
    shift, log_ratio = jnp.asarray(posterior_mean), jnp.asarray(posterior_log_var)
    if prior_mean is None and prior_log_var is None:
        squared_distance = shift**2
    elif prior_mean is None or prior_log_var is None:
        given = "prior_log_var" if prior_mean is None else "prior_mean"
        raise ValueError(f"Give both of prior_mean and prior_log_var, or neither. Received: only {given}.")
    else:
        check_same_shape("posterior_mean", posterior_mean, "prior_mean", prior_mean)
        check_same_shape("posterior_mean", posterior_mean, "prior_log_var", prior_log_var)
        log_ratio = log_ratio - prior_log_var
        squared_distance = (shift - prior_mean) ** 2 * jnp.exp(-jnp.asarray(prior_log_var))
    return 0.5 * jnp.sum(squared_distance + jnp.expm1(log_ratio) - log_ratio, axis=-1)


def elbo(
    x: Images,
    parameters: Parameters,
    posterior_mean: Latents,
    posterior_log_var: Latents,
    *,
    likelihood: Likelihood = Bernoulli(),
) -> ElboTerms:
    """Evidence lower bound of log p(x) from one sample of q(z|x), with its terms, in nats, per example.

    Its average over samples of z never exceeds log p(x); one sample may.

    Args:
        x: (batch, ...) floating point, in the support of the likelihood.
        parameters: (batch, ...) floating point, what the decoder returns at a z drawn from q(z|x).
        posterior_mean: (batch, latent_dim) floating point.
        posterior_log_var: (batch, latent_dim) floating point, the logarithm of the variance.
        likelihood: of `vae_core.likelihoods`: what the parameters mean.

    Raises:
        ValueError: if the shapes do not agree.

    Source: Kingma and Welling (2014), equation 7.
    """
    if len(x) != len(posterior_mean):
        raise ValueError(
            f"x and posterior_mean must hold the same number of examples. Received: {len(x)} and {len(posterior_mean)}."
        )
    reconstruction = likelihood.log_prob(x, parameters)
    divergence = kl_divergence(posterior_mean, posterior_log_var)
    return ElboTerms(reconstruction - divergence, reconstruction, divergence)


def beta_elbo(terms: ElboTerms, beta: float | Float[AnyArray, ""]) -> Float[Array, " batch"]:
    """Reconstruction log-likelihood minus beta times the KL divergence, in nats, per example.

    It is the ELBO for beta = 1, still a lower bound of log p(x) for beta > 1, and no bound for beta < 1.

    Args:
        terms: what `elbo` returns.
        beta: the weight of the KL divergence, at least 0.

    Raises:
        ValueError: if beta is a negative Python number.

    Source: Higgins et al. (2017), equation 4.
    """
    if isinstance(beta, (int, float)) and not beta >= 0:
        raise ValueError(f"beta must be at least 0. Received: {beta}.")
    return jnp.asarray(terms.reconstruction_log_likelihood) - beta * terms.kl_divergence


def check_same_shape(first_name: str, first: AnyArray, second_name: str, second: AnyArray) -> None:
    """Check that two arrays have one shape.

    Raises:
        TypeError: if one of them is no array.
        ValueError: if they differ.
    """
    check_array(first_name, first)
    check_array(second_name, second)
    if first.shape != second.shape:
        raise ValueError(
            f"{first_name} and {second_name} must share one shape. Received: {first.shape}, {second.shape}."
        )
