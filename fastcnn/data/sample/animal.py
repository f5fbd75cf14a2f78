"""Draws one animal of a breed, in a random pose, onto a canvas."""

import numpy as np
from numpy.random import Generator

from fastcnn.data.sample.artist import Artist
from fastcnn.data.sample.breeds import COAT_COLOURS, Breed
from fastcnn.data.sample.canvas import Canvas
from fastcnn.data.sample.coat import coat, draw_look
from fastcnn.data.sample.head import draw_head
from fastcnn.data.sample.noise import Array
from fastcnn.data.sample.outlines import Frame, limb, oval, ribbon, rotation, smooth
from fastcnn.data.sample.posture import LYING, SITTING, STANDING, TAILS, Posture

CHEST = smooth(np.array([(-0.3, -0.6), (0.3, -0.6), (0.34, 0.1), (0, 0.6), (-0.34, 0.1)]))


def draw_animal(breed: Breed, canvas: Canvas, random: Generator) -> None:
    """Draw an animal of the breed, in random posture, size and place, somewhere on the canvas."""
    artist = Artist(canvas, draw_look(breed, random), random)
    posture = (SITTING, SITTING, STANDING, LYING)[random.integers(4)]
    close = random.random() < 0.35
    share = random.uniform(0.3, 0.42) if close else random.uniform(0.13, 0.23)
    unit = breed.size * min(canvas.height * share, canvas.width * (0.45 if close else 0.24))
    flip = -1.0 if random.random() < 0.5 else 1.0
    lean = rotation(random.normal(0.0, 0.06))
    middle = np.array(posture.head if close else (0.0, 0.1)) * (flip, 1.0)
    spot = np.array([random.uniform(0.36, 0.64), random.uniform(0.42, 0.6)])
    across, down = (breed.build, 1.0) if posture is SITTING else (1.0, breed.build)
    origin = spot * (canvas.width, canvas.height) - middle * unit
    body = Frame(origin, lean @ np.diag([flip * across, down]) * unit)
    _draw_body(artist, body, posture)
    tilt = rotation(random.normal(0.0, 0.2)) @ np.diag([flip, 1.0])
    draw_head(artist, Frame(body.place(np.array(posture.head)), tilt * unit * 0.78))


def _draw_tail(artist: Artist, body: Frame, posture: Posture) -> None:
    """The tail, bent at random."""
    x, y, direction = posture.tail
    length, bend, widths = TAILS[artist.look.breed.tail]
    angles = direction + artist.random.normal(0.0, 0.25) - bend * np.linspace(0.0, 1.0, 9)
    steps = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (length / 9.0)
    path = np.cumsum(steps, axis=0) + (x - 0.15, y)
    outline = ribbon(path, np.interp(np.linspace(0, 2, 9), [0, 1, 2], widths))
    artist.hair("tail", body, outline, 0.92, 0.5)


def _draw_limbs(artist: Artist, body: Frame, posture: Posture, behind: bool) -> None:
    """The legs with paws that lie behind, or else those before the body."""
    legs = artist.look.breed.legs if posture.stretch else 1.0
    for x, y, end_x, end_y, thick, thin, far in posture.limbs:
        if far != behind:
            continue
        end = np.array([end_x + artist.random.normal(0.0, 0.05), y + (end_y - y) * legs])
        tone = 0.7 if far else 1.0
        artist.hair("limb", body, limb(np.array([x, y]), end, thick, thin), tone, 0.55)
        paw = oval(end[0] - 0.03, end[1] + 0.05, thin * 1.3, thin * 0.85)
        artist.flat(body, paw, _paw_colour(artist) * tone, 0.6)


def _paw_colour(artist: Artist) -> Array:
    """One colour (3,) for the paws: too small to show a pattern."""
    breed, light = artist.look.breed, artist.look.light
    if breed.marking in ("bib", "blaze"):
        return np.array(COAT_COLOURS["white"]) * light
    second = breed.marking == "tan_points" or breed.pattern == "points"
    return (artist.look.second if second else artist.look.base) * light


def _draw_body(artist: Artist, body: Frame, posture: Posture) -> None:
    """Everything but the head, with the shadow on the ground."""
    breed = artist.look.breed
    ground = 0.1 + (posture.ground - 0.1) * (breed.legs if posture.stretch else 1.0)
    shadow = body.place(oval(0.0, ground, 1.7, 0.2))
    artist.canvas.fill(shadow, np.zeros(3), opacity=0.4, soft=4.0)
    _draw_limbs(artist, body, posture, True)
    _draw_tail(artist, body, posture)
    artist.hair("body", body, smooth(np.array(posture.body)))
    if breed.marking in ("bib", "blaze", "tan_points"):
        artist.hair("chest", body.inner(*posture.chest, 0.0, 1.0), CHEST, 1.0, 0.3)
    _draw_limbs(artist, body, posture, False)
    if posture is STANDING:
        neck = limb(np.array([-1.0, -0.1]), np.array(posture.head), 0.5, 0.42)
        artist.canvas.fill(body.place(neck), coat(artist.look, "body", body), depth=0.3)
