"""Checks of what a caller passes in. Each error says what was expected and what was received."""

from typing import Any

import numpy as np

IMAGE_SHAPE = (28, 28, 1)


def check_image_spec(images: Any, *, name: str = "images") -> None:
    """Check shape and dtype of a batch of grey images; works on traced and symbolic arrays too.

    Args:
        images: expected to be (batch, 28, 28, 1), floating point.
        name: what the caller calls the array; it begins the message.

    Raises:
        TypeError: if the pixels are not floating-point numbers.
        ValueError: if the shape is another one.
    """
    if tuple(images.shape[1:]) != IMAGE_SHAPE:
        raise ValueError(f"{name} must have shape (batch, 28, 28, 1). Received: {tuple(images.shape)}.")
    if "float" not in str(images.dtype):
        raise TypeError(
            f"{name} must hold floating-point pixels in [0, 1]. Received dtype: {images.dtype}. "
            "Divide 8-bit pixels by 255, as vae_core.load_mnist does."
        )


def check_images(images: Any, *, name: str = "images") -> None:
    """Check shape, dtype and values of a batch of grey images in memory.

    Args:
        images: expected to be (batch, 28, 28, 1), floating point, every pixel in [0, 1].
        name: what the caller calls the array; it begins the message.

    Raises:
        TypeError: if the pixels are not floating-point numbers.
        ValueError: if the shape is another one, the batch is empty, or a pixel is NaN, infinite or outside [0, 1].
    """
    images = np.asarray(images)
    check_image_spec(images, name=name)
    if images.size == 0:
        raise ValueError(f"{name} must hold at least one image. Received: {images.shape}.")
    low, high = images.min(), images.max()
    if np.isnan(low):
        count = int(np.isnan(images).sum())
        raise ValueError(f"{name} must hold pixels in [0, 1]. Received: {count} NaN among {images.size} pixels.")
    if low < 0 or high > 1:
        raise ValueError(f"{name} must hold pixels in [0, 1]. Received: values from {low:g} to {high:g}.")
