"""Loss and accuracy by epoch, one picture for all strategies of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fastcnn.report.figures.panel import label, legend_above, panel
from fastcnn.report.pictures import write_figure
from fastcnn.run_folder import CURVES_FILE, HISTORY_FILE
from fastcnn.training.history import SOLVED

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito's, told apart with any colour vision."""


def write_curves(folder: Path, strategies: Sequence[str], title: str) -> None:
    """Write `curves.png` from the histories of the strategies in a run's folder."""
    histories = {name: pd.read_csv(folder / name / HISTORY_FILE) for name in strategies}
    write_figure(curves_figure(histories, title), folder / CURVES_FILE)


def curves_figure(histories: Mapping[str, pd.DataFrame], title: str) -> "Figure":
    """Draw loss (left) and accuracy (right) over the epochs of each history.

    A head that was solved has no epochs: it is a level line, or the point at 0 that the epochs
    after it start from.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    loss, accuracy = figure.subplots(1, 2)
    _draw_losses(loss, histories)
    _draw_accuracies(accuracy, histories)
    return figure


def loss_figure(histories: Mapping[str, pd.DataFrame]) -> "Figure":
    """Draw the loss alone."""
    figure, axes = panel(fit=True)  # its legend stands above
    _draw_losses(axes, histories)
    _name_vertically(axes)
    return figure


def accuracy_figure(histories: Mapping[str, pd.DataFrame]) -> "Figure":
    """Draw the accuracy alone."""
    figure, axes = panel(fit=True)  # its legend stands above
    _draw_accuracies(axes, histories)
    _name_vertically(axes)
    return figure


def _draw_losses(axes: Any, histories: Mapping[str, pd.DataFrame]) -> None:
    for place, (name, history) in enumerate(histories.items()):
        rows, colour = _by_epoch(history), COLOURS[place % len(COLOURS)]
        _draw(axes, rows, "valid_loss", "o-", color=colour, label=f"{name}, held out")
        _draw(axes, rows, "train_loss", ".:", color=colour, label=f"{name}, training")
    _dress(axes, "Loss (nats)")


def _draw_accuracies(axes: Any, histories: Mapping[str, pd.DataFrame]) -> None:
    for place, (name, history) in enumerate(histories.items()):
        rows, colour = _by_epoch(history), COLOURS[place % len(COLOURS)]
        _draw(axes, rows, "accuracy", "o-", color=colour, label=name)
        _mark_phases(axes, rows, colour, height=0.35 + 0.15 * (place % 4))
    _dress(axes, "Accuracy on held-out images (%)")


def _by_epoch(history: pd.DataFrame) -> pd.DataFrame:
    """Number the epochs from 1, accuracy in percent; a solver's last stage is number 0."""
    is_stage = history["phase"] == SOLVED
    last_stage = history[is_stage].tail(1)
    epochs = pd.concat([last_stage, history[~is_stage]])
    first = 1 - len(last_stage)
    numbered = epochs.assign(epoch=range(first, first + len(epochs)))
    return numbered.assign(accuracy=100 * numbered["accuracy"])


def _draw(axes: Any, rows: pd.DataFrame, column: str, style: str, **look: Any) -> None:
    if list(rows["epoch"]) == [0]:
        label = f"{look.pop('label')} (solved)"
        line = "--" if style.endswith("-") else ":"
        axes.axhline(rows[column].iloc[0], linestyle=line, label=label, **look)
    else:
        axes.plot(rows["epoch"], rows[column], style, **look)


def _mark_phases(axes: Any, rows: pd.DataFrame, colour: str, height: float) -> None:
    """Draw a line where a new phase begins, between two epochs, with the phase's name along it."""
    begins = rows[rows["phase"] != rows["phase"].shift()].iloc[1:]
    for phase, epoch in zip(begins["phase"], begins["epoch"], strict=True):
        axes.axvline(epoch - 0.5, color=colour, linewidth=0.8, linestyle="--", alpha=0.6)
        place = {"xytext": (2, 0), "textcoords": "offset points", "va": "center", "rotation": 90}
        at = {"xy": (epoch - 0.5, height), "xycoords": ("data", "axes fraction")}
        axes.annotate(phase, **at, **place, color=colour, fontsize=7)


def _name_vertically(axes: Any) -> None:
    """Write the title of a panel along its axis: what stands above it is the page's."""
    label(axes, "epoch", axes.get_title(loc="left").lower(), legend=False)
    axes.set_title("", loc="left")
    legend_above(axes)


def _dress(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False, fontsize=8)
