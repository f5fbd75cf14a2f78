"""Learning rates: what a training used epoch by epoch, and the range test that chose one."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from fastcnn.report.curves import COLOURS
from fastcnn.report.figures.panel import LETTERS, label, legend_above, panel, whole_numbers
from fastcnn.report.rates import draw_rates

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEW_DECADES = 50.0
"""Highest rate for each lowest, up to which twos and fives are numbered too."""


def learning_rates_figure(histories: Mapping[str, pd.DataFrame]) -> "Figure | None":
    """Draw the highest rate of head and body in each epoch; None where nothing had a rate."""
    figure, axes = panel(fit=True)  # numbers on a logarithmic axis may be long
    for place, (name, history) in enumerate(histories.items()):
        colour = COLOURS[place % len(COLOURS)]
        for column, style in (("lr_head", "o-"), ("lr_body", "s--")):
            rows = history[history[column].notna()]
            if len(rows):
                part = column.removeprefix("lr_")
                line = {"color": colour, "markersize": 4, "label": f"{name}, {part}"}
                axes.plot(rows["epoch"], rows[column], style, **line)
    if not axes.lines:
        return None
    _number_rates(axes)
    whole_numbers(axes)
    label(axes, "epoch", "highest learning rate", legend=False)
    legend_above(axes)
    return figure


def _number_rates(axes: Any) -> None:
    """Number a logarithmic axis: of a short one also what lies between two powers of ten."""
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    steps = (1.0,) if high > FEW_DECADES * low else (1.0, 2.0, 5.0)
    axes.yaxis.set_major_locator(LogLocator(subs=steps))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def range_test_figure(
    curve: Sequence[tuple[float, float]], suggestions: Mapping[str, float]
) -> "Figure":
    """Draw the smoothed loss over the rate, with the readings of the curve marked."""
    figure, axes = panel()
    draw_rates(axes, curve, suggestions, markersize=6)
    label(axes, "learning rate", "smoothed loss")
    axes.legend(frameon=False, fontsize=LETTERS)
    return figure
