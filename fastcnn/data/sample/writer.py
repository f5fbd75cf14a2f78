"""Writes the drawn sample as a folder of JPEG pictures, named as in the Oxford pets set."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageFilter

from fastcnn.data.sample.animal import draw_animal
from fastcnn.data.sample.breeds import BREEDS
from fastcnn.data.sample.scene import (
    BRIGHTEST,
    FREE,
    Array,
    Canvas,
    Coating,
    Paint,
    box,
    darken,
    noise_tile,
    oval,
    window,
)

SAMPLE_NAME = "drawn sample (37 invented breeds)"
"""What reports and pages call this data set."""

JPEG_QUALITY = 88
"""Quality of the written pictures, 1 to 95."""

SHORTEST_SIDE, LONGEST_SIDE = 224, 288
"""Range of the sides of a picture, pixels, both included."""


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


def write_sample(
    folder: Path,
    *,
    per_breed: int = 20,
    seed: int = 0,
    on_image: Callable[[int, int], None] | None = None,
) -> None:
    """Draw `per_breed` pictures of each of the 37 breeds into `folder`.

    The files are called `<Breed_Name>_<n>.jpg`, n from 1. The same seed gives the same bytes.

    Args:
        folder: where to write; made if missing. Not cleaned up after a failure.
        per_breed: pictures of each breed, at least 1.
        seed: 0 or more.
        on_image: called after each picture with (pictures done, pictures in total).
    """
    if per_breed < 1:
        raise ValueError(f"per_breed must be at least 1, not {per_breed}")
    folder.mkdir(parents=True, exist_ok=True)
    total = per_breed * len(BREEDS)
    for done in range(total):
        breed_index, image_index = divmod(done, per_breed)
        path = folder / f"{BREEDS[breed_index].name}_{image_index + 1}.jpg"
        draw_picture(breed_index, image_index, seed).save(path, quality=JPEG_QUALITY)
        if on_image is not None:
            on_image(done + 1, total)


def draw_picture(breed_index: int, image_index: int, seed: int) -> Image.Image:
    """One RGB picture, sides 224 to 288 pixels, that depends on nothing but the arguments."""
    random = np.random.default_rng([seed, breed_index, image_index])
    width, height = random.integers(SHORTEST_SIDE, LONGEST_SIDE, size=2, endpoint=True)
    subject = partial(draw_animal, BREEDS[breed_index])
    return _paint_picture(random, int(width), int(height), subject)


def _paint_picture(
    random: Generator, width: int, height: int, subject: Callable[[Canvas, Generator], None]
) -> Image.Image:
    """A whole RGB picture: a place, the subject in it, things in front, light and lens."""
    canvas = Canvas(width, height)
    canvas.image = _backdrop(random, width, height)
    subject(canvas, random)
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
