"""The coat of one animal: its colours, the pattern and the marking on them, the hair."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from fastcnn.data.sample.breeds import COAT_COLOURS, Breed, Fur
from fastcnn.data.sample.canvas import Coating, Paint
from fastcnn.data.sample.noise import FREE, TILE, Array, look_up, noise_tile, spot_tile, window
from fastcnn.data.sample.outlines import Frame

HAIR: dict[Fur, tuple[float, float, float, float]] = {
    "short": (1.5, 2.5, 0.05, 0.0),
    "plush": (2.0, 5.0, 0.09, 0.035),
    "long": (2.5, 12.0, 0.13, 0.09),
    "curly": (6.0, 6.0, 0.17, 0.08),
    "wiry": (1.5, 7.0, 0.17, 0.07),
}
"""Size of the hair's noise across and down (pixels), its strength, and the length of tufts.

The strength is a share of the brightness, the length in the units of the part.
"""


@dataclass(frozen=True)
class Look:
    """One animal: its breed with the colours and the pattern of this individual."""

    breed: Breed
    """What it is."""
    base: Array
    """Main colour (3,), about 0 to 1."""
    second: Array
    """Colour of the pattern (3,), about 0 to 1."""
    shift: Array
    """Where in the noise tiles its pattern begins (2,), 0 to 511 pixels."""
    light: float
    """Brightness of this animal's coat against the breed's, 0.7 to 1.15."""


def draw_look(breed: Breed, random: Generator) -> Look:
    """The random individual traits of one animal."""
    tint = random.normal(0.0, 0.05, 3)
    base, second = (np.array(COAT_COLOURS[name]) + tint for name in (breed.base, breed.second))
    other = np.array(list(COAT_COLOURS.values())[random.integers(len(COAT_COLOURS))])
    base = base + (other - base) * random.uniform(0.0, 0.25)
    second = second + (base - second) * random.uniform(0.0, 0.4)
    shift = random.integers(0, TILE, 2).astype(np.float64)
    return Look(breed, base, second, shift, random.uniform(0.7, 1.15))


def _noise(look: Look, u: Array, v: Array, size: float, zoom: float) -> Array:
    """Noise of the individual at positions in a part's own units."""
    x, y = look.shift.tolist()
    return look_up(noise_tile(size, size, 11), u * zoom + x, v * zoom + y)


def _spots(look: Look, part: str, u: Array, v: Array) -> Array:
    zoom = 95.0 if part == "body" else 135.0
    x, y = look.shift.tolist()
    away = look_up(spot_tile(), u * zoom + x, v * zoom + y)
    if look.breed.pattern == "rosettes":
        away = np.abs(away - 7.5) + 4.0
    return (8.0 - away) * 0.4


def _stripes(look: Look, part: str, u: Array, v: Array) -> Array:
    wobble = 1.2 * _noise(look, u, v, 30, 90)
    if part == "head":
        lines = np.where(v < -0.2, np.sin(15 * np.abs(u) + 1.6), np.sin(13 * v + 4 * np.abs(u)))
        return np.asarray((lines * 1.4 + wobble * 0.3) * ((v < -0.2) | (np.abs(u) > 0.5)))
    if part == "body":
        return np.sin(9.0 * u + 2.0 * v * v + wobble) * 1.6
    return np.sin((14.0 if part in ("limb", "tail") else 4.0) * v + wobble) * 1.3


def _brindle(look: Look, part: str, u: Array, v: Array) -> Array:
    wobble = _noise(look, u, v, 18, 90)
    return np.asarray((np.sin(22.0 * u + 7.0 * v + 2.5 * wobble) + 0.3 * wobble) * 0.8)


def _saddle(look: Look, part: str, u: Array, v: Array) -> Array:
    edge = 0.12 * _noise(look, u, v, 12, 90)
    if part == "head":
        return (-0.22 - v + 0.55 * np.abs(u) + edge) * 7.0
    above = {"body": 0.0, "ear": 9.0, "tail": 9.0}.get(part, -9.0)
    return (above - v + edge) * 7.0


def _points(look: Look, part: str, u: Array, v: Array) -> Array:
    if part == "head":
        return 1.15 - 1.3 * (u * u * 2.2 + (v - 0.25) ** 2 * 1.6)
    return np.full_like(u, 0.0 if part == "body" else 0.95)


def _pattern(look: Look, part: str, u: Array, v: Array) -> Array:
    """How much of the second colour lies at each position; clipped to 0..1 by the caller."""
    match look.breed.pattern:
        case "stripes":
            return _stripes(look, part, u, v)
        case "spots" | "rosettes":
            return _spots(look, part, u, v)
        case "brindle":
            return _brindle(look, part, u, v)
        case "saddle":
            return _saddle(look, part, u, v)
        case "points":
            return _points(look, part, u, v)
        case "patches" | "calico":
            return _noise(look, u, v, 50, 90) * 6.0 - 0.5 + 9.0 * (part == "ear")
        case "merle":
            return _noise(look, u, v, 16, 90) * 2.0
        case "ticked":
            return _noise(look, u, v, 2, 90) * 0.7
    return np.zeros_like(u)


def _marking(look: Look, part: str, u: Array, v: Array) -> tuple[Array, Array] | None:
    """Colour (3,) of the marking and how much of it lies at each position; None for nothing."""
    breed, side = look.breed, np.abs(u)
    white, black = np.array(COAT_COLOURS["white"]), np.array(COAT_COLOURS["black"])
    edge = 0.06 * _noise(look, u, v, 12, 90) if part == "head" else 0.0
    match breed.marking, part:
        case "bib" | "blaze", "muzzle" | "chest":
            return white, np.ones_like(u)
        case "bib", "head":
            return white, (0.1 - side + 0.9 * np.maximum(v, -0.1) + edge) * 9.0
        case "blaze", "head":
            return white, (0.15 - side + 0.5 * np.maximum(v, 0.0) + edge) * 12.0
        case "mask", "muzzle":
            return black, np.full_like(u, 0.9)
        case "mask", "head":
            return black, 1.2 - 2.2 * np.hypot(u, v - 0.45)
        case "tan_points", "muzzle" | "chest":
            return look.second, np.full_like(u, 0.9)
        case "tan_points", "head":
            brow = 0.13 - np.hypot(side - 0.34, v + 0.36)
            return look.second, np.maximum(brow, v - 0.3 - 0.3 * np.abs(side - 0.5)) * 12.0
        case "eye_patch", "head":
            return look.second, (0.42 - np.hypot(u - 0.4, v + 0.1) + edge) * 12.0
    return None


def coat(look: Look, part: str, frame: Frame, tone: float = 1.0) -> Paint:
    """The paint of one part's hair: colours, pattern, marking and hair texture.

    Args:
        look: the animal.
        part: "body", "chest", "head", "muzzle", "ear", "limb" or "tail".
        frame: where the part lies; the pattern is fixed to it.
        tone: factor of brightness.
    """
    across, down, strength, _ = HAIR[look.breed.fur]
    hair = noise_tile(across, down, 13)
    shift = look.shift % FREE

    def paint(x: Array, y: Array) -> Coating:
        u, v = frame.local(x, y)
        layers: list[tuple[Array, Array]] = []
        if look.breed.pattern != "solid":
            layers.append((look.second, _pattern(look, part, u, v)))
        if look.breed.pattern == "calico":
            layers.append((look.second * 0.15, _noise(look, v, u, 50, 90) * 6.0 - 3.0))
        marking = _marking(look, part, u, v)
        if marking is not None:
            layers.append(marking)
        texture = 1.0 + strength * window(hair, x, y, shift)
        return Coating(look.base, tuple(layers), texture * (tone * look.light))

    return paint
