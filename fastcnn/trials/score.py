"""What a trial brought."""

from dataclasses import dataclass

from fastcnn.training.history import EpochRow


@dataclass(frozen=True)
class TrialScore:
    """The score of one training, and what it cost."""

    accuracy: float
    """Part of the held-out images that is right, 0 to 1."""
    loss: float
    """Mean loss on them, in nats."""
    epochs: int
    """Epochs that were trained."""
    precisions: dict[str, str]
    """What was measured, and computed in, by the kind of work."""
    history: tuple[EpochRow, ...]
    """Its rows."""
    seconds: float
    """Of the training; pictures had been decoded."""
