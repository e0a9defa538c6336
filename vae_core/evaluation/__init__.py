"""How good a model is: bounds on log p(x), its exact value in the plane, gaps, codes, and the images it makes up."""

from vae_core.evaluation.aggregate import aggregate_on_grid
from vae_core.evaluation.bounds import ElboEstimate, ImportanceWeightedEstimate, elbo, importance_weighted_bound
from vae_core.evaluation.codes import ActiveUnits, active_units
from vae_core.evaluation.frechet import frechet_distance
from vae_core.evaluation.gaps import InferenceGaps, inference_gaps
from vae_core.evaluation.generation import GenerationQuality, generation_quality
from vae_core.evaluation.model import BareModel
from vae_core.evaluation.quadrature import ExactLogLikelihood, exact_log_likelihood, posterior_on_grid

__all__ = [
    "ActiveUnits",
    "BareModel",
    "ElboEstimate",
    "ExactLogLikelihood",
    "GenerationQuality",
    "ImportanceWeightedEstimate",
    "InferenceGaps",
    "active_units",
    "aggregate_on_grid",
    "elbo",
    "exact_log_likelihood",
    "frechet_distance",
    "generation_quality",
    "importance_weighted_bound",
    "inference_gaps",
    "posterior_on_grid",
]
