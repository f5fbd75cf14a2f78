"""A score on new images beside that of the run in which the model was trained."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastcnn.analysis.intervals import (
    SIGNIFICANT,
    Interval,
    Score,
    fisher_p_value,
    newcombe_interval,
)


@dataclass(frozen=True)
class AgainstRun:
    """What a model scores here, and what it scored there."""

    run: Path
    """The run's folder."""
    strategy: str
    """What trained the model."""
    training: Score
    """On the images held out there."""
    here: Score
    """On all images that were scored now."""
    new: Score | None
    """On those of them that the run does not know; None where it knows all."""
    n_learned: int
    """How many of them the model learned from."""
    n_held_out: int
    """How many of them were held out there."""
    was_selected: bool = False
    """Whether an epoch or a trial was chosen by the run's score, which is then optimistic."""

    @property
    def compared(self) -> Score:
        """What is compared: the score on images that are new to the run, where there are any."""
        return self.new or self.here

    @property
    def difference(self) -> float:
        """Accuracy here less that in the run, -1 to 1."""
        return self.compared.accuracy - self.training.accuracy

    @property
    def difference_ci(self) -> Interval:
        """Its 95 % interval, Newcombe's for different images."""
        return newcombe_interval(self.compared, self.training)

    @property
    def p_value(self) -> float:
        """Of Fisher's exact test, two-sided."""
        return fisher_p_value(self.compared, self.training)

    @property
    def is_more_than_chance(self) -> bool:
        """Whether new images are there, on which chance hardly makes such a difference."""
        return self.new is not None and self.p_value < SIGNIFICANT

    def to_json(self) -> dict[str, Any]:
        """Return the entry `training_run` of `fastcnn evaluate --json`."""
        return {
            "run": str(self.run),
            "strategy": self.strategy,
            "accuracy": self.training.accuracy,
            "n": self.training.total,
            "difference": self.difference,
            "difference_ci": list(self.difference_ci),
            "p_value": self.p_value,
            "n_compared": self.compared.total,
            "n_learned_from": self.n_learned,
            "n_held_out": self.n_held_out,
        }
