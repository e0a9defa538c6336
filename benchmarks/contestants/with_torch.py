"""The same model in PyTorch: eager, eager with channels last, or compiled."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn


class VAE(nn.Module):
    """The article's model; `output_padding` makes the transposed convolutions double the size."""

    def __init__(self, size: int, latent_dim: int) -> None:
        super().__init__()
        small, norm = size // 4, {"momentum": 0.01, "eps": 1e-3}
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(8, **norm),
            nn.Conv2d(8, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(16, **norm),
            nn.Flatten(),
            nn.Linear(small * small * 16, 20),
            nn.ReLU(),
            nn.BatchNorm1d(20, **norm),
            nn.Linear(20, 2 * latent_dim),
        )
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, small * small * 16),
            nn.ReLU(),
            nn.BatchNorm1d(small * small * 16, **norm),
            nn.Unflatten(1, (16, small, small)),
            nn.ConvTranspose2d(16, 16, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(16, **norm),
            nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1, output_padding=1),
            nn.ReLU(),
            nn.BatchNorm2d(8, **norm),
            nn.ConvTranspose2d(8, 1, 3, padding=1),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the negative ELBO, averaged over the batch."""
        mean, log_var = self.encoder(x).chunk(2, dim=1)
        logits = self.decoder(mean + torch.exp(log_var / 2) * torch.randn_like(mean))
        cross_entropy = nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        kl = 0.5 * (log_var.exp() + mean.square() - 1 - log_var).sum()
        return (cross_entropy + kl) / len(x)


def make(variant: str, x: np.ndarray, *, batch: int, latent_dim: int) -> Callable[[], float]:
    """Return one epoch over x in a new random order."""
    torch.manual_seed(0)
    model = VAE(x.shape[1], latent_dim)
    data = torch.from_numpy(np.ascontiguousarray(x.transpose(0, 3, 1, 2)))
    if variant == "channels_last":
        model, data = model.to(memory_format=torch.channels_last), data.to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters())
    objective = torch.compile(model) if variant == "compile" else model

    def epoch() -> float:
        total = 0.0
        for rows in torch.randperm(len(data)).view(-1, batch):
            optimizer.zero_grad(set_to_none=True)
            value = objective(data[rows])
            value.backward()
            optimizer.step()
            total += float(value.detach())
        return total * batch / len(data)

    return epoch
