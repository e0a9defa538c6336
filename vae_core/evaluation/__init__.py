"""How good a variational autoencoder is: bounds on log p(x), its exact value in the plane, gaps, codes, regularity."""

from vae_core.evaluation.bounds import (
    ElboEstimate,
    ImportanceWeightedEstimate,
    evaluate_elbo,
    importance_weighted_log_likelihood,
)
from vae_core.evaluation.quadrature import ExactLogLikelihood, exact_log_likelihood, posterior_on_grid

__all__ = [
    "ElboEstimate",
    "ExactLogLikelihood",
    "ImportanceWeightedEstimate",
    "evaluate_elbo",
    "exact_log_likelihood",
    "importance_weighted_log_likelihood",
    "posterior_on_grid",
]
