"""Draws a whole picture: a place, the animal in it, things in front, light and lens."""

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageFilter

from fastcnn.data.sample.animal import draw_animal
from fastcnn.data.sample.breeds import BREEDS, Breed
from fastcnn.data.sample.canvas import BRIGHTEST, Canvas, Coating, Paint, darken
from fastcnn.data.sample.noise import FREE, Array, noise_tile, window
from fastcnn.data.sample.places import ANY, IN_FRONT, PLACES, THINGS, Surface

SHORTEST_SIDE, LONGEST_SIDE = 224, 288
"""Range of the sides of a picture, pixels, both included."""


def draw_picture(breed_index: int, image_index: int, seed: int) -> Image.Image:
    """One RGB picture, sides 224 to 288 pixels, that depends on nothing but the arguments.

    Args:
        breed_index: 0 to 36, the place in `BREEDS`.
        image_index: 0 or more; tells the breed's pictures apart.
        seed: 0 or more.
    """
    random = np.random.default_rng([seed, breed_index, image_index])
    width, height = random.integers(SHORTEST_SIDE, LONGEST_SIDE, size=2, endpoint=True)
    return _paint_picture(random, int(width), int(height), BREEDS[breed_index])


def _paint_picture(random: Generator, width: int, height: int, breed: Breed) -> Image.Image:
    """A whole RGB picture: a place, the animal in it, things in front, light and lens."""
    canvas = Canvas(width, height)
    canvas.image = _backdrop(random, width, height)
    draw_animal(breed, canvas, random)
    if random.random() < 0.5:
        _place_in_front(canvas, random)
    if random.random() < 0.3:
        _cast_shadow(canvas, random)
    _light(canvas, random)
    if random.random() < 0.4:
        canvas.image = canvas.image.filter(ImageFilter.BoxBlur(random.uniform(0.3, 1.1)))
    return canvas.image


def _backdrop(random: Generator, width: int, height: int) -> Image.Image:
    """A place with clutter, painted at half the size: quick, and a little out of focus."""
    canvas = Canvas((width + 1) // 2, (height + 1) // 2)
    _paint_place(canvas, random)
    if random.random() < 0.4:
        canvas.image = canvas.image.filter(ImageFilter.BoxBlur(random.uniform(0.4, 1.0)))
    return canvas.image.resize((width, height), Image.Resampling.BILINEAR)


def _light(canvas: Canvas, random: Generator) -> None:
    """Brightness, contrast and colour cast, light from one side, darker corners and noise."""
    gain = random.uniform(0.6, 1.2) * (1.0 + random.normal(0, 0.1, 3)) * BRIGHTEST
    contrast = random.uniform(0.8, 1.15)
    levels = (np.arange(256) - 115.0) * contrast + 115.0
    table = np.clip(np.outer(gain, levels), 0, 255).astype(int).ravel().tolist()
    canvas.image = canvas.image.point(table)
    across = np.linspace(-1.0, 1.0, canvas.width, dtype=np.float32)[None, :]
    down = np.linspace(-1.0, 1.0, canvas.height, dtype=np.float32)[:, None]
    corners = random.uniform(0.0, 0.2)
    side_x, side_y = random.normal(0.0, 0.16, 2).tolist()
    bright = (1.0 + side_x * across - corners * across**2) + (side_y * down - corners * down**2)
    darken(canvas.image, bright + _noise(canvas, random))


def _noise(canvas: Canvas, random: Generator) -> Array:
    """Noise of a camera (height, width), mean 0."""
    left, top = random.integers(0, FREE, 2)
    tile = noise_tile(0.4, 0.4, 3)[top : top + canvas.height, left : left + canvas.width]
    return tile * np.float32(random.uniform(0.005, 0.045))


def _cast_shadow(canvas: Canvas, random: Generator) -> None:
    """Lay a slanting band of shadow over the picture."""
    lean, breadth = random.uniform(-0.6, 0.6) * canvas.height, canvas.width * 0.2
    bottom = float(canvas.height)
    corners = [(-breadth, 0.0), (breadth, 0.0), (breadth + lean, bottom), (lean, bottom)]
    middle = (random.uniform(0, canvas.width), 0.0)
    canvas.fill(np.array(corners) + middle, np.zeros(3), opacity=0.35, soft=3.0)


def _paint_place(canvas: Canvas, random: Generator) -> None:
    """Cover the canvas with a random place and things that suit it."""
    upper, lower, names = PLACES[random.integers(len(PLACES))]
    share = random.uniform(0.35, 0.8)
    horizon = int(canvas.height * share)
    canvas.cover(0, horizon, _surface(upper, random))
    canvas.cover(horizon, canvas.height, _surface(lower, random))
    for _ in range(random.integers(2, 6)):
        spot = random.uniform(-0.05, 1.05), share + random.uniform(-0.02, 0.12)
        _place_thing(canvas, names, spot, random)


def _surface(surface: Surface, random: Generator) -> Paint:
    """A paint with the surface's colour (varied), noise and joints."""
    colour = np.array(surface.colour) * random.uniform(0.75, 1.12) + random.normal(0, 0.06, 3)
    shift = random.integers(0, FREE, 2)
    tile = noise_tile(*surface.grain, 7)
    zoom = random.uniform(0.4, 0.8)

    def paint(x: Array, y: Array) -> Coating:
        bright = 1.0 + np.float32(surface.strength) * window(tile, x, y, shift)
        for position, distance in zip((x, y), surface.joints, strict=True):
            if distance:
                bright = bright * np.where(position % (distance * zoom) < 1.0, 0.8, 1.0)
        return Coating(colour, (), bright)

    return paint


def _place_in_front(canvas: Canvas, random: Generator) -> None:
    """Put one of the smaller things at the lower edge, where it may hide a part of the subject."""
    x = random.uniform(0.0, 0.3) if random.random() < 0.5 else random.uniform(0.7, 1.0)
    _place_thing(canvas, IN_FRONT, (x, random.uniform(0.96, 1.1)), random, True)


def _place_thing(
    canvas: Canvas,
    names: tuple[str, ...],
    spot: tuple[float, float],
    random: Generator,
    in_front: bool = False,
) -> None:
    """Draw one of the named things, size and colour random, standing at `spot` (shares)."""
    share, parts = THINGS[names[random.integers(len(names))]]
    scale = share * canvas.height * (1.4 if in_front else 1.0) * random.uniform(0.7, 1.35)
    origin = np.array(spot) * (canvas.width, canvas.height)
    own = random.uniform(0.12, 0.9, 3)
    for outline, colour in parts:
        tint = own if colour == ANY else np.array(colour) * random.uniform(0.8, 1.2)
        shape = outline * scale + origin
        if in_front:
            canvas.fill(shape, tint, depth=0.5)
            continue
        canvas.stamp(shape, tint * 0.85)
        if len(outline) > 4:  # round: a lighter part makes it look so
            middle = shape.mean(axis=0) - 0.06 * scale * np.array([0.5, 1.0])
            canvas.stamp(middle + (shape - shape.mean(axis=0)) * 0.75, tint)
