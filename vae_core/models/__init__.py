"""The models that are trained over an encoder and a decoder."""

from vae_core.models.autoencoders import VAE, Autoencoder, AutoencoderOutput, VAEOutput
from vae_core.models.conditional import ConditionalVAE
from vae_core.models.importance_weighted import IWAE, IWAEOutput
from vae_core.models.vector_quantized import VQVAE, CodebookRestart, VQVAEOutput
from vae_core.models.warm_up import KLWarmUp

__all__ = [
    "IWAE",
    "VAE",
    "VQVAE",
    "Autoencoder",
    "AutoencoderOutput",
    "CodebookRestart",
    "ConditionalVAE",
    "IWAEOutput",
    "KLWarmUp",
    "VAEOutput",
    "VQVAEOutput",
]
