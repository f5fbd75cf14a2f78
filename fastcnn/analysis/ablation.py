"""What an ablation found: every training, and what the rows make of their seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from fastcnn.analysis.repeated import accuracy_margin, mean_accuracy_interval
from fastcnn.trials.score import TrialScore


@dataclass(frozen=True)
class Cell:
    """One training: a row, a column and a seed."""

    row: str
    """What it changes."""
    column: str
    """And besides."""
    seed: int
    """Of split, order and first weights."""
    changes: Mapping[str, Any]
    """The settings that row and column set themselves."""
    network: str | None = None
    """The `--arch` of one of fastcnn's own networks with every setting named."""
    score: TrialScore | None = None
    """What it brought; None where it failed."""
    reason: str | None = None
    """Why it failed."""


def summary(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """Return a line for each row and column: means over the seeds, with Student's 95 % interval.

    Of a row and column all of whose trainings failed, accuracy, loss and seconds are None.
    """
    places = dict.fromkeys((cell.row, cell.column) for cell in cells)
    return [_line([cell for cell in cells if (cell.row, cell.column) == place]) for place in places]


def _line(cells: Sequence[Cell]) -> dict[str, Any]:
    scores = {cell.seed: cell.score for cell in cells if cell.score is not None}
    accuracies = [score.accuracy for score in scores.values()]
    precisions = {name: one for score in scores.values() for name, one in score.precisions.items()}
    return {
        "row": cells[0].row,
        "column": cells[0].column,
        "settings": dict(cells[0].changes),
        "network": cells[0].network,
        "precisions": precisions,
        "seeds": list(scores),
        "accuracies": accuracies,
        "accuracy": fmean(accuracies) if scores else None,
        "accuracy_ci": mean_accuracy_interval(accuracies) if scores else None,
        "accuracy_margin": accuracy_margin(accuracies) if scores else None,
        "loss": fmean(score.loss for score in scores.values()) if scores else None,
        "seconds": fmean(score.seconds for score in scores.values()) if scores else None,
        "failed": [{"seed": cell.seed, "reason": cell.reason} for cell in cells if cell.reason],
    }
