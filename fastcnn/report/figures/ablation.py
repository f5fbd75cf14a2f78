"""The rows of an ablation beside each other."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastcnn.report.curves import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def ablation_rows_figure(lines: Sequence[Mapping[str, Any]], title: str) -> "Figure":
    """Draw the accuracy of each row with its interval, the seeds as small dots; failures in words.

    Args:
        lines: each with `row`, `column`, `accuracies` (of the seeds), `accuracy` (None where all of
            them failed) and `accuracy_ci` (or None), as `ablation` of a record has them.
        title: what was compared.
    """
    from matplotlib.figure import Figure

    rows = list(dict.fromkeys(line["row"] for line in lines))
    columns = list(dict.fromkeys(line["column"] for line in lines))
    figure = Figure(figsize=(7, 1.2 + 0.3 * len(rows) * len(columns)), layout="constrained")
    axes = figure.subplots()
    for line in lines:
        number = columns.index(line["column"])
        place = rows.index(line["row"]) + 0.7 * (number + 0.5) / len(columns) - 0.35
        colour = COLOURS[number % len(COLOURS)]
        if line["accuracy"] is None:
            foot = axes.get_yaxis_transform()
            words = f"{line['column']}: failed"
            axes.text(0.01, place, words, color=colour, fontsize=8, va="center", transform=foot)
            continue
        percent = [100 * accuracy for accuracy in line["accuracies"]]
        axes.plot(percent, [place] * len(percent), ".", alpha=0.5, color=colour)
        mean = 100 * line["accuracy"]
        axes.plot(mean, place, "D", markersize=5, color=colour, label=line["column"])
        if line["accuracy_ci"]:
            axes.hlines(place, *(100 * bound for bound in line["accuracy_ci"]), color=colour)
    axes.set_yticks(range(len(rows)), rows, parse_math=False)
    axes.set_ylim(len(rows) - 0.5, -0.5)  # the first row on top
    axes.set_xlabel("accuracy on held-out images (%)")
    axes.set_title(title, fontsize=11, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", alpha=0.3)
    if len(columns) > 1:
        handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        axes.legend(handles.values(), handles, frameon=False, fontsize=8)
    return figure
