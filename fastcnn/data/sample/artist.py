"""What all parts of an animal are drawn with: hair in the animal's coat, and plain shapes."""

from dataclasses import dataclass

from numpy.random import Generator

from fastcnn.data.sample.canvas import Canvas
from fastcnn.data.sample.coat import HAIR, Look, coat
from fastcnn.data.sample.noise import Array
from fastcnn.data.sample.outlines import Frame, tufted


@dataclass(frozen=True)
class Artist:
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
        """Fill a part's outline (points, 2), in the frame's units, with tufted hair.

        `part` is what the coat's pattern goes by ("body", "head", "ear", ...); `tone` is a factor
        of brightness, `depth` (0 to 1) says how round the part looks.
        """
        shape = tufted(outline, HAIR[self.look.breed.fur][3], self.random)
        self.canvas.fill(frame.place(shape), coat(self.look, part, frame, tone), depth=depth)

    def flat(self, frame: Frame, outline: Array, colour: Array, depth: float = 0.0) -> None:
        """Fill an outline (points, 2), in the frame's units, with one colour (3,), 0 to 1."""
        self.canvas.fill(frame.place(outline), colour, depth=depth)
