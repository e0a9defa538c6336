"""How good a variational autoencoder is: bounds on log p(x), its exact value in the plane, gaps, codes, regularity."""

from vae_core.evaluation.bounds import (
    ElboEstimate,
    ImportanceWeightedEstimate,
    evaluate_elbo,
    importance_weighted_log_likelihood,
)
from vae_core.evaluation.codes import ActiveUnits, RateDistortion, active_units, rate_distortion
from vae_core.evaluation.gaps import InferenceGaps, inference_gaps
from vae_core.evaluation.posterior import posterior_on_grid
from vae_core.evaluation.quadrature import ExactLogLikelihood, exact_log_likelihood
from vae_core.evaluation.regularity import LatentRegularity, latent_regularity

__all__ = [
    "ActiveUnits",
    "ElboEstimate",
    "ExactLogLikelihood",
    "ImportanceWeightedEstimate",
    "InferenceGaps",
    "LatentRegularity",
    "RateDistortion",
    "active_units",
    "evaluate_elbo",
    "exact_log_likelihood",
    "importance_weighted_log_likelihood",
    "inference_gaps",
    "latent_regularity",
    "posterior_on_grid",
    "rate_distortion",
]
