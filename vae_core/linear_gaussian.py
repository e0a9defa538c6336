"""The linear variational autoencoder, which is probabilistic PCA: evidence, posterior and gaps in closed form.

z ~ N(0, I) in latent_dim dimensions and x | z ~ N(W z + mean, c I) in data_dim dimensions. Every quantity that a
network only estimates has a formula here, so it is the oracle of the tests and the toy of the theory chapters.
All functions are pure, run under `jit`, `grad` and `vmap`, and compute in the floating type of their arguments:
enable float64 (`jax.enable_x64`) for identities to the ninth digit.

Source: Tipping and Bishop (1999), "Probabilistic principal component analysis"; Lucas et al. (2019) for its
reading as a linear VAE.
"""

from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, PRNGKeyArray, UInt32

from vae_core.likelihoods import AnyArray
from vae_core.settings import check_array, check_integer

Data: TypeAlias = Float[AnyArray, "batch data_dim"]
Codes: TypeAlias = Float[AnyArray, "batch latent_dim"]
Covariance: TypeAlias = Float[AnyArray, "*batch latent_dim latent_dim"]


class LinearGaussian(NamedTuple):
    """The parameters of x = W z + mean + sqrt(c) noise.

    Attributes:
        weights: W, (data_dim, latent_dim) floating point.
        mean: (data_dim,) floating point.
        variance: c > 0, scalar: the variance of the noise in each direction of x.
    """

    weights: Float[AnyArray, "data_dim latent_dim"]
    mean: Float[AnyArray, " data_dim"]
    variance: Float[AnyArray, ""]


class Posterior(NamedTuple):
    """The exact Gaussian p(z|x) = N(mean, covariance).

    Attributes:
        mean: (batch, latent_dim).
        covariance: (latent_dim, latent_dim), the same for every x.
    """

    mean: Float[Array, "batch latent_dim"]
    covariance: Float[Array, "latent_dim latent_dim"]


class Sample(NamedTuple):
    """Draws from the joint distribution: x (n, data_dim) and the z (n, latent_dim) that each came from."""

    x: Float[Array, "n data_dim"]
    z: Float[Array, "n latent_dim"]


def fit(x: Data, latent_dim: int) -> LinearGaussian:
    """Return the maximum-likelihood model, with the principal axes as the columns of its weights.

    c is the mean of the discarded eigenvalues of the sample covariance, and W = U (Lambda - c I)^(1/2) from the
    kept ones. Any rotation of the latent axes (`rotate`) has the same likelihood.

    Args:
        x: (n, data_dim) floating point, n > data_dim.
        latent_dim: from 1 to data_dim - 1.

    Raises:
        TypeError: if x is no array, or latent_dim no integer.
        ValueError: if latent_dim or n is out of range, or x holds NaN or infinite numbers, which only an array that is
            not being traced by JAX can tell.

    Source: Tipping and Bishop (1999), equations 7 and 8.
    """
    check_array("x", x)
    check_integer("latent_dim", latent_dim)
    count, data_dim = x.shape
    if not 1 <= latent_dim < data_dim:
        raise ValueError(f"latent_dim must be from 1 to {data_dim - 1} for x of {x.shape}. Received: {latent_dim}.")
    if count <= data_dim:
        raise ValueError(f"x must hold more rows than its {data_dim} columns. Received: {count} rows.")
    if not isinstance(x, jax.core.Tracer) and not jnp.isfinite(x).all():
        raise ValueError(f"x must hold finite numbers. Received: {int((~jnp.isfinite(x)).sum())} that are not.")
    mean = jnp.asarray(x).mean(axis=0)
    centred = x - mean[None]
    eigenvalues, axes = jnp.linalg.eigh(centred.T @ centred / count)
    variance = eigenvalues[: data_dim - latent_dim].mean()
    kept, axes = eigenvalues[::-1][:latent_dim], axes[:, ::-1][:, :latent_dim]
    return LinearGaussian(axes * jnp.sqrt(kept - variance)[None], mean, variance)


def rotate(model: LinearGaussian, rotation: Float[AnyArray, "latent_dim latent_dim"]) -> LinearGaussian:
    """Return the model with weights W R: the same evidence, but latent axes that a diagonal q may not fit.

    Args:
        model: of any size.
        rotation: R, (latent_dim, latent_dim) orthogonal.
    """
    return model._replace(weights=model.weights @ rotation)


def sample(model: LinearGaussian, n: int, key: PRNGKeyArray | UInt32[Array, "2"]) -> Sample:
    """Draw n pairs (x, z) from the joint distribution.

    Args:
        model: of any size.
        n: number of draws.
        key: from `jax.random.key`.
    """
    data_dim, latent_dim = model.weights.shape
    latent_key, noise_key = jax.random.split(key)
    z = jax.random.normal(latent_key, (n, latent_dim), model.weights.dtype)
    noise = jax.random.normal(noise_key, (n, data_dim), model.weights.dtype)
    return Sample(decode(model, z) + jnp.sqrt(model.variance) * noise, z)


def decode(model: LinearGaussian, z: Codes) -> Float[Array, "batch data_dim"]:
    """Return the mean W z + mean of p(x|z), (batch, data_dim)."""
    return jnp.asarray(z) @ jnp.asarray(model.weights).T + model.mean[None]


def log_evidence(model: LinearGaussian, x: Data) -> Float[Array, " batch"]:
    """Return log p(x) = log N(x; mean, W W^T + c I), (batch,) nats, without a data_dim-sized inverse."""
    data_dim, latent_dim = model.weights.shape
    residual = x - jnp.asarray(model.mean)[None]
    squared_length = (residual**2).sum(axis=1) - (posterior(model, x).mean * (residual @ model.weights)).sum(axis=1)
    log_determinant = (data_dim - latent_dim) * jnp.log(model.variance) + _log_determinant(_m(model))
    return -0.5 * (data_dim * jnp.log(2 * jnp.pi) + log_determinant + squared_length / model.variance)


def posterior(model: LinearGaussian, x: Data) -> Posterior:
    """Return p(z|x) = N(M^-1 W^T (x - mean), c M^-1), with M = W^T W + c I."""
    inverse = jnp.linalg.inv(_m(model))
    residual = x - jnp.asarray(model.mean)[None]
    return Posterior(residual @ model.weights @ inverse, model.variance * inverse)


def elbo(model: LinearGaussian, x: Data, mean: Codes, covariance: Covariance) -> Float[Array, " batch"]:
    """Return the exact evidence lower bound of any Gaussian q(z|x) = N(mean, covariance), (batch,) nats.

    Args:
        model: of any size.
        x: (batch, data_dim) floating point.
        mean: (batch, latent_dim) floating point.
        covariance: (latent_dim, latent_dim) for every x alike, or (batch, latent_dim, latent_dim); positive definite.
    """
    data_dim, latent_dim = model.weights.shape
    squared_error = ((x - decode(model, mean)) ** 2).sum(axis=1)
    spread = jnp.trace(model.weights.T @ model.weights @ covariance, axis1=-2, axis2=-1)
    reconstruction = -0.5 * (
        data_dim * jnp.log(2 * jnp.pi * model.variance) + (squared_error + spread) / model.variance
    )
    trace = jnp.trace(jnp.asarray(covariance), axis1=-2, axis2=-1)
    divergence = 0.5 * (trace + (mean**2).sum(axis=1) - latent_dim - _log_determinant(covariance))
    return reconstruction - divergence


def best_diagonal_posterior(model: LinearGaussian, x: Data) -> Posterior:
    """Return the q(z|x) of diagonal covariance with the largest ELBO: the exact mean, and variances c / M_ii."""
    return Posterior(posterior(model, x).mean, jnp.diag(model.variance / jnp.diag(_m(model))))


def diagonal_gap(model: LinearGaussian) -> Float[Array, ""]:
    """Return log p(x) minus the ELBO of the best diagonal q, in nats; the same for every x.

    It is half of (ln det(c M^-1) - sum_i ln v_i) with v_i = c / M_ii, never negative by Hadamard's inequality: zero
    where M is diagonal, as it is for the principal axes, and positive for a rotated model.
    """
    m = _m(model)
    return 0.5 * (jnp.log(jnp.diag(m)).sum() - _log_determinant(m))


def _m(model: LinearGaussian) -> Float[Array, "latent_dim latent_dim"]:
    weights = jnp.asarray(model.weights)
    return weights.T @ weights + model.variance * jnp.eye(weights.shape[1], dtype=weights.dtype)


def _log_determinant(matrix: Covariance) -> Float[Array, "*batch"]:
    log_determinant: Array = jnp.linalg.slogdet(jnp.asarray(matrix)).logabsdet
    return log_determinant
