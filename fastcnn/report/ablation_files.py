"""What an ablation leaves: a line a training, a line an epoch, and a picture of the curves."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Any

from fastcnn.analysis.ablation import Cell
from fastcnn.files import write_csv
from fastcnn.report.pictures import write_figure
from fastcnn.run_folder import ABLATION_FIGURE_FILE, ABLATION_FILE, ABLATION_HISTORY_FILE
from fastcnn.training.history import COLUMNS, EpochRow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PLACE = ("row", "column", "seed")
FOUND = ("accuracy", "loss", "seconds")
DASHES = ("-", "--", ":")


def write_ablation(cells: Sequence[Cell], folder: Path, title: str) -> None:
    """Write all files anew, each of them whole."""
    write_csv(folder / ABLATION_FILE, (*PLACE, *FOUND, "reason"), map(_training, cells))
    write_csv(folder / ABLATION_HISTORY_FILE, (*PLACE, *COLUMNS), _epochs(cells))
    if any(cell.score for cell in cells):
        write_figure(ablation_figure(cells, title), folder / ABLATION_FIGURE_FILE)


def _training(cell: Cell) -> dict[str, Any]:
    """Return a row of `ablation.csv`; one that failed has no score but a reason."""
    found = {name: getattr(cell.score, name, None) for name in FOUND}
    return {**_place(cell), **found, "reason": cell.reason}


def _epochs(cells: Sequence[Cell]) -> Iterator[dict[str, Any]]:
    for cell in cells:
        for row in cell.score.history if cell.score is not None else ():
            yield {**_place(cell), **asdict(row)}


def _place(cell: Cell) -> dict[str, Any]:
    return {name: getattr(cell, name) for name in PLACE}


def ablation_figure(cells: Sequence[Cell], title: str) -> "Figure":
    """Draw held-out loss (left) and accuracy (right) by epoch, a line a row, a pair a column.

    Each line is the mean over the seeds.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    columns = list(dict.fromkeys(cell.column for cell in cells if cell.score is not None))
    rows = list(dict.fromkeys(cell.row for cell in cells))
    figure = Figure(figsize=(11, 0.8 + 3.6 * len(columns)), layout="constrained")
    figure.suptitle(title, fontsize=11, x=0.01, ha="left")
    panels = figure.subplots(len(columns), 2, squeeze=False)
    lines: dict[str, Any] = {}
    for column, (loss, accuracy) in zip(columns, panels, strict=True):
        for place, row in enumerate(rows):
            own = [cell for cell in cells if (cell.row, cell.column) == (row, column)]
            if histories := [cell.score.history for cell in own if cell.score is not None]:
                lines[row] = _draw(loss, accuracy, histories, place)
        loss.set(title=column, xlabel="epoch", ylabel="loss on held-out images (nats)")
        accuracy.set(title=column, xlabel="epoch", ylabel="accuracy on held-out images (%)")
        for axes in (loss, accuracy):
            axes.spines[["top", "right"]].set_visible(False)
            axes.grid(alpha=0.25)
            axes.xaxis.get_major_locator().set_params(integer=True)
    failed = {f"{row} (failed)": Line2D([], [], linestyle="") for row in rows if row not in lines}
    named = {**lines, **failed}
    figure.legend(named.values(), named, loc="outside right upper", frameon=False)
    return figure


def _draw(loss: Any, accuracy: Any, histories: Sequence[tuple[EpochRow, ...]], place: int) -> Any:
    """Draw one row in both panels, and return its line."""
    longest = max(map(len, histories))  # an early stop leaves some out
    epochs = [
        [rows[number] for rows in histories if number < len(rows)] for number in range(longest)
    ]
    numbers = range(1, len(epochs) + 1)
    look = {
        "color": f"C{place % 10}",
        "linestyle": DASHES[place // 10 % len(DASHES)],
        "marker": "o",
        "markersize": 3,
    }
    loss.plot(numbers, [fmean(row.valid_loss for row in rows) for rows in epochs], **look)
    percent = [100 * fmean(row.accuracy for row in rows) for rows in epochs]
    return accuracy.plot(numbers, percent, **look)[0]
