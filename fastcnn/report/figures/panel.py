"""One panel, small enough for a telephone, with letters that can be read there."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL = (3.9, 2.9)
"""Inches of a panel: shown 360 pixels wide, its letters are 10 pixels high."""
MARGINS = {"left": 0.17, "right": 0.985, "bottom": 0.15, "top": 0.97}
"""Of a panel, as parts of its sides: room for letters of that size."""
LETTERS = 8
"""Points of a label."""


def panel(size: tuple[float, float] = PANEL, *, fit: bool = False) -> tuple["Figure", Any]:
    """Return an empty figure of one panel, and its axes.

    Its margins have room for numbers; `fit` measures how much its labels need, for which
    everything is drawn twice.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained" if fit else None)
    axes = figure.subplots(gridspec_kw={} if fit else MARGINS)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(which="both", labelsize=LETTERS)
    return figure, axes


def label(axes: Any, x: str, y: str, *, legend: bool = True) -> None:
    """Name both axes, and every line that has a name."""
    axes.set_xlabel(x, fontsize=LETTERS)
    axes.set_ylabel(y, fontsize=LETTERS)
    axes.grid(axis="y", alpha=0.3)
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(frameon=False, fontsize=LETTERS)


def legend_above(axes: Any, columns: int = 2) -> None:
    """Name the lines above the axes, where no line runs through the names; needs `fit`."""
    place = {"loc": "lower left", "bbox_to_anchor": (-0.12, 1.0), "borderaxespad": 0.2}
    axes.legend(frameon=False, fontsize=LETTERS, ncols=columns, columnspacing=1.2, **place)


def whole_numbers(axes: Any) -> None:
    """Number the horizontal axis by whole numbers, as of epochs."""
    axes.xaxis.get_major_locator().set_params(integer=True)
