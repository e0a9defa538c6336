"""Widgets that are alive in a notebook and in the static page alike, where no kernel runs."""

from vae_core.explorer.frame_slider import FrameSlider

__all__ = ["FrameSlider"]
