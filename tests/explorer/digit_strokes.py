"""Digits as a hand draws them: strokes with another slant, proportion and tremor each time."""

import numpy as np


def arc(x, y, radius_x, radius_y, start, stop, count=16):
    """Points along a part of an ellipse; angles in degrees, clockwise on a page, from the right."""
    angle = np.radians(np.linspace(start, stop, count))
    return np.stack([x + radius_x * np.cos(angle), y + radius_y * np.sin(angle)], axis=1)


def joined(*parts):
    return np.concatenate([np.asarray(part, float) for part in parts])


# Each in a box about 1 high.
DIGITS = {
    0: [arc(0.3, 0.5, 0.28, 0.5, -90, 270, 30)],
    1: [[(0.3, 0.0), (0.3, 0.5), (0.3, 1.0)]],
    2: [joined(arc(0.3, 0.27, 0.27, 0.27, -170, 50), [(0.02, 0.97), (0.62, 0.97)])],
    3: [joined(arc(0.27, 0.25, 0.27, 0.25, -150, 90), arc(0.27, 0.75, 0.3, 0.25, -90, 150))],
    4: [[(0.1, 0.0), (0.06, 0.5), (0.6, 0.5)], [(0.55, 0.0), (0.5, 1.0)]],
    5: [joined([(0.55, 0.0), (0.1, 0.0), (0.08, 0.45)], arc(0.27, 0.68, 0.3, 0.3, -100, 140))],
    6: [joined([(0.42, 0.0), (0.15, 0.35)], arc(0.3, 0.72, 0.24, 0.27, -180, 180, 24))],
    7: [[(0.0, 0.02), (0.58, 0.02), (0.4, 0.45), (0.25, 1.0)]],
    8: [joined(arc(0.3, 0.25, 0.22, 0.24, 90, -270, 20), arc(0.3, 0.75, 0.27, 0.26, -90, 270, 24))],
    9: [joined(arc(0.3, 0.27, 0.24, 0.26, 0, -360, 20), [(0.54, 0.4), (0.5, 0.7), (0.44, 1.0)])],
}


def draw(digit, rng, *, height, middle):
    """Return the strokes of a digit: `height` tall, around the point `middle`, both in the pad's unit."""
    slant, stretch, turn = rng.normal(0.12, 0.12), rng.normal(1.0, 0.12), rng.normal(0, 0.06)
    shear = np.array([[stretch, 0], [-slant, 1]]) @ [[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]]
    strokes = []
    for stroke in DIGITS[digit]:
        points = np.asarray(stroke, float) + rng.normal(0, 0.012, np.shape(stroke))
        strokes.append((points - [0.3, 0.5]) @ shear)
    every = np.concatenate(strokes)
    scale = height / np.ptp(every[:, 1])
    return [(stroke - every.mean(axis=0)) * scale + middle for stroke in strokes]
