"""Draws one animal of a breed, in a random pose, onto a canvas."""

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from fastcnn.data.sample import breeds, scene
from fastcnn.data.sample.breeds import Breed, Look, Posture, draw_look
from fastcnn.data.sample.scene import Array, Canvas, Coating, Frame, Paint, oval, smooth

NOSE_DARK, NOSE_PINK = np.array([0.12, 0.1, 0.1]), np.array([0.78, 0.5, 0.48])
TONGUE, GLEAM = np.array([0.86, 0.45, 0.47]), np.array([0.97, 0.97, 0.95])
MOUTH = scene.ribbon(
    np.array([(-0.3, 0.24), (-0.14, 0.3), (0, 0.2), (0, 0.08), (0, 0.2), (0.14, 0.3), (0.3, 0.24)]),
    np.full(7, 0.022),
)
NOSE = smooth(np.array([(-0.5, -0.4), (0.5, -0.4), (0.35, 0.25), (0, 0.55), (-0.35, 0.25)]))
BEARD = smooth(np.array([(-0.5, 0.1), (0.5, 0.1), (0.4, 0.5), (0, 0.62), (-0.4, 0.5)]))
CHEST = smooth(np.array([(-0.3, -0.6), (0.3, -0.6), (0.34, 0.1), (0, 0.6), (-0.34, 0.1)]))
WHISKER_TIPS = np.array([(0.95, -0.2), (1.0, 0.12), (0.9, 0.4)])


def _noise(look: Look, u: Array, v: Array, size: float, zoom: float) -> Array:
    """Noise of the individual at positions in a part's own units."""
    x, y = look.shift.tolist()
    return scene.look_up(scene.noise_tile(size, size, 11), u * zoom + x, v * zoom + y)


def _spots(look: Look, part: str, u: Array, v: Array) -> Array:
    zoom = 95.0 if part == "body" else 135.0
    x, y = look.shift.tolist()
    away = scene.look_up(scene.spot_tile(), u * zoom + x, v * zoom + y)
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
    white, black = np.array(breeds.COAT_COLOURS["white"]), np.array(breeds.COAT_COLOURS["black"])
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


def _coat(look: Look, part: str, frame: Frame, tone: float = 1.0) -> Paint:
    """The paint of one part's hair: colours, pattern, marking and hair texture."""
    across, down, strength, _ = breeds.HAIR[look.breed.fur]
    hair = scene.noise_tile(across, down, 13)
    shift = look.shift % scene.FREE

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
        texture = 1.0 + strength * scene.window(hair, x, y, shift)
        return Coating(look.base, tuple(layers), texture * (tone * look.light))

    return paint


@dataclass(frozen=True)
class _Artist:
    """Draws the parts of one animal."""

    canvas: Canvas
    """Where it draws."""
    look: Look
    """What the animal looks like."""
    random: Generator
    """Source of the pose."""

    def hair(
        self, part: str, frame: Frame, outline: Array, tone: float = 1.0, depth: float = 0.6
    ) -> None:
        """Fill a part's outline (points, 2), in the frame's units, with tufted hair."""
        shape = scene.tufted(outline, breeds.HAIR[self.look.breed.fur][3], self.random)
        self.canvas.fill(frame.place(shape), _coat(self.look, part, frame, tone), depth=depth)

    def flat(self, frame: Frame, outline: Array, colour: Array, depth: float = 0.0) -> None:
        """Fill an outline (points, 2), in the frame's units, with one colour (3,)."""
        self.canvas.fill(frame.place(outline), colour, depth=depth)

    def ears(self, head: Frame, turn: float) -> None:
        """Both ears; `turn` of the head is -1 (to the left) to 1."""
        breed, hanging = self.look.breed, self.look.breed.ears in breeds.HANGING
        wide = max(x for x, _ in breeds.HEAD_OUTLINES[breed.head])
        outline = smooth(np.array(breeds.EAR_OUTLINES[breed.ears]))
        for side in (-1.0, 1.0):
            x = side * wide * (0.66 if hanging else 0.56) + 0.12 * turn
            angle = side * (0.3 + self.random.normal(0.0, 0.1))
            ear = head.inner(x, -0.56, angle * (0.2 if hanging else 1.0), breed.ear_size)
            shape = outline * (side * (1.0 - 0.25 * max(0.0, side * turn)), 1.0)
            self.hair("ear", ear, shape, 0.86 if hanging else 0.95, 0.7)
            if not hanging:
                pink = (self.look.base * 0.45 + NOSE_PINK * 0.5) * self.look.light
                self.flat(ear, shape * 0.62 + (0.0, 0.05), pink, 0.5)

    def eyes(self, face: Frame, turn: float) -> None:
        """Both eyes: slanted with a slit for a cat, dark and round for a dog."""
        cat = self.look.breed.species == "cat"
        across, down = (0.21, 0.17) if cat else (0.14, 0.135)
        iris = np.array(breeds.EYE_COLOURS[self.look.breed.eyes]) * self.random.uniform(0.85, 1.1)
        pupil = self.random.uniform(0.04, 0.14) if cat else 0.08
        down *= self.random.uniform(0.75, 1.1)
        for side in (-1.0, 1.0):
            narrow = 1.0 - 0.2 * max(0.0, side * turn)
            eye = face.inner(side * 0.4 * narrow, -0.08, side * (-0.22 if cat else 0.1), 1.0)
            self.flat(eye, oval(0, 0, across * narrow * 1.2, down * 1.22), NOSE_DARK)
            self.flat(eye, oval(0, 0, across * narrow, down), iris)
            self.flat(eye, oval(0.05 * turn, 0, pupil * narrow, down * 0.92), NOSE_DARK)
            self.flat(eye, oval(-0.05, -0.06, 0.035, 0.035), GLEAM)

    def muzzle(self, face: Frame, turn: float) -> Frame:
        """Muzzle and tongue; returns the frame of the nose."""
        coat, long = _coat(self.look, "muzzle", face, 1.06), self.look.breed.muzzle
        x, y = turn * (0.1 + 0.4 * long), 0.42 + 0.2 * long
        if self.random.random() < 0.3:
            self.flat(face, oval(x, y + 0.34, 0.14, 0.22), TONGUE, 0.5)
        if self.look.breed.species == "cat":
            for side in (-0.17, 0.17):
                pad = face.place(oval(x + side, 0.47, 0.25, 0.2))
                self.canvas.fill(pad, coat, soft=1.0, depth=0.4)
            return face.inner(x, 0.32, 0.0, 1.0)
        bridge = scene.limb(np.zeros(2), np.array([x, y]), 0.4 - 0.1 * long, 0.46 - 0.14 * long)
        self.canvas.fill(face.place(bridge), coat, soft=2.0, depth=0.5)
        return face.inner(x, y - 0.16, 0.0, 1.0)

    def nose(self, nose: Frame) -> None:
        """Nose, mouth, and a cat's whiskers or a wiry dog's beard."""
        breed, cat = self.look.breed, self.look.breed.species == "cat"
        self.canvas.fill(nose.place(MOUTH), NOSE_DARK * 1.5, opacity=0.8)
        pale = cat and breed.base in ("white", "cream", "gold", "sand")
        self.flat(nose, NOSE * (0.17 if cat else 0.34), NOSE_PINK if pale else NOSE_DARK, 0.4)
        self.flat(nose, oval(-0.04, -0.06, 0.04, 0.015), GLEAM * 0.7)
        if breed.fur == "wiry":
            self.hair("muzzle", nose, BEARD, 1.12, 0.5)
        for side in (-1.0, 1.0) if cat else ():
            tips = WHISKER_TIPS + self.random.normal(0.0, 0.06, (3, 2))
            roots = np.array([(0.25, 0.1), (0.25, 0.14), (0.25, 0.18)])
            fan = np.stack([roots, tips, roots + (0.0, 0.02)], axis=1).reshape(-1, 2)
            self.canvas.fill(nose.place(fan * (side, 1.0)), GLEAM, opacity=0.75)

    def head(self, head: Frame) -> None:
        """The whole head, turned to a random side."""
        turn = self.random.uniform(-0.9, 0.9)
        half = np.array(breeds.HEAD_OUTLINES[self.look.breed.head])
        outline = smooth(np.concatenate([half, half[-2:0:-1] * (-1.0, 1.0)]))
        across, down = 0.26 * turn, 0.03 * self.random.normal()
        face = head.inner(across, down, 0.0, 1.0)
        hanging = self.look.breed.ears in breeds.HANGING
        if not hanging:
            self.ears(head, turn)
        self.hair("head", face, outline - (across, down))
        if hanging:
            self.ears(head, turn)
        nose = self.muzzle(face, turn)
        self.eyes(face, turn)
        self.nose(nose)

    def tail(self, body: Frame, posture: Posture) -> None:
        """The tail, bent at random."""
        x, y, direction = posture.tail
        length, bend, widths = breeds.TAILS[self.look.breed.tail]
        angles = direction + self.random.normal(0.0, 0.25) - bend * np.linspace(0.0, 1.0, 9)
        steps = np.stack([np.cos(angles), np.sin(angles)], axis=1) * (length / 9.0)
        path = np.cumsum(steps, axis=0) + (x - 0.15, y)
        outline = scene.ribbon(path, np.interp(np.linspace(0, 2, 9), [0, 1, 2], widths))
        self.hair("tail", body, outline, 0.92, 0.5)

    def limbs(self, body: Frame, posture: Posture, behind: bool) -> None:
        """The legs with paws that lie behind, or else those before the body."""
        legs = self.look.breed.legs if posture.stretch else 1.0
        for x, y, end_x, end_y, thick, thin, far in posture.limbs:
            if far != behind:
                continue
            end = np.array([end_x + self.random.normal(0.0, 0.05), y + (end_y - y) * legs])
            tone = 0.7 if far else 1.0
            self.hair("limb", body, scene.limb(np.array([x, y]), end, thick, thin), tone, 0.55)
            paw = oval(end[0] - 0.03, end[1] + 0.05, thin * 1.3, thin * 0.85)
            self.flat(body, paw, self.paw_colour() * tone, 0.6)

    def paw_colour(self) -> Array:
        """One colour (3,) for the paws: too small to show a pattern."""
        breed, light = self.look.breed, self.look.light
        if breed.marking in ("bib", "blaze"):
            return np.array(breeds.COAT_COLOURS["white"]) * light
        second = breed.marking == "tan_points" or breed.pattern == "points"
        return (self.look.second if second else self.look.base) * light

    def body(self, body: Frame, posture: Posture) -> None:
        """Everything but the head, with the shadow on the ground."""
        breed = self.look.breed
        ground = 0.1 + (posture.ground - 0.1) * (breed.legs if posture.stretch else 1.0)
        shadow = body.place(oval(0.0, ground, 1.7, 0.2))
        self.canvas.fill(shadow, np.zeros(3), opacity=0.4, soft=4.0)
        self.limbs(body, posture, True)
        self.tail(body, posture)
        self.hair("body", body, smooth(np.array(posture.body)))
        if breed.marking in ("bib", "blaze", "tan_points"):
            self.hair("chest", body.inner(*posture.chest, 0.0, 1.0), CHEST, 1.0, 0.3)
        self.limbs(body, posture, False)
        if posture is breeds.STANDING:
            neck = scene.limb(np.array([-1.0, -0.1]), np.array(posture.head), 0.5, 0.42)
            self.canvas.fill(body.place(neck), _coat(self.look, "body", body), depth=0.3)


def draw_animal(breed: Breed, canvas: Canvas, random: Generator) -> None:
    """Draw an animal of the breed, in random posture, size and place, somewhere on the canvas."""
    artist = _Artist(canvas, draw_look(breed, random), random)
    posture = (breeds.SITTING, breeds.SITTING, breeds.STANDING, breeds.LYING)[random.integers(4)]
    close = random.random() < 0.35
    share = random.uniform(0.3, 0.42) if close else random.uniform(0.13, 0.23)
    unit = breed.size * min(canvas.height * share, canvas.width * (0.45 if close else 0.24))
    flip = -1.0 if random.random() < 0.5 else 1.0
    lean = scene.rotation(random.normal(0.0, 0.06))
    middle = np.array(posture.head if close else (0.0, 0.1)) * (flip, 1.0)
    spot = np.array([random.uniform(0.36, 0.64), random.uniform(0.42, 0.6)])
    across, down = (breed.build, 1.0) if posture is breeds.SITTING else (1.0, breed.build)
    origin = spot * (canvas.width, canvas.height) - middle * unit
    body = Frame(origin, lean @ np.diag([flip * across, down]) * unit)
    artist.body(body, posture)
    tilt = scene.rotation(random.normal(0.0, 0.2)) @ np.diag([flip, 1.0])
    artist.head(Frame(body.place(np.array(posture.head)), tilt * unit * 0.78))
