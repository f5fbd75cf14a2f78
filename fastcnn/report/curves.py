"""Loss and accuracy by epoch, one picture for all strategies of a run."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from fastcnn.files import write_bytes
from fastcnn.run_folder import CURVES_FILE, HISTORY_FILE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
"""Okabe and Ito's, told apart with any colour vision."""


def write_curves(folder: Path, strategies: Sequence[str], title: str) -> None:
    """Write `curves.png` from the histories of the strategies in a run's folder."""
    histories = {name: pd.read_csv(folder / name / HISTORY_FILE) for name in strategies}
    picture = io.BytesIO()
    curves_figure(histories, title).savefig(picture, format="png", dpi=120)
    write_bytes(folder / CURVES_FILE, picture.getvalue())


def curves_figure(histories: Mapping[str, pd.DataFrame], title: str) -> "Figure":
    """Draw loss (left) and accuracy (right) over the epochs of each history."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    loss, accuracy = figure.subplots(1, 2)
    for (name, history), colour in zip(histories.items(), _colours(len(histories)), strict=True):
        epochs = history["epoch"]
        loss.plot(epochs, history["valid_loss"], "o-", color=colour, label=f"{name}, held out")
        loss.plot(epochs, history["train_loss"], ".:", color=colour, label=f"{name}, training")
        accuracy.plot(epochs, 100 * history["accuracy"], "o-", color=colour, label=name)
        _mark_phases(accuracy, history, colour)
    _dress(loss, "Loss (nats)")
    _dress(accuracy, "Accuracy on held-out images (%)")
    return figure


def _mark_phases(axes: Any, history: pd.DataFrame, colour: str) -> None:
    """Draw a line where a new phase begins, between two epochs."""
    begins = history["epoch"][history["phase"] != history["phase"].shift()].iloc[1:]
    for epoch in begins:
        axes.axvline(epoch - 0.5, color=colour, linewidth=0.8, linestyle="--", alpha=0.6)
        axes.annotate(
            " unfrozen", (epoch - 0.5, 0.02), xycoords=("data", "axes fraction"), color=colour
        )


def _dress(axes: Any, title: str) -> None:
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False, fontsize=8)


def _colours(count: int) -> list[str]:
    return [COLOURS[place % len(COLOURS)] for place in range(count)]
