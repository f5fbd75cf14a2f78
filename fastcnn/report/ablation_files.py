"""What an ablation leaves: `ablation.csv`, a line a training, and `ablation.png`, its curves."""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from fastcnn.analysis.ablation import Cell
from fastcnn.files import write_csv
from fastcnn.report.pictures import write_figure
from fastcnn.run_folder import ABLATION_FIGURE_FILE, ABLATION_FILE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = ("row", "column", "seed", "accuracy", "loss", "seconds")
DASHES = ("-", "--", ":")


def write_ablation(cells: Sequence[Cell], folder: Path, title: str) -> None:
    """Write both files anew, each of them whole."""
    rows = ({name: getattr(cell, name) for name in COLUMNS} for cell in cells)
    write_csv(folder / ABLATION_FILE, COLUMNS, rows)
    write_figure(ablation_figure(cells, title), folder / ABLATION_FIGURE_FILE)


def ablation_figure(cells: Sequence[Cell], title: str) -> "Figure":
    """Draw held-out loss (left) and accuracy (right) by epoch, a line a row, a pair a column.

    Each line is the mean over the seeds.
    """
    from matplotlib.figure import Figure

    columns = list(dict.fromkeys(cell.column for cell in cells))
    rows = list(dict.fromkeys(cell.row for cell in cells))
    figure = Figure(figsize=(11, 0.8 + 3.6 * len(columns)), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    panels = figure.subplots(len(columns), 2, squeeze=False)
    for column, (loss, accuracy) in zip(columns, panels, strict=True):
        for place, row in enumerate(rows):
            own = [cell for cell in cells if (cell.row, cell.column) == (row, column)]
            if own:
                _draw(loss, accuracy, own, place)
        loss.set(title=column, xlabel="Epoch", ylabel="Loss on held-out images (nats)")
        accuracy.set(title=column, xlabel="Epoch", ylabel="Accuracy on held-out images (%)")
        for axes in (loss, accuracy):
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.25)
            axes.xaxis.get_major_locator().set_params(integer=True)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside right upper", frameon=False)
    return figure


def _draw(loss: Any, accuracy: Any, cells: Sequence[Cell], place: int) -> None:
    longest = max(len(cell.epochs) for cell in cells)  # an early stop leaves some out
    epochs = [
        [cell.epochs[number] for cell in cells if number < len(cell.epochs)]
        for number in range(longest)
    ]
    numbers = range(1, len(epochs) + 1)
    look = {
        "color": f"C{place % 10}",
        "linestyle": DASHES[place // 10 % len(DASHES)],
        "marker": "o",
        "markersize": 3,
        "label": cells[0].row,
    }
    loss.plot(numbers, [fmean(row.valid_loss for row in rows) for rows in epochs], **look)
    percent = [100 * fmean(row.accuracy for row in rows) for rows in epochs]
    accuracy.plot(numbers, percent, **look)
