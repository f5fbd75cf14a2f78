"""A learning curve as a picture, as a file of numbers, and in the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from fastcnn.analysis.learning_curve import CurvePoint
from fastcnn.files import write_csv
from fastcnn.report.curves import COLOURS
from fastcnn.report.figures.panel import label, panel
from fastcnn.report.pictures import write_figure
from fastcnn.run_folder import LEARNING_CURVE_FIGURE_FILE, LEARNING_CURVE_FILE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("n", "share", "draw", "accuracy", "training_accuracy")
APART = 1.12
"""Factor between two sizes whose labels do not touch."""
HELD_OUT, LEARNED = COLOURS[:2]


def write_learning_curve(
    points: Sequence[CurvePoint], curve: Mapping[str, Any], folder: Path, title: str
) -> None:
    """Write `learning_curve.csv`, a row a head, and `learning_curve.png`."""
    rows = [
        dict(zip(COLUMNS, (point.n, round(point.share, 4), draw, *accuracies), strict=True))
        for point in points
        for draw, accuracies in enumerate(
            zip(point.accuracies, point.training_accuracies, strict=True), 1
        )
    ]
    write_csv(folder / LEARNING_CURVE_FILE, COLUMNS, rows)
    write_figure(learning_curve_figure(curve, title), folder / LEARNING_CURVE_FIGURE_FILE)


def learning_curve_figure(curve: Mapping[str, Any], title: str) -> "Figure":
    """Draw accuracy over the number of training images, each doubling equally wide.

    Args:
        curve: the record's `learning_curve`.
        title: what the images are.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.subplots()
    _draw(axes, curve)
    axes.set_title(f"{title}: a linear head on a frozen body", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    label(axes, "images to learn from (dots: random subsets; line: their mean)", "accuracy (%)")
    return figure


def learning_curve_panel(curve: Mapping[str, Any]) -> "Figure":
    """Draw the same small, for a page that says what it is about."""
    figure, axes = panel()
    _draw(axes, curve)
    label(axes, "images to learn from (dots: random subsets)", "accuracy (%)")
    return figure


def _draw(axes: Any, curve: Mapping[str, Any]) -> None:
    from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

    points = curve["points"]
    sizes = [point["n"] for point in points]
    learned = [100 * point["training_accuracy"] for point in points]
    axes.plot(sizes, learned, ".:", color=LEARNED, label="the images it learned from")
    for point in points:
        draws = [100 * accuracy for accuracy in point["accuracies"]]
        axes.plot([point["n"]] * len(draws), draws, "o", color=HELD_OUT, alpha=0.3, markersize=4)
    means = [100 * point["accuracy"] for point in points]
    axes.plot(sizes, means, "o-", color=HELD_OUT, label=f"{curve['n_valid']:,} held-out images")
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(_apart(sizes)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _apart(sizes: Sequence[int]) -> list[int]:
    """Return the sizes that can be labelled without one label touching the next."""
    chosen = [sizes[-1]]
    for size in reversed(sizes):
        if APART * size <= chosen[-1]:
            chosen.append(size)
    return chosen


def learning_curve_table(curve: Mapping[str, Any]) -> Table:
    """Return the points as a table under 80 columns wide."""
    table = Table(
        title="learning curve: a linear head on the frozen body",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="",
    )
    for heading in ("images", "accuracy", "95 % interval", "on training images"):
        table.add_column(heading, justify="right")
    for point in curve["points"]:
        interval = point["accuracy_ci"]
        table.add_row(
            f"{point['n']:,}",
            f"{point['accuracy']:.3f}",
            f"{interval[0]:.3f} to {interval[1]:.3f}" if interval else "",
            f"{point['training_accuracy']:.3f}",
        )
    return table
