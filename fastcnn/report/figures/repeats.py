"""What came of doing it several times, with other seeds or other folds."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from fastcnn.report.curves import COLOURS
from fastcnn.report.figures.panel import LETTERS, label, panel

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def repeated_accuracies(record: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return the accuracy of each repeat of each strategy that was trained several times."""
    return {
        name: [repeat["metrics"]["accuracy"] for repeat in entry["repeats"]]
        for name, entry in (record.get("strategies") or {}).items()
        if len(entry.get("repeats") or []) > 1
    }


def repeat_noun(record: Mapping[str, Any]) -> str:
    """Return what the repeats of a run are, fold or seed."""
    return "fold" if (record.get("settings") or {}).get("folds") else "seed"


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
        done = [name for name in names if repeat < len(accuracies[name])]
        heights = [100 * accuracies[name][repeat] for name in done]
        axes.plot(places[: len(heights)], heights, "o-", color="#808080", markersize=4, alpha=0.7)
    for place, name in enumerate(names):
        mean = 100 * fmean(accuracies[name])
        axes.plot([place - 0.15, place + 0.15], [mean, mean], color=COLOURS[0], linewidth=3)
    axes.set_xticks(places, names, fontsize=LETTERS)
    axes.set_xlim(-0.5, len(names) - 0.5)
    mark = "line" if len(names) > 1 else "dot"
    label(axes, f"a grey {mark} a {noun}, the bar their mean", "accuracy (%)", legend=False)
    return figure
