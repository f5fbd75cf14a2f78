"""The shapes that breeds choose from (heads, ears, tails) and the postures of a body."""

from dataclasses import dataclass

from fastcnn.data.sample.breeds import Ears, Head, Tail

Points = tuple[tuple[float, float], ...]
"""x and y of the points of an outline."""

HEAD_OUTLINES: dict[Head, Points] = {
    "round": ((0, -0.86), (0.5, -0.76), (0.9, -0.3), (0.98, 0.2), (0.68, 0.68), (0, 0.86)),
    "wedge": ((0, -0.84), (0.52, -0.74), (0.86, -0.3), (0.92, 0.16), (0.46, 0.68), (0, 0.88)),
    "broad": ((0, -0.8), (0.62, -0.74), (0.94, -0.3), (0.98, 0.3), (0.78, 0.74), (0, 0.9)),
    "long": ((0, -0.9), (0.42, -0.82), (0.68, -0.4), (0.7, 0.1), (0.5, 0.66), (0, 0.95)),
    "square": ((0, -0.84), (0.6, -0.8), (0.8, -0.4), (0.78, 0.3), (0.66, 0.74), (0, 0.86)),
}
"""Right half from the top to the chin, in half widths of the usual head, y down."""

EAR_OUTLINES: dict[Ears, Points] = {
    "upright": ((-0.34, 0.3), (-0.3, -0.2), (0, -0.78), (0.08, -0.78), (0.34, -0.2), (0.36, 0.3)),
    "tall": ((-0.36, 0.3), (-0.36, -0.3), (0.0, -1.12), (0.1, -1.12), (0.36, -0.3), (0.38, 0.3)),
    "rounded": ((-0.36, 0.3), (-0.42, -0.3), (-0.2, -0.7), (0.2, -0.7), (0.42, -0.3), (0.36, 0.3)),
    "tufted": ((-0.34, 0.3), (-0.3, -0.2), (0.02, -0.8), (0.12, -1.15), (0.18, -0.8), (0.36, 0.3)),
    "folded": ((-0.34, 0.2), (-0.2, -0.24), (0.16, -0.3), (0.44, 0.02), (0.36, 0.24), (0.06, 0.2)),
    "drop": ((-0.3, -0.1), (0.1, -0.3), (0.5, 0.0), (0.6, 0.6), (0.34, 0.96), (0.1, 0.5)),
    "long_drop": ((-0.26, -0.1), (0.1, -0.28), (0.52, 0.1), (0.66, 0.9), (0.36, 1.5), (0.08, 0.7)),
    "button": ((-0.36, 0.2), (-0.26, -0.36), (0.16, -0.46), (0.52, -0.1), (0.4, 0.4), (0.14, 0)),
}
"""The right ear, from the inner edge of its base, round; (0, 0) is where it grows."""

HANGING: frozenset[Ears] = frozenset({"folded", "drop", "long_drop", "button"})
"""Ears that lie over the head; the others stand behind its outline and show their inside."""

TAILS: dict[Tail, tuple[float, float, tuple[float, float, float]]] = {
    "slim": (1.7, 1.6, (0.13, 0.11, 0.04)),
    "plume": (1.5, 1.2, (0.12, 0.32, 0.06)),
    "curl": (1.7, 4.2, (0.16, 0.2, 0.08)),
    "bob": (0.5, 0.8, (0.15, 0.15, 0.08)),
}
"""Length, bend (radians) and half widths at root, middle and tip, in body units."""


@dataclass(frozen=True)
class Posture:
    """How a body stands, in half widths of the chest, y down, (0, 0) in the middle."""

    body: Points
    """Control points of the outline."""
    limbs: tuple[tuple[float, float, float, float, float, float, bool], ...]
    """Start x, y, end x, y, radius at the start and at the end, whether behind the body."""
    head: tuple[float, float]
    """Middle of the head."""
    chest: tuple[float, float]
    """Middle of the chest, where a bib lies."""
    tail: tuple[float, float, float]
    """Start x, y and direction, radians (0 to the right, negative up)."""
    ground: float
    """Height of the ground for legs of length 1."""
    stretch: bool
    """Whether the length of the legs counts."""


SITTING = Posture(
    ((0, -0.95), (0.5, -0.7), (0.72, 0.0), (0.95, 0.8), (0.8, 1.35), (0, 1.4),
     (-0.8, 1.35), (-0.95, 0.8), (-0.72, 0.0), (-0.5, -0.7)),
    ((0.66, 0.8, 0.8, 1.36, 0.4, 0.2, False), (-0.66, 0.8, -0.8, 1.36, 0.4, 0.2, False),
     (0.27, 0.1, 0.28, 1.42, 0.26, 0.17, False), (-0.27, 0.1, -0.28, 1.42, 0.26, 0.17, False)),
    (0.0, -1.3), (0.0, 0.0), (0.85, 1.25, 0.1), 1.55, False,
)  # fmt: skip
STANDING = Posture(
    ((-1.25, -0.5), (-0.7, -0.55), (0.2, -0.42), (1.0, -0.5), (1.4, -0.1), (1.25, 0.35),
     (0.3, 0.36), (-0.6, 0.55), (-1.25, 0.4), (-1.45, -0.1)),
    ((-0.7, 0.1, -0.62, 1.25, 0.3, 0.14, True), (1.0, 0.1, 0.9, 1.25, 0.36, 0.14, True),
     (-1.1, 0.1, -1.12, 1.35, 0.34, 0.15, False), (1.2, 0.1, 1.28, 1.35, 0.4, 0.15, False)),
    (-1.5, -1.05), (-1.3, 0.1), (1.35, -0.3, -0.6), 1.5, True,
)  # fmt: skip
LYING = Posture(
    ((-1.0, -0.5), (-0.4, -0.62), (0.6, -0.5), (1.35, -0.3), (1.6, 0.3), (1.3, 0.72),
     (0, 0.75), (-1.0, 0.7), (-1.3, 0.1)),
    ((1.1, 0.3, 0.7, 0.66, 0.46, 0.18, False), (-0.5, 0.45, -0.75, 0.8, 0.26, 0.17, False),
     (-0.95, 0.45, -1.3, 0.78, 0.26, 0.17, False)),
    (-0.75, -0.8), (-0.9, 0.1), (1.5, 0.45, 0.3), 0.92, False,
)  # fmt: skip
