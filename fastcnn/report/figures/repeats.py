"""What came of doing it several times: more images, other seeds, other folds."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastcnn.report.curves import COLOURS
from fastcnn.report.figures.panel import LETTERS, label, panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def learning_curve_figure(points: Sequence[Mapping[str, Any]]) -> "Figure":
    """Draw accuracy against the number of training images, on a logarithmic axis.

    Args:
        points: each with `n`, `accuracy`, `accuracies` (of the repeats), `accuracy_ci` (or None)
            and `training_accuracy` (or None), as `run.json` has them.
    """
    figure, axes = panel()
    sizes = [point["n"] for point in points]
    axes.plot(sizes, [point["accuracy"] for point in points], "o-", color=COLOURS[0],
              label="held out", markersize=5)  # fmt: skip
    for point in points:
        if point.get("accuracy_ci"):
            axes.vlines(point["n"], *point["accuracy_ci"], color=COLOURS[0], linewidth=1.2)
        drawn = point.get("accuracies", [])
        axes.plot([point["n"]] * len(drawn), drawn, ".", color=COLOURS[0], markersize=3, alpha=0.5)
    learned = [point for point in points if point.get("training_accuracy") is not None]
    if learned:
        heights = [point["training_accuracy"] for point in learned]
        axes.plot([point["n"] for point in learned], heights, ".:", color=COLOURS[1],
                  label="training")  # fmt: skip
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    label(axes, "training images", "accuracy")
    return figure


def repeats_figure(accuracies: Mapping[str, Sequence[float]], noun: str) -> "Figure":
    """Draw a line a repeat across the strategies, so that luck and strategy can be told apart.

    Args:
        accuracies: of each strategy, one a repeat in the same order.
        noun: what a repeat is, seed or fold.
    """
    figure, axes = panel()
    names = list(accuracies)
    places = range(len(names))
    for repeat in range(max(map(len, accuracies.values()))):
        heights = [accuracies[name][repeat] for name in names if repeat < len(accuracies[name])]
        axes.plot(places[: len(heights)], heights, "o-", color="#808080", markersize=4, alpha=0.7)
    for place, name in enumerate(names):
        mean = sum(accuracies[name]) / len(accuracies[name])
        axes.plot([place - 0.15, place + 0.15], [mean, mean], color=COLOURS[0], linewidth=3)
    axes.set_xticks(places, names, fontsize=LETTERS)
    axes.set_xlim(-0.5, len(names) - 0.5)
    label(axes, f"a grey line a {noun}, a bar the mean", "accuracy", legend=False)
    return figure
