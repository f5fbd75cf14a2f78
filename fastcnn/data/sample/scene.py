"""The canvas and the tools to draw on it: noise, outlines, shaded shapes."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Array = NDArray[np.floating[Any]]
Paint = Callable[[Array, Array], "Coating"]
"""Gives the colours of an area at pixel positions x (1, columns) and y (rows, 1)."""

SMALL = 13
"""Shapes narrower than this, pixels, are not shaded: it would cost time and not be seen."""

BRIGHTEST = 1.3
"""The most that brightness may raise a colour."""

TILE = 512
"""Side of a noise tile, pixels; a power of two, for cheap wrapping."""

FREE = TILE - 320
"""How far a window of a picture's size may be moved in a tile, pixels."""


@cache
def noise_tile(across: float, down: float, seed: int) -> Array:
    """Periodic noise (512, 512), mean 0, deviation 1, smooth over `across` x `down` pixels."""
    white = np.random.default_rng(seed).standard_normal((TILE, TILE))
    rows, columns = np.fft.fftfreq(TILE)[:, None], np.fft.rfftfreq(TILE)[None, :]
    keep = np.exp(-19.7 * ((columns * across) ** 2 + (rows * down) ** 2))
    tile = np.fft.irfft2(np.fft.rfft2(white) * keep, (TILE, TILE))
    return np.asarray((tile - tile.mean()) / tile.std(), dtype=np.float32)


@cache
def spot_tile() -> Array:
    """Distance (512, 512) to the nearest of many scattered points, pixels; periodic."""
    random, cells, step = np.random.default_rng(5), 16, 32.0
    grid = np.stack(np.meshgrid(np.arange(cells), np.arange(cells)), axis=-1).reshape(-1, 2)
    centres = (grid + random.uniform(0.1, 0.9, grid.shape)) * step
    nearest = np.full((TILE, TILE), np.inf)
    x, y = np.arange(TILE)[None, :], np.arange(TILE)[:, None]
    for centre_x, centre_y in centres:
        apart_x, apart_y = np.abs(x - centre_x), np.abs(y - centre_y)
        apart_x, apart_y = np.minimum(apart_x, TILE - apart_x), np.minimum(apart_y, TILE - apart_y)
        nearest = np.minimum(nearest, np.hypot(apart_x, apart_y))
    return np.asarray(nearest, dtype=np.float32)


def look_up(tile: Array, x: Array, y: Array) -> Array:
    """The tile's values at pixel positions that may lie outside it (it repeats)."""
    return np.asarray(tile[y.astype(np.int32) & (TILE - 1), x.astype(np.int32) & (TILE - 1)])


def window(tile: Array, x: Array, y: Array, shift: NDArray[Any]) -> Array:
    """The tile's values at the pixel positions that a paint gets, moved by `shift` (2,).

    Much quicker than `look_up`; the picture must fit into the tile with the shift.
    """
    left, top = int(x[0, 0] + shift[0]), int(y[0, 0] + shift[1])
    return tile[top : top + y.shape[0], left : left + x.shape[1]]


_TURN = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
_CIRCLE = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


def oval(x: float, y: float, across: float, down: float) -> Array:
    """Outline (24, 2) of an ellipse with the given centre and radii."""
    return np.asarray(_CIRCLE * (across, down) + (x, y))


def box(left: float, top: float, right: float, bottom: float) -> Array:
    """Outline (4, 2) of a rectangle."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)])


@dataclass(frozen=True)
class Coating:
    """Colours of an area: a colour, others over it, and how bright it is where."""

    ground: Array
    """Colour (3,), 0 to 1, of the whole area."""
    layers: tuple[tuple[Array, Array], ...]
    """Colours (3,) with how much of each (rows, columns, clipped to 0..1) lies over the rest."""
    brightness: Array
    """Factor (rows, columns), 0 to `BRIGHTEST`."""


class Canvas:
    """A picture in the making: `image` is RGB."""

    def __init__(self, width: int, height: int) -> None:
        """Start with black."""
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width, height))

    def fill(
        self,
        outline: Array,
        paint: Paint | Array,
        *,
        opacity: float = 1.0,
        soft: float = 0.0,
        depth: float = 0.0,
    ) -> None:
        """Fill a polygon (points, 2), in pixels, with one colour (3,) or a paint.

        `soft` blurs the edge by that many pixels; `depth` (0 to 1) darkens the rim and the
        lower side, so that the shape looks round.
        """
        margin = 1.0 + 2.0 * soft
        (left, top), (right, bottom) = outline.min(axis=0) - margin, outline.max(axis=0) + margin
        left, top = max(int(left), 0), max(int(top), 0)
        right, bottom = min(int(right) + 1, self.width), min(int(bottom) + 1, self.height)
        if right <= left or bottom <= top:
            return
        if min(right - left, bottom - top) < SMALL:
            depth = 0.0
        mask = _stencil(outline - (left, top), right - left, bottom - top, soft, opacity)
        if callable(paint):
            x = np.arange(left, right, dtype=np.float32)[None, :]
            y = np.arange(top, bottom, dtype=np.float32)[:, None]
            self.image.paste(_mix(paint(x, y), mask, depth), (left, top), mask)
            return
        area = (left, top, right, bottom)
        self.image.paste(to_bytes(paint), area, mask)
        if depth:  # by black on top: cheaper than colours for each pixel
            shade = (1.0 - _roundness(mask, depth)) * np.asarray(mask)
            self.image.paste(
                (0, 0, 0), area, Image.fromarray(np.maximum(shade, 0).astype(np.uint8))
            )

    def stamp(self, outline: Array, colour: Array) -> None:
        """Fill a polygon (points, 2) with one colour; quick, but its edges are jagged."""
        ImageDraw.Draw(self.image).polygon(outline.ravel().tolist(), fill=to_bytes(colour))

    def cover(self, top: int, bottom: int, paint: Paint) -> None:
        """Paint the rows from `top` to before `bottom`."""
        x = np.arange(self.width, dtype=np.float32)[None, :]
        y = np.arange(top, bottom, dtype=np.float32)[:, None]
        coating = paint(x, y)
        strip = Image.new("RGB", (self.width, bottom - top), to_bytes(coating.ground * BRIGHTEST))
        darken(strip, coating.brightness)
        self.image.paste(strip, (0, top))


def to_bytes(colour: Array) -> tuple[int, int, int]:
    """A colour (3,), 0 to 1, as Pillow wants it."""
    red, green, blue = (min(max(int(255.0 * part), 0), 255) for part in colour.tolist())
    return red, green, blue


def _mix(coating: Coating, mask: Image.Image, depth: float) -> Image.Image:
    """The colours of an area as a picture of the mask's size."""
    image = Image.new("RGB", mask.size, to_bytes(coating.ground * BRIGHTEST))
    for colour, amount in coating.layers:
        share = Image.fromarray(np.clip(amount * 255.0, 0.0, 255.0).astype(np.uint8))
        image.paste(to_bytes(colour * BRIGHTEST), None, share)
    bright = coating.brightness
    if depth:
        bright = bright * _roundness(mask, depth)
    darken(image, bright)
    return image


def darken(image: Image.Image, bright: Array) -> None:
    """Multiply a picture, in place, by factors (rows, columns), of which `BRIGHTEST` means 1."""
    dark = np.clip(255.0 - bright * (255.0 / BRIGHTEST), 0.0, 255.0).astype(np.uint8)
    image.paste((0, 0, 0), None, Image.fromarray(dark))


def _stencil(outline: Array, width: int, height: int, soft: float, opacity: float) -> Image.Image:
    """The polygon's coverage, 0 to 255 x opacity; drawn at twice the size if its edge is sharp."""
    zoom = 1 if soft else 2
    image = Image.new("L", (width * zoom, height * zoom))
    points = (outline * float(zoom)).ravel().tolist()
    ImageDraw.Draw(image).polygon(points, fill=int(255 * opacity))
    return image.filter(ImageFilter.BoxBlur(soft)) if soft else image.reduce(2)


def _roundness(mask: Image.Image, depth: float) -> Array:
    """Factor (height, width) that falls towards the rim and the lower side of a shape."""
    small = mask.reduce(4)
    blurred = small.filter(ImageFilter.BoxBlur(0.16 * min(small.size)))
    lit = np.asarray(blurred.resize(mask.size, Image.Resampling.BILINEAR), dtype=np.float32)
    fall = np.arange(mask.height, dtype=np.float32)[:, None] * (-0.32 * depth / mask.height)
    return lit * np.float32(0.9 * depth / 255.0) + (fall + np.float32(1.0 - 0.78 * depth))


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
        """A frame inside this one, moved, turned (radians) and scaled."""
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
    """A closed smooth curve (6 times the points) through the points."""
    neighbours = (np.arange(len(points))[:, None] + np.arange(-1, 3)) % len(points)
    return np.asarray((_CATMULL_ROM @ points[neighbours]).reshape(-1, 2))


def ribbon(path: Array, widths: Array) -> Array:
    """Outline of a band along the path (points, 2) with half `widths` (points,)."""
    along = np.empty_like(path)
    along[1:-1] = path[2:] - path[:-2]
    along[0], along[-1] = path[1] - path[0], path[-1] - path[-2]
    along = along / (np.linalg.norm(along, axis=1, keepdims=True) + 1e-9)
    aside = along[:, ::-1] * (-1.0, 1.0) * widths[:, None]
    return np.concatenate([path + aside, (path - aside)[::-1]])


def limb(start: Array, end: Array, start_radius: float, end_radius: float) -> Array:
    """Outline of a rounded limb between two points."""
    share = np.array([-0.04, 0.1, 0.5, 0.9, 1.04])[:, None]
    widths = np.array([0.5, 1.0, 0.0, 0.0, 0.0]) * start_radius
    widths += np.array([0.0, 0.0, 0.55, 1.0, 0.6]) * end_radius
    widths[2] += 0.45 * start_radius
    return smooth(ribbon(start + (end - start) * share, widths))


def tufted(outline: Array, reach: float, random: Generator) -> Array:
    """The outline with tufts of hair that stand out by up to about `reach`."""
    if not reach:
        return outline
    away = outline - outline.mean(axis=0)
    away = away / np.linalg.norm(away, axis=1, keepdims=True)
    tufts = np.resize([0.0, 0.7, 1.0], len(outline)) * random.uniform(0.4, 1.3, len(outline))
    return np.asarray(outline + away * (tufts * reach)[:, None])
