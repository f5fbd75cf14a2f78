"""The places that animals are drawn in and the things that stand there, as data."""

from dataclasses import dataclass

import numpy as np

from fastcnn.data.sample.noise import Array
from fastcnn.data.sample.outlines import box, oval


@dataclass(frozen=True)
class Surface:
    """How a wall, a floor or the ground looks."""

    colour: tuple[float, float, float]
    """Mean red, green and blue, 0 to 1."""
    grain: tuple[float, float]
    """Size of the noise across and down, pixels."""
    strength: float
    """Deviation of the noise, as a share of the colour."""
    joints: tuple[float, float] = (0.0, 0.0)
    """Distance of the dark lines across and down, pixels; 0 for none."""


WALL = Surface((0.78, 0.73, 0.64), (24, 24), 0.03)
WALLPAPER = Surface((0.62, 0.68, 0.66), (9, 9), 0.03, (22, 0))
TILED = Surface((0.80, 0.84, 0.84), (20, 20), 0.03, (34, 34))
BRICKS = Surface((0.60, 0.38, 0.30), (5, 3), 0.10, (30, 13))
PLANKS = Surface((0.58, 0.41, 0.26), (40, 2), 0.09, (0, 26))
CARPET = Surface((0.56, 0.40, 0.42), (2, 2), 0.10)
SHEET = Surface((0.72, 0.76, 0.82), (30, 9), 0.07)
SKY = Surface((0.66, 0.80, 0.93), (50, 16), 0.06)
GRASS = Surface((0.42, 0.56, 0.22), (2, 8), 0.16)
LEAVES = Surface((0.27, 0.41, 0.19), (8, 7), 0.26)
SAND = Surface((0.86, 0.76, 0.57), (2, 1), 0.05)
SEA = Surface((0.30, 0.56, 0.67), (24, 2), 0.10)
PAVING = Surface((0.58, 0.57, 0.56), (2, 2), 0.05, (48, 30))
SNOW = Surface((0.92, 0.94, 0.97), (30, 12), 0.03)
EARTH = Surface((0.46, 0.35, 0.25), (4, 3), 0.14)

PLACES: tuple[tuple[Surface, Surface, tuple[str, ...]], ...] = (
    (WALL, PLANKS, ("window", "frame", "lamp", "plant", "ball", "crate", "books")),
    (WALLPAPER, CARPET, ("sofa", "frame", "lamp", "cushion", "ball", "books")),
    (TILED, PLANKS, ("window", "crate", "bowl", "plant", "bowl")),
    (WALL, SHEET, ("frame", "cushion", "cushion", "lamp", "books")),
    (WALLPAPER, SHEET, ("sofa", "sofa", "cushion", "cushion", "ball")),
    (SKY, GRASS, ("tree", "bush", "flower", "fence", "flower", "stone")),
    (LEAVES, GRASS, ("bush", "flower", "tree", "stone", "ball")),
    (LEAVES, EARTH, ("tree", "tree", "stone", "bush")),
    (SEA, SAND, ("parasol", "bucket", "ball", "stone")),
    (SKY, SAND, ("parasol", "stone", "bucket", "fence")),
    (BRICKS, PAVING, ("window", "crate", "plant", "post", "bucket")),
    (SKY, PAVING, ("house", "house", "post", "tree")),
    (SKY, SNOW, ("tree", "house", "fence", "stone")),
)
"""Wall or far view, ground, and the things that may stand there."""

GREEN, WOOD, DARK, PALE = (0.24, 0.42, 0.18), (0.45, 0.31, 0.2), (0.2, 0.2, 0.22), (0.9, 0.92, 0.9)
ANY = (-1.0, -1.0, -1.0)
"""Stands for a random colour, the same for all such parts of one thing."""

Thing = tuple[float, tuple[tuple[Array, tuple[float, float, float]], ...]]
"""Height, and outlines (points, 2) with their colours."""

THINGS: dict[str, Thing] = {
    "ball": (0.18, ((oval(0, -0.5, 0.5, 0.5), ANY), (oval(-0.1, -0.55, 0.16, 0.44), PALE))),
    "crate": (0.36, ((box(-0.6, -0.8, 0.6, 0), WOOD), (box(-0.5, -0.46, 0.5, -0.36), DARK))),
    "books": (0.2, ((box(-0.8, -0.3, 0.7, 0), ANY), (box(-0.6, -0.55, 0.8, -0.3), PALE),
                    (box(-0.7, -0.85, 0.6, -0.55), ANY))),
    "plant": (0.5, ((oval(-0.2, -0.75, 0.12, 0.3), GREEN), (oval(0.2, -0.7, 0.13, 0.3), GREEN),
                    (oval(0, -0.8, 0.1, 0.4), GREEN), (box(-0.2, -0.4, 0.2, 0), ANY))),
    "lamp": (0.7, ((box(-0.03, -0.7, 0.03, 0), DARK), (oval(0, -0.02, 0.16, 0.04), DARK),
                   (np.array([(-0.14, -1), (0.14, -1), (0.26, -0.66), (-0.26, -0.66)]), ANY))),
    "window": (0.6, ((box(-0.45, -1.3, 0.45, -0.3), PALE), (box(-0.4, -1.25, -0.03, -0.35), ANY),
                     (box(0.03, -1.25, 0.4, -0.35), ANY))),
    "frame": (0.34, ((box(-0.5, -1.7, 0.5, -0.9), WOOD), (box(-0.42, -1.62, 0.42, -0.98), PALE),
                     (oval(0, -1.25, 0.25, 0.2), ANY))),
    "sofa": (0.75, ((box(-1, -0.9, 1, 0.1), ANY), (oval(-1, -0.3, 0.22, 0.42), ANY),
                    (oval(1, -0.3, 0.22, 0.42), ANY), (box(-0.02, -0.85, 0.01, 0), DARK))),
    "cushion": (0.3, ((oval(0, -0.45, 0.7, 0.5), ANY), (oval(0, -0.45, 0.2, 0.14), PALE))),
    "bowl": (0.14, ((np.array([(-0.8, -0.6), (0.8, -0.6), (1, 0), (-1, 0)]), ANY),
                    (oval(0, -0.6, 0.8, 0.16), WOOD))),
    "tree": (0.9, ((box(-0.08, -0.6, 0.08, 0.05), WOOD), (oval(-0.2, -0.8, 0.32, 0.26), GREEN),
                   (oval(0.2, -0.75, 0.3, 0.26), GREEN), (oval(0, -1, 0.3, 0.25), GREEN))),
    "bush": (0.34, ((oval(-0.4, -0.3, 0.5, 0.36), GREEN), (oval(0.4, -0.35, 0.5, 0.42), GREEN))),
    "flower": (0.2, ((box(-0.03, -0.8, 0.03, 0), GREEN), (oval(-0.17, -0.85, 0.17, 0.13), ANY),
                     (oval(0.17, -0.85, 0.17, 0.13), ANY), (oval(0, -0.85, 0.1, 0.1), PALE))),
    "fence": (0.36, ((box(-1, -0.8, -0.8, 0), PALE), (box(-0.1, -0.8, 0.1, 0), PALE),
                     (box(0.8, -0.8, 1, 0), PALE), (box(-1.2, -0.6, 1.2, -0.45), PALE))),
    "stone": (0.16, ((oval(0, -0.35, 0.8, 0.4), (0.5, 0.49, 0.47)),)),
    "parasol": (0.8, ((box(-0.02, -0.8, 0.02, 0), PALE),
                      (np.array([(-0.5, -0.72), (-0.2, -1), (0.2, -1), (0.5, -0.72)]), ANY))),
    "bucket": (0.2, ((np.array([(-0.45, -0.8), (0.45, -0.8), (0.32, 0), (-0.32, 0)]), ANY),
                     (oval(0, -0.8, 0.45, 0.1), DARK))),
    "post": (0.9, ((box(-0.05, -1.2, 0.05, 0), DARK), (oval(0, -1.2, 0.12, 0.1), PALE))),
    "house": (0.7, ((box(-0.5, -0.8, 0.5, 0), ANY), (box(-0.3, -0.6, -0.1, -0.3), DARK),
                    (np.array([(-0.6, -0.8), (0, -1.2), (0.6, -0.8)]), (0.5, 0.25, 0.2)),
                    (box(0.1, -0.6, 0.3, -0.3), DARK))),
}  # fmt: skip
"""Height of each thing as a share of the picture's, and its parts; (0, 0) stands on the ground."""

IN_FRONT = ("crate", "cushion", "plant", "bush", "ball", "books", "bucket", "flower", "stone")
"""Things that may stand before the subject, at the lower edge."""
