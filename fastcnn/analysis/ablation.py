"""What an ablation found: every training, and what the rows make of their seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from fastcnn.analysis.repeated import mean_accuracy_interval
from fastcnn.training.history import EpochRow


@dataclass(frozen=True)
class Cell:
    """One training."""

    row: str
    """What it changes."""
    column: str
    """And besides."""
    seed: int
    """Of split, order and first weights."""
    accuracy: float
    """Part of the held-out images that is right, 0 to 1."""
    loss: float
    """Mean loss on them, in nats."""
    seconds: float
    """That it took."""
    epochs: tuple[EpochRow, ...]
    """Its history."""


def summary(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return a line for each row and column: means over the seeds, with Student's 95 % interval."""
    lines = []
    for row, column in dict.fromkeys((cell.row, cell.column) for cell in cells):
        own = [cell for cell in cells if (cell.row, cell.column) == (row, column)]
        accuracies = [cell.accuracy for cell in own]
        lines.append(
            {
                "row": row,
                "column": column,
                "seeds": [cell.seed for cell in own],
                "accuracies": accuracies,
                "accuracy": fmean(accuracies),
                "accuracy_ci": mean_accuracy_interval(accuracies),
                "loss": fmean(cell.loss for cell in own),
                "seconds": fmean(cell.seconds for cell in own),
            }
        )
    return lines
