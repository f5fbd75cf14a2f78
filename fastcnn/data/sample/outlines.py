"""Outlines of shapes, as arrays of points (points, 2), and where on a canvas they lie."""

import numpy as np
from numpy.random import Generator

from fastcnn.data.sample.noise import Array

_TURN = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def oval(x: float, y: float, across: float, down: float) -> Array:
    """Outline (24, 2) of an ellipse with the given centre and radii."""
    return np.asarray(_CIRCLE * (across, down) + (x, y))


def box(left: float, top: float, right: float, bottom: float) -> Array:
    """Outline (4, 2) of a rectangle."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


class Frame:
    """Where a part lies: turns its own units into pixels and back."""

    def __init__(self, origin: Array, matrix: Array) -> None:
        """`origin` (2,) in pixels, `matrix` (2, 2) pixels per unit."""
        self.origin, self.matrix = origin, matrix
        (a, b), (c, d) = matrix.tolist()
        scale = 1.0 / (a * d - b * c)
        self.inverse = (d * scale, -b * scale, -c * scale, a * scale)

    def place(self, points: Array) -> Array:
        """Own units (points, 2) in pixels."""
        return np.asarray(points @ self.matrix.T + self.origin)

    def local(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Pixel positions, as a paint gets them, in own units (rows, columns)."""
        right, down = x - float(self.origin[0]), y - float(self.origin[1])
        a, b, c, d = self.inverse
        return a * right + b * down, c * right + d * down

    def inner(self, x: float, y: float, angle: float, scale: float) -> "Frame":
        """A frame inside this one: moved by (x, y) own units, turned (radians) and scaled."""
        return Frame(self.place(np.array([x, y])), self.matrix @ rotation(angle) * scale)


def rotation(angle: float) -> Array:
    """The matrix (2, 2) that turns by `angle`, radians."""
    return np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])


_SHARE = np.linspace(0.0, 1.0, 6, endpoint=False)[:, None]
_CATMULL_ROM = (
    0.5
    * (_SHARE ** np.arange(4.0))
    @ np.array(
        [
            [0.0, 2.0, 0.0, 0.0],
            [-1.0, 0.0, 1.0, 0.0],
            [2.0, -5.0, 4.0, -1.0],
            [-1.0, 3.0, -3.0, 1.0],
        ]
    )
)


def smooth(points: Array) -> Array:
    """A closed smooth curve (6 x points, 2) through the points (points, 2)."""
    neighbours = (np.arange(len(points))[:, None] + np.arange(-1, 3)) % len(points)
    return np.asarray((_CATMULL_ROM @ points[neighbours]).reshape(-1, 2))


def ribbon(path: Array, widths: Array) -> Array:
    """Outline (2 x points, 2) of a band along the path (points, 2), half `widths` (points,)."""
    along = np.empty_like(path)
    along[1:-1] = path[2:] - path[:-2]
    along[0], along[-1] = path[1] - path[0], path[-1] - path[-2]
    along = along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    aside = along[:, ::-1] * (-1.0, 1.0) * widths[:, None]
    return np.concatenate([path + aside, (path - aside)[::-1]])


def limb(start: Array, end: Array, start_radius: float, end_radius: float) -> Array:
    """Outline (60, 2) of a rounded limb between two points (2,)."""
    share = np.array([-0.04, 0.1, 0.5, 0.9, 1.04])[:, None]
    widths = np.array([0.5, 1.0, 0.0, 0.0, 0.0]) * start_radius
    widths += np.array([0.0, 0.0, 0.55, 1.0, 0.6]) * end_radius
    widths[2] += 0.45 * start_radius
    return smooth(ribbon(start + (end - start) * share, widths))


def tufted(outline: Array, reach: float, random: Generator) -> Array:
    """The outline (points, 2) with tufts of hair that stand out by up to about `reach`."""
    if not reach:
        return outline
    away = outline - outline.mean(axis=0)
    away = away / np.linalg.norm(away, axis=1, keepdims=True)
    tufts = np.resize([0.0, 0.7, 1.0], len(outline)) * random.uniform(0.4, 1.3, len(outline))
    return np.asarray(outline + away * (tufts * reach)[:, None])
