"""The article's networks, and the models that are trained over them."""

from vae_core.models.autoencoders import VAE, Autoencoder, AutoencoderOutput, VAEOutput
from vae_core.models.classifier import build_classifier
from vae_core.models.named import MODEL_NAMES, build_model, check_model_name, networks_of
from vae_core.models.networks import build_decoder, build_encoder

__all__ = [
    "MODEL_NAMES",
    "VAE",
    "Autoencoder",
    "AutoencoderOutput",
    "VAEOutput",
    "build_classifier",
    "build_decoder",
    "build_encoder",
    "build_model",
    "check_model_name",
    "networks_of",
]
