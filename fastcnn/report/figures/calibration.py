"""Whether a model is right as often as it says: Guo et al., arXiv 1706.04599."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from fastcnn.report.curves import COLOURS
from fastcnn.report.figures.panel import LETTERS, label, panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fastcnn.analysis.calibration import ConfidenceBin

LARGEST = 120
"""Area of the dot of the bin that holds the most images, in square points."""


def reliability_figure(bins: Sequence["ConfidenceBin"]) -> "Figure":
    """Draw the accuracy in each bin of confidence; a dot's area grows with the images in it."""
    figure, axes = panel((3.9, 3.3))
    axes.plot([0, 1], [0, 1], "--", color="#808080", linewidth=1)
    axes.annotate("as it should be", (0.28, 0.28), rotation=45, fontsize=LETTERS, va="bottom",
                  ha="center", rotation_mode="anchor", xytext=(0, 3), textcoords="offset points",
                  color="#808080")  # fmt: skip
    filled = [one for one in bins if one.n]
    most = max((one.n for one in filled), default=1)
    confidence, accuracy = [one.confidence for one in filled], [one.accuracy for one in filled]
    axes.vlines(confidence, confidence, accuracy, color=COLOURS[1], linewidth=1.5, alpha=0.7)
    sizes = [8 + LARGEST * one.n / most for one in filled]
    axes.scatter(confidence, accuracy, sizes, color=COLOURS[0], zorder=3)
    axes.set(xlim=(0, 1.03), ylim=(-0.03, 1.03), aspect="equal")
    label(axes, "what the model says (confidence)", "how often it is right")
    return figure


def coverage_figure(curves: Mapping[str, pd.DataFrame]) -> "Figure":
    """Draw accuracy against the part of the images that is answered, a line a model.

    Args:
        curves: of each model, rows of `coverage` and `accuracy`, 0 to 1.
    """
    figure, axes = panel()
    for place, (name, curve) in enumerate(curves.items()):
        drawn = curve.sort_values("coverage")
        colour = COLOURS[place % len(COLOURS)]
        axes.plot(100 * drawn["coverage"], 100 * drawn["accuracy"], color=colour, label=name)
    axes.set_xlim(0, 102)
    label(axes, "images it answers, the surest first (%)", "accuracy on those (%)")
    return figure
