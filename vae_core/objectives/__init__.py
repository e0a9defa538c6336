"""What a variational autoencoder maximises: pure functions of arrays, in nats, one value per example.

Nothing here draws a random number, holds a weight or averages over the batch. NumPy and JAX arrays of any
floating type are accepted, eagerly or under `jit`, `grad` and `vmap`.
"""

from vae_core.objectives.bound import ElboTerms, beta_elbo, elbo, kl_divergence, reparameterize
from vae_core.objectives.importance import doubly_reparameterized, importance_weighted_bound, log_weights

__all__ = [
    "ElboTerms",
    "beta_elbo",
    "doubly_reparameterized",
    "elbo",
    "importance_weighted_bound",
    "kl_divergence",
    "log_weights",
    "reparameterize",
]
