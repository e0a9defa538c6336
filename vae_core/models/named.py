"""The models of the book by name."""

from typing import Any

import keras

from vae_core.models.autoencoders import VAE, Autoencoder
from vae_core.models.classifier import build_classifier
from vae_core.models.networks import build_decoder, build_encoder

MODEL_NAMES = ("vae", "autoencoder", "noisy-autoencoder", "classifier")


def build_model(
    name: str,
    *,
    latent_dim: int = 2,
    beta: float = 1.0,
    likelihood: str = "bernoulli",
    variance: float | None = None,
    seed: int | None = None,
    kernel_initializer: str = "glorot_uniform",
    learning_rate: float = 1e-3,
) -> keras.Model:
    """Build and compile a model of the book.

    Args:
        name: "vae"; "autoencoder", the same networks with neither noise nor KL divergence; "noisy-autoencoder", with
            the noise and without the KL divergence (a VAE with beta=0); "classifier", which tells digits apart.
        latent_dim: of the first three.
        beta: of the VAE.
        likelihood: of the first three, as in `VAE`.
        variance: of the first three, as in `VAE`.
        seed: of the sampling of z. The weights come from Keras' global seed, as always.
        kernel_initializer: as of `build_encoder`.
        learning_rate: of Adam, whose other settings are Keras' own.

    Raises:
        ValueError: for an unknown name or a setting that the model refuses.
    """
    check_model_name(name)
    model: keras.Model
    optimizer = keras.optimizers.Adam(learning_rate)
    if name == "classifier":
        model = build_classifier(kernel_initializer=kernel_initializer)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(optimizer=optimizer, loss=loss, metrics=["accuracy"])
        return model
    settings: dict[str, Any] = {"likelihood": likelihood, "variance": variance}
    networks = (
        build_encoder(latent_dim, kernel_initializer=kernel_initializer),
        build_decoder(latent_dim, kernel_initializer=kernel_initializer),
    )
    if name == "autoencoder":
        model = Autoencoder(*networks, **settings)
    else:
        model = VAE(*networks, beta=beta if name == "vae" else 0.0, seed=seed, **settings)
    model.compile(optimizer=optimizer)
    return model


def networks_of(model: keras.Model) -> dict[str, keras.Model]:
    """Return the networks of a model by name: encoder and decoder, or the classifier itself."""
    if isinstance(model, Autoencoder):
        return {"encoder": model.encoder, "decoder": model.decoder}
    return {model.name: model}


def check_model_name(name: str) -> None:
    """Raise a ValueError for a name that `build_model` does not know."""
    if name not in MODEL_NAMES:
        raise ValueError(f"The model must be one of {', '.join(MODEL_NAMES)}. Received: {name!r}.")
