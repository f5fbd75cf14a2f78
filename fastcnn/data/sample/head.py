"""Draws the head of an animal: ears, eyes, muzzle and nose."""

import numpy as np

from fastcnn.data.sample.artist import Artist
from fastcnn.data.sample.breeds import EYE_COLOURS
from fastcnn.data.sample.coat import coat
from fastcnn.data.sample.outlines import Frame, limb, oval, ribbon, smooth
from fastcnn.data.sample.posture import EAR_OUTLINES, HANGING, HEAD_OUTLINES

NOSE_DARK, NOSE_PINK = np.array([0.12, 0.1, 0.1]), np.array([0.78, 0.5, 0.48])
TONGUE, GLEAM = np.array([0.86, 0.45, 0.47]), np.array([0.97, 0.97, 0.95])
MOUTH = ribbon(
    np.array([(-0.3, 0.24), (-0.14, 0.3), (0, 0.2), (0, 0.08), (0, 0.2), (0.14, 0.3), (0.3, 0.24)]),
    np.full(7, 0.022),
)
NOSE = smooth(np.array([(-0.5, -0.4), (0.5, -0.4), (0.35, 0.25), (0, 0.55), (-0.35, 0.25)]))
BEARD = smooth(np.array([(-0.5, 0.1), (0.5, 0.1), (0.4, 0.5), (0, 0.62), (-0.4, 0.5)]))
WHISKER_TIPS = np.array([(0.95, -0.2), (1.0, 0.12), (0.9, 0.4)])


def draw_head(artist: Artist, head: Frame) -> None:
    """Draw the whole head, turned to a random side; a frame's unit is half the usual width."""
    turn = artist.random.uniform(-0.9, 0.9)
    half = np.array(HEAD_OUTLINES[artist.look.breed.head])
    outline = smooth(np.concatenate([half, half[-2:0:-1] * (-1.0, 1.0)]))
    across, down = 0.26 * turn, 0.03 * artist.random.normal()
    face = head.inner(across, down, 0.0, 1.0)
    hanging = artist.look.breed.ears in HANGING
    if not hanging:
        _draw_ears(artist, head, turn)
    artist.hair("head", face, outline - (across, down))
    if hanging:
        _draw_ears(artist, head, turn)
    nose = _draw_muzzle(artist, face, turn)
    _draw_eyes(artist, face, turn)
    _draw_nose(artist, nose)


def _draw_ears(artist: Artist, head: Frame, turn: float) -> None:
    """Both ears; `turn` of the head is -1 (to the left) to 1."""
    breed, hanging = artist.look.breed, artist.look.breed.ears in HANGING
    wide = max(x for x, _ in HEAD_OUTLINES[breed.head])
    outline = smooth(np.array(EAR_OUTLINES[breed.ears]))
    for side in (-1.0, 1.0):
        x = side * wide * (0.66 if hanging else 0.56) + 0.12 * turn
        angle = side * (0.3 + artist.random.normal(0.0, 0.1))
        ear = head.inner(x, -0.56, angle * (0.2 if hanging else 1.0), breed.ear_size)
        shape = outline * (side * (1.0 - 0.25 * max(0.0, side * turn)), 1.0)
        artist.hair("ear", ear, shape, 0.86 if hanging else 0.95, 0.7)
        if not hanging:
            pink = (artist.look.base * 0.45 + NOSE_PINK * 0.5) * artist.look.light
            artist.flat(ear, shape * 0.62 + (0.0, 0.05), pink, 0.5)


def _draw_eyes(artist: Artist, face: Frame, turn: float) -> None:
    """Both eyes: slanted with a slit for a cat, dark and round for a dog."""
    cat = artist.look.breed.species == "cat"
    across, down = (0.21, 0.17) if cat else (0.14, 0.135)
    iris = np.array(EYE_COLOURS[artist.look.breed.eyes]) * artist.random.uniform(0.85, 1.1)
    pupil = artist.random.uniform(0.04, 0.14) if cat else 0.08
    down *= artist.random.uniform(0.75, 1.1)
    for side in (-1.0, 1.0):
        narrow = 1.0 - 0.2 * max(0.0, side * turn)
        eye = face.inner(side * 0.4 * narrow, -0.08, side * (-0.22 if cat else 0.1), 1.0)
        artist.flat(eye, oval(0, 0, across * narrow * 1.2, down * 1.22), NOSE_DARK)
        artist.flat(eye, oval(0, 0, across * narrow, down), iris)
        artist.flat(eye, oval(0.05 * turn, 0, pupil * narrow, down * 0.92), NOSE_DARK)
        artist.flat(eye, oval(-0.05, -0.06, 0.035, 0.035), GLEAM)


def _draw_muzzle(artist: Artist, face: Frame, turn: float) -> Frame:
    """Muzzle and tongue; returns the frame of the nose."""
    hair, long = coat(artist.look, "muzzle", face, 1.06), artist.look.breed.muzzle
    x, y = turn * (0.1 + 0.4 * long), 0.42 + 0.2 * long
    if artist.random.random() < 0.3:
        artist.flat(face, oval(x, y + 0.34, 0.14, 0.22), TONGUE, 0.5)
    if artist.look.breed.species == "cat":
        for side in (-0.17, 0.17):
            pad = face.place(oval(x + side, 0.47, 0.25, 0.2))
            artist.canvas.fill(pad, hair, soft=1.0, depth=0.4)
        return face.inner(x, 0.32, 0.0, 1.0)
    bridge = limb(np.zeros(2), np.array([x, y]), 0.4 - 0.1 * long, 0.46 - 0.14 * long)
    artist.canvas.fill(face.place(bridge), hair, soft=2.0, depth=0.5)
    return face.inner(x, y - 0.16, 0.0, 1.0)


def _draw_nose(artist: Artist, nose: Frame) -> None:
    """Nose, mouth, and a cat's whiskers or a wiry dog's beard."""
    breed, cat = artist.look.breed, artist.look.breed.species == "cat"
    artist.canvas.fill(nose.place(MOUTH), NOSE_DARK * 1.5, opacity=0.8)
    pale = cat and breed.base in ("white", "cream", "gold", "sand")
    artist.flat(nose, NOSE * (0.17 if cat else 0.34), NOSE_PINK if pale else NOSE_DARK, 0.4)
    artist.flat(nose, oval(-0.04, -0.06, 0.04, 0.015), GLEAM * 0.7)
    if breed.fur == "wiry":
        artist.hair("muzzle", nose, BEARD, 1.12, 0.5)
    for side in (-1.0, 1.0) if cat else ():
        tips = WHISKER_TIPS + artist.random.normal(0.0, 0.06, (3, 2))
        roots = np.array([(0.25, 0.1), (0.25, 0.14), (0.25, 0.18)])
        fan = np.stack([roots, tips, roots + (0.0, 0.02)], axis=1).reshape(-1, 2)
        artist.canvas.fill(nose.place(fan * (side, 1.0)), GLEAM, opacity=0.75)
