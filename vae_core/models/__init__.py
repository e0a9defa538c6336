"""The article's networks, and the models that are trained over them."""

from vae_core.models.autoencoders import VAE, Autoencoder, AutoencoderOutput, VAEOutput
from vae_core.models.networks import build_decoder, build_encoder

__all__ = ["VAE", "Autoencoder", "AutoencoderOutput", "VAEOutput", "build_decoder", "build_encoder"]
