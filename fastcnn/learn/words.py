"""Numbers and pictures as lines of characters, in plain ASCII: any terminal and any log has it."""

from collections.abc import Sequence

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from fastcnn.learn.pictures import Plane

SHADES = " .:-=+*#%@"
"""From dark to bright, as on a dark terminal."""
INDENT = "    "


def block(lines: Sequence[str]) -> Text:
    """Return lines that stand as they are, a little to the right."""
    return Text("\n".join((INDENT + line).rstrip() for line in lines), no_wrap=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Return a table; a column whose cells are all numbers stands to the right."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0))
    for name, cells in zip(columns, zip(*rows, strict=True), strict=True):
        is_number = all(cell.lstrip("-").replace(".", "").isdigit() for cell in cells)
        made.add_column(name, justify="right" if is_number else "left", no_wrap=True)
    for row in rows:
        made.add_row(*map(Text, row))
    return made


def number(value: float) -> str:
    """Return a number in at most six characters or so: whole where it is whole."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.3g}"


def grid(plane: Plane) -> list[str]:
    """Return a line a row: whole numbers as they are, others all with two decimals."""
    is_whole = bool((plane == plane.round()).all())
    form = "5.0f" if is_whole else "7.2f"
    return ["".join(f"{value:{form}}" for value in row) for row in plane]


def beside(*columns: Sequence[str], gap: int = 4) -> list[str]:
    """Return columns of lines side by side, each as wide as its widest line."""
    widths = [max(map(len, column)) for column in columns]
    height = max(map(len, columns))
    filled = [[*column, *[""] * (height - len(column))] for column in columns]
    return [
        (" " * gap).join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        for row in zip(*filled, strict=True)
    ]


def sum_of_products(name: str, patch: Plane, kernel: Plane, bias: float) -> list[str]:
    """Write one number of a convolution out: every product, a line a row, and what it comes to."""
    products = [
        " + ".join(
            f"{number(pixel):>3} * {number(weight):>2}" for pixel, weight in zip(*rows, strict=True)
        )
        for rows in zip(patch, kernel, strict=True)
    ]
    before = " " * len(name)
    heads = [f"{name} =", *[f"{before} +"] * (len(products) - 1)]
    lines = [f"{head} {row}" for head, row in zip(heads, products, strict=True)]
    total = float((patch * kernel).sum()) + bias
    return [*lines, f"{before} + {number(bias)} (the bias)", f"{before} = {number(total)}"]


def drawn(plane: Plane, highest: float | None = None) -> list[str]:
    """Draw a plane in characters, one for two rows: a character is twice as high as it is wide.

    Dark is 0 or less, bright is `highest`, by default the highest number there is.
    """
    pairs = plane[: len(plane) // 2 * 2].reshape(-1, 2, plane.shape[1]).mean(axis=1)
    top = max(float(plane.max()) if highest is None else highest, 1e-12)
    levels = np.clip(pairs / top, 0, 1) * (len(SHADES) - 1)
    return ["".join(SHADES[level] for level in row) for row in np.rint(levels).astype(int)]
