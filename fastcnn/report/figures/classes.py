"""Figures with a row or a square a class."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from fastcnn.report.curves import COLOURS
from fastcnn.report.figures.panel import LETTERS, label, panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MANY = 12
"""Classes above which bars have no names, and squares no numbers."""


def class_counts_figure(counts: Mapping[str, int], what: str = "training images") -> "Figure":
    """Draw the number of images of each class, the most first; `what` names them."""
    ordered = sorted(counts.items(), key=lambda pair: -pair[1])
    names, numbers = [name for name, _ in ordered], [number for _, number in ordered]
    figure, axes = panel(fit=len(names) <= MANY)
    axes.bar(range(len(numbers)), numbers, color=COLOURS[0], width=0.8)
    axes.set_xticks([])
    if len(names) <= MANY:
        shown = [_short(name) for name in names]
        axes.set_xticks(range(len(names)), shown, rotation=45, ha="right", parse_math=False)
    label(axes, f"{len(names)} classes, the largest first", what, legend=False)
    return figure


def confusion_figure(matrix: npt.NDArray[np.int64], classes: Sequence[str]) -> "Figure":
    """Draw a confusion matrix: a row a true class, shaded by the part of that class.

    Args:
        matrix: (C, C), counts, rows the true class.
        classes: the C names.
    """
    from matplotlib.figure import Figure

    side = min(2.5 + 0.28 * len(classes), 14.0)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    part = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(part, cmap="Blues", vmin=0, vmax=1)
    letters = LETTERS if len(classes) <= MANY else 6
    names = [_short(name) for name in classes]
    for axis, rotation in ((axes.xaxis, 90), (axes.yaxis, 0)):
        axis.set_ticks(range(len(names)), names, rotation=rotation, fontsize=letters,
                       parse_math=False)  # fmt: skip
    for row, column in np.argwhere(matrix):
        colour = "white" if part[row, column] > 0.5 else "black"
        number = str(matrix[row, column])
        axes.text(column, row, number, color=colour, fontsize=letters, ha="center", va="center")
    axes.set_xlabel("predicted", fontsize=LETTERS)
    axes.set_ylabel("is", fontsize=LETTERS)
    return figure


def _short(name: str, longest: int = 24) -> str:
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
