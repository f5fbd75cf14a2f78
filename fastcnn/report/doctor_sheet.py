"""A sheet of the worst pictures that an examination found, each with what is the matter."""

from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps

from fastcnn.data.doctor.findings import NOTE, SEVERITIES, UNUSABLE, Examination, Finding
from fastcnn.data.rgb import as_rgb
from fastcnn.report.pictures import write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ACROSS, DOWN = 6, 4
"""Pictures in a row, and rows at most."""
SIDE = 256
"""Pixels of a picture on the sheet."""
LINE_LENGTH = 26
"""Characters that fit below a picture."""


def write_sheet(found: Examination, folder: Path, path: Path) -> int:
    """Draw the worst pictures of `folder` to a PNG, and return how many there are.

    Raises:
        TrainingError: the file cannot be written.
    """
    chosen = worst(found, ACROSS * DOWN)
    if chosen:
        write_figure(sheet_figure(folder, chosen), path, dpi=100)
    return len(chosen)


def worst(found: Examination, most: int) -> list[Finding]:
    """Return findings about pictures to show, of every kind in turn, the gravest first."""
    kinds = [name for name in SEVERITIES if name not in UNUSABLE | {"ignored", "imbalance"}]
    of_kind = [
        [one for one in found.findings if one.finding == kind and _has_picture(one)]
        for kind in kinds
        if SEVERITIES[kind] != NOTE or kind in ("dark", "blurred")
    ]
    in_turn = chain.from_iterable(zip_longest(*of_kind))
    return [finding for finding in in_turn if finding is not None][:most]


def sheet_figure(folder: Path, chosen: list[Finding]) -> "Figure":
    """Draw pictures side by side, the finding and the file below each."""
    from matplotlib.figure import Figure

    n_rows = -(-len(chosen) // ACROSS)
    figure = Figure(figsize=(2 * ACROSS, 2.6 * n_rows), layout="constrained")
    grid = figure.subplots(n_rows, ACROSS, squeeze=False)
    for axes in grid.flat[len(chosen) :]:
        axes.set_axis_off()
    for axes, finding in zip(grid.flat, chosen, strict=False):
        with Image.open(folder / finding.path) as image:
            axes.imshow(ImageOps.pad(as_rgb(image), (SIDE, SIDE), color="white"))
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
        axes.set_title(finding.finding, fontsize=8, weight="bold", loc="left")
        axes.set_xlabel("\n".join(_lines(finding.path)), fontsize=7, loc="left", parse_math=False)
    return figure


def _has_picture(finding: Finding) -> bool:
    return finding.finding not in ("empty-class", "unscored-class")


def _lines(path: str) -> Iterator[str]:
    """Cut a path into lines; of a long one only the end is shown."""
    shown = path if len(path) <= 2 * LINE_LENGTH else f"…{path[-2 * LINE_LENGTH + 1 :]}"
    for start in range(0, len(shown), LINE_LENGTH):
        yield shown[start : start + LINE_LENGTH]
