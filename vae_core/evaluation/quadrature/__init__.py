"""Quadrature over a latent plane: the exact log p(x), and the posterior."""

from vae_core.evaluation.quadrature.exact import ExactLogLikelihood, exact_log_likelihood
from vae_core.evaluation.quadrature.posterior import posterior_on_grid

__all__ = ["ExactLogLikelihood", "exact_log_likelihood", "posterior_on_grid"]
