"""Figures are drawn in the house style and in memory, and closed after each test."""

import matplotlib.pyplot as plt
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def headless():
    plt.switch_backend("agg")
    with plt.style.context("vae_core.house"):
        yield
    plt.close("all")


@pytest.fixture
def drawn():
    """From an Axes to the pixels of its figure, (height, width, 4)."""

    def draw(ax):
        ax.figure.canvas.draw()
        return np.asarray(ax.figure.canvas.buffer_rgba())

    return draw
