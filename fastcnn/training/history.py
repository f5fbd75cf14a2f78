"""What each epoch brought, over all phases: fastai's own recorders forget all but the last."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from fastcnn.files import write_csv

SOLVED = "solve"
"""What the phase of a history is called whose rows are the stages of a solver."""


@dataclass(frozen=True)
class EpochRow:
    """One row of `history.csv`."""

    phase: str
    """Name of the phase."""
    epoch: int
    """Counted from 1 through all phases."""
    train_loss: float
    """Smoothed loss on augmented training batches at the end of the epoch, or a solver's mean."""
    valid_loss: float
    """Mean loss on the validation images."""
    accuracy: float
    """Part of the validation images that is right, 0 to 1."""
    lr_head: float | None
    """Highest learning rate of the head in the epoch, None where it is solved."""
    lr_body: float | None
    """Highest learning rate of the topmost body group, None where it is frozen."""
    seconds: float
    """Wall-clock time of the epoch, validation included."""


COLUMNS = [field.name for field in fields(EpochRow)]


class History:
    """The rows of one strategy; the file is written anew, whole, after every epoch.

    Whoever else wants to see each row, and may end the training by raising, is a `watcher`.
    """

    def __init__(
        self, path: Path | None, watcher: Callable[[EpochRow], None] | None = None
    ) -> None:
        """Start an empty history that will be kept at `path`; None keeps it in memory alone."""
        self.path, self.watcher = path, watcher
        self.rows: list[EpochRow] = []

    def add(self, row: EpochRow) -> None:
        """Append a row, write the file, and show the row to the watcher."""
        self.rows.append(row)
        if self.path is not None:
            write_csv(self.path, COLUMNS, (asdict(one) for one in self.rows))
        if self.watcher is not None:
            self.watcher(row)
