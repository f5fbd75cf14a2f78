"""The canvas: shaded shapes in colours that may differ from pixel to pixel."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from fastcnn.data.sample.noise import Array

Paint = Callable[[Array, Array], "Coating"]
"""Gives the colours of an area at pixel positions x (1, columns) and y (rows, 1)."""

SMALL = 13
"""Shapes narrower than this, pixels, are not shaded: it would cost time and not be seen."""

BRIGHTEST = 1.3
"""The most that brightness may raise a colour."""


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
        """Start with black; width and height in pixels."""
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
        """Fill a polygon (points, 2), in pixels, with one colour (3,), 0 to 1, or a paint.

        What lies outside the picture is left out. `opacity` is 0 to 1; `soft` blurs the edge by
        that many pixels; `depth` (0 to 1) darkens the rim and the lower side, so that the shape
        looks round.
        """
        area = self._touched(outline, 1.0 + 2.0 * soft)
        left, top, right, bottom = area
        if right <= left or bottom <= top:
            return
        if min(right - left, bottom - top) < SMALL:
            depth = 0.0
        mask = _stencil(outline - (left, top), right - left, bottom - top, soft, opacity)
        if callable(paint):
            x, y = _positions(*area)
            self.image.paste(_mix(paint(x, y), mask, depth), (left, top), mask)
        else:
            self._lay(paint, area, mask, depth)

    def _touched(self, outline: Array, margin: float) -> tuple[int, int, int, int]:
        """Left, top, right and bottom of the pixels that a polygon with a margin may cover."""
        (left, top), (right, bottom) = outline.min(axis=0) - margin, outline.max(axis=0) + margin
        right, bottom = min(int(right) + 1, self.width), min(int(bottom) + 1, self.height)
        return max(int(left), 0), max(int(top), 0), right, bottom

    def _lay(
        self, colour: Array, area: tuple[int, int, int, int], mask: Image.Image, depth: float
    ) -> None:
        """Lay one colour over an area where the mask says; shade it by black on top.

        That is cheaper than a colour for each pixel.
        """
        self.image.paste(to_bytes(colour), area, mask)
        if depth:
            shade = np.maximum((1.0 - _roundness(mask, depth)) * np.asarray(mask), 0)
            self.image.paste((0, 0, 0), area, Image.fromarray(shade.astype(np.uint8)))

    def stamp(self, outline: Array, colour: Array) -> None:
        """Fill a polygon (points, 2), in pixels, with a colour (3,), 0 to 1: quick, but jagged."""
        ImageDraw.Draw(self.image).polygon(outline.ravel().tolist(), fill=to_bytes(colour))

    def cover(self, top: int, bottom: int, paint: Paint) -> None:
        """Paint the rows of pixels from `top` to before `bottom`; layers are left out."""
        coating = paint(*_positions(0, top, self.width, bottom))
        strip = Image.new("RGB", (self.width, bottom - top), to_bytes(coating.ground * BRIGHTEST))
        darken(strip, coating.brightness)
        self.image.paste(strip, (0, top))


def _positions(left: int, top: int, right: int, bottom: int) -> tuple[Array, Array]:
    """Positions x (1, columns) and y (rows, 1) of the pixels of an area."""
    x = np.arange(left, right, dtype=np.float32)[None, :]
    y = np.arange(top, bottom, dtype=np.float32)[:, None]
    return x, y


def to_bytes(colour: Array) -> tuple[int, int, int]:
    """A colour (3,), 0 to 1, as Pillow wants it: 0 to 255, clipped."""
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
