"""Writing a figure as a PNG that is known again as one's own."""

import io
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.files import write_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

HEADER = 1024
"""Bytes at the beginning of a PNG in which its maker is looked for."""


def write_figure(figure: "Figure", path: Path, *, dpi: int = 120, made_by: str = "fastcnn") -> None:
    """Write a figure as a PNG, whole or not at all, with the command that made it in its header.

    Raises:
        TrainingError: the file cannot be written.
    """
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=dpi, metadata={"Software": made_by})
    write_bytes(path, picture.getvalue())


def is_made_by(path: Path, made_by: str) -> bool:
    """Return whether a file is a picture that `write_figure` wrote for that command."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return made_by.encode() in file.read(HEADER)
