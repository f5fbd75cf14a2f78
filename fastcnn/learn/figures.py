"""The parts that figures of a lesson are made of, and the figures that several lessons share."""

from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn.learn.pictures import Picture, Plane
from fastcnn.learn.words import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIGNED = "RdBu_r"
"""Red above 0, white at 0, blue below."""
SIGNS = "(red: above 0, blue: below 0)"
"""What a figure's title says of it."""
CENTRED = {"ha": "center", "va": "center"}
MARK = "#d55e00"
"""What shows where a patch lies (Okabe and Ito's)."""
SMALL = 9
"""Points of the small print."""


def new_figure(width: float, height: float, title: str) -> "Figure":
    """Return an empty figure, in inches, with a title at its left."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left", parse_math=False)
    return figure


def show_plane(
    axes: Any, plane: Plane, title: str, *, signed: bool = False, highest: float = 255.0
) -> None:
    """Draw a plane (H, W): grey from 0 to `highest`, or in red and blue around 0."""
    strongest = max(float(np.abs(plane).max()), 1e-12)
    if signed:
        axes.imshow(plane, cmap=SIGNED, vmin=-strongest, vmax=strongest)
    else:
        axes.imshow(plane, cmap="gray", vmin=0, vmax=highest)
    axes.set_title(title, fontsize=SMALL)
    axes.set(xticks=[], yticks=[])


def show_numbers(
    axes: Any,
    plane: Plane,
    title: str,
    *,
    signed: bool = False,
    highest: float = 255.0,
    points: int = 11,
) -> None:
    """Draw a small plane with its numbers written into the cells."""
    show_plane(axes, plane, title, signed=signed, highest=highest)
    strongest = max(float(np.abs(plane).max()), 1e-12)
    for (row, column), value in np.ndenumerate(plane):
        is_dark = abs(value) > 0.6 * strongest if signed else value < 0.5 * highest
        colour = "white" if is_dark else "black"
        axes.text(column, row, _in_a_cell(value), **CENTRED, color=colour, fontsize=points)


def _in_a_cell(value: float) -> str:
    """Return a number as it fits into a cell; weights that are sixteenths as fractions."""
    part = Fraction(value).limit_denominator(16)
    return str(part) if 0 < abs(value) < 1 and part == value else number(value)


def mark_patch(axes: Any, row: int, column: int, size: int, colour: str = MARK) -> None:
    """Draw a frame around the patch whose first pixel is at `row`, `column`."""
    from matplotlib.patches import Rectangle

    corner = (column - 0.5, row - 0.5)
    axes.add_patch(Rectangle(corner, size, size, fill=False, color=colour, linewidth=2))


def write_sign(axes: Any, symbol: str) -> None:
    """Write a sign of arithmetic to the right of axes."""
    axes.text(1.14, 0.5, symbol, transform=axes.transAxes, **CENTRED, fontsize=16)


def picture_figure(picture: Picture, place: tuple[int, int], size: int = 3) -> "Figure":
    """Draw the picture in colour, and as the grey levels that the lesson computes with."""
    figure = new_figure(7, 3.9, picture.name)
    colour, grey = figure.subplots(1, 2)
    colour.imshow(picture.colours(256).transpose(1, 2, 0).astype(np.uint8))
    colour.set_title("its middle", fontsize=SMALL)
    colour.set(xticks=[], yticks=[])
    plane = picture.grey()
    side = len(plane)
    show_plane(grey, plane, f"{side} x {side} grey levels")
    mark_patch(grey, *place, size)
    return figure
