"""The picture that a lesson looks at: a photograph that is installed, or one of the user's own."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from fastcnn.data.looks import in_words, look_at
from fastcnn.data.rgb import as_rgb
from fastcnn.errors import DataError
from fastcnn.models.naive_shapes import Array
from fastcnn.places import user_path

Plane = Array
"""One channel (H, W)."""

SIDE = 32
"""Pixels of a side in grey: few enough to see each of them, enough to see what it is."""
DAHLIA = "a dahlia (photograph by vultilion, CC BY 2.0, installed with scikit-learn)"


@dataclass(frozen=True)
class Picture:
    """A picture in RGB, as large as its file has it."""

    name: str
    """What the lesson calls it."""
    image: Image.Image

    def grey(self, side: int = SIDE) -> Plane:
        """Return its middle as grey levels (side, side): whole, from 0 black to 255 white."""
        return np.asarray(self._square(side).convert("L")).astype(np.float64)

    def colours(self, side: int) -> Array:
        """Return its middle as red, green and blue levels (3, side, side), 0 to 255."""
        return np.asarray(self._square(side)).astype(np.float64).transpose(2, 0, 1)

    def _square(self, side: int) -> Image.Image:
        return ImageOps.fit(self.image, (side, side), Image.Resampling.LANCZOS)


def find_picture(given: str | None) -> Picture:
    """Return the user's picture, or the dahlia where none is given.

    Raises:
        DataError: there is no such file, or it cannot be read as an image.
    """
    path = _dahlia() if given is None else user_path(given)
    if problem := look_at(path).problem:
        raise _unusable(path, problem[1])
    try:
        with Image.open(path) as image:
            return Picture(DAHLIA if given is None else path.name, as_rgb(image))
    except Exception as error:  # Pillow raises its own, OSError, ValueError, SyntaxError …
        raise _unusable(path, in_words(error)) from error


def largest_place(plane: Plane) -> tuple[int, int]:
    """Return row and column of the largest number."""
    row, column = np.unravel_index(int(plane.argmax()), plane.shape)
    return int(row), int(column)


def _dahlia() -> Path:
    """Where scikit-learn keeps the photograph; importing it all would take a second or two."""
    found = importlib.util.find_spec("sklearn")
    folder = (found.submodule_search_locations or ["sklearn"])[0] if found else "sklearn"
    return Path(folder) / "datasets" / "images" / "flower.jpg"


def _unusable(path: Path, why: str) -> DataError:
    return DataError(
        f"{path} cannot be used: {why}, expected a picture of at least 8 x 8 pixels",
        hint="give another with --image FILE",
    )
