"""What `cifar10.py` found, as a table and as curves of accuracy against minutes."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

FIGURE = Path(__file__).with_name("cifar10.svg")
Found = Mapping[str, Any]


def rows_of(trainings: Mapping[str, Found]) -> list[list[str]]:
    """Return a row a training: what, network, px, epochs, test accuracy, minutes, precision."""
    rows = []
    for name, entry in trainings.items():
        settings, runs = entry["found"]["settings"], entry["found"]["runs"]
        accuracies = [run["accuracy"] for run in runs]
        rows.append(
            [
                name,
                settings["arch"],
                str(runs[0]["size"]),
                settings.get("epochs", "") if settings["strategy"] != "head" else "",
                f"{statistics.mean(accuracies):.3f}",
                ", ".join(f"{accuracy:.3f}" for accuracy in accuracies),
                f"{statistics.median(run['minutes'] for run in runs):.1f}",
                runs[0]["precision"],
            ]
        )
    return rows


HEADS = ["", "network", "px", "epochs", "mean test accuracy", "each seed", "minutes", "precision"]


def step_rows(found: Found) -> list[list[str]]:
    """Return a row a network: images a second of the plain loop's steps and of fastcnn's."""
    return [
        [arch, *(f"{speeds[name]:.0f}" for name in ("plain", "fastcnn")), f"{_ratio(speeds):.2f}"]
        for arch, speeds in found.items()
    ]


STEP_HEADS = ["network", "plain float32", "fastcnn", "times faster"]


def _ratio(speeds: Mapping[str, float]) -> float:
    return speeds["fastcnn"] / speeds["plain"]


def draw_curves(trainings: Mapping[str, Found]) -> None:
    """Draw accuracy against minutes, a line a run, on a logarithmic scale of time."""
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for number, (name, entry) in enumerate(trainings.items()):
        for run in entry["found"]["runs"]:
            _line(axes, run["curve"], name, f"C{number}")
    axes.set(xscale="log", xlabel="minutes", ylabel="accuracy", ylim=(0.3, 1))
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(alpha=0.3)
    handles = {
        label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    axes.legend(handles.values(), handles.keys(), frameon=False)
    with plt.rc_context({"svg.hashsalt": FIGURE.name}):  # the same curves are the same file
        figure.savefig(FIGURE, metadata={"Date": None})
    plt.close(figure)


def _line(axes: Axes, curve: Sequence[Sequence[float]], label: str, colour: str) -> None:
    minutes, accuracies = zip(*curve, strict=True)
    axes.plot(minutes, accuracies, color=colour, linewidth=1, label=label)
    axes.plot(minutes[-1], accuracies[-1], "o", color=colour, markersize=4)
