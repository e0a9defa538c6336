"""The models that are trained over an encoder and a decoder."""

from vae_core.models.autoencoders import VAE, Autoencoder, AutoencoderOutput, VAEOutput
from vae_core.models.warm_up import KLWarmUp

__all__ = ["VAE", "Autoencoder", "AutoencoderOutput", "KLWarmUp", "VAEOutput"]
