"""Scoring an exported model on labelled images, as `fastcnn evaluate` does."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.analysis.against_run import AgainstRun
from fastcnn.analysis.intervals import wilson_interval
from fastcnn.analysis.metrics import metrics_of
from fastcnn.answers import answers_of
from fastcnn.narrator import Narrator
from fastcnn.new_images import labelled_images

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Evaluation:
    """What a model scored on labelled images."""

    data: str
    """Where they lie."""
    table: "pd.DataFrame"
    """The table of predictions, a row an image."""
    skipped: dict[str, str]
    """Images that were not scored, and why."""
    training_run: AgainstRun | None = None
    """The same beside the run that the model came from; None where none is known."""

    @property
    def metrics(self) -> dict[str, Any]:
        """Return what `run.json` holds of a part, of these images."""
        return metrics_of(self.table)

    def per_class(self) -> list[dict[str, Any]]:
        """Return images, right ones and the 95 % interval of each class."""
        rows = []
        for name, part in self.table.groupby("target"):
            n_right = int(part["correct"].sum())
            low, high = wilson_interval(n_right, len(part))
            accuracy = n_right / len(part)
            rows.append(
                {"class": name, "n": len(part), "accuracy": accuracy, "accuracy_ci": [low, high]}
            )
        return rows

    def to_json(self) -> dict[str, Any]:
        """Return the document of `fastcnn evaluate --json`."""
        return {
            "n": len(self.table),
            "metrics": self.metrics,
            "per_class": self.per_class(),
            "training_run": self.training_run.to_json() if self.training_run else None,
            "skipped": [{"path": path, "reason": why} for path, why in self.skipped.items()],
        }


def evaluate(
    model: str | Path,
    data: str | Path,
    *,
    part: str | None = None,
    trust_file: bool = False,
    narrator: Narrator | None = None,
    **settings: Any,
) -> Evaluation:
    """Score the exported model of a run, or of a `.pkl`, on labelled images.

    Args:
        model: see `fastcnn.load`.
        data: folder of classes, table or archive, as `fastcnn train` takes it.
        part: train, valid or test, where only that part is to be scored; None takes everything.
        trust_file: vouch for a `.pkl` that no run of this user wrote.
        narrator: where notes and progress go.
        **settings: those that say how to understand the data (`label_regex`, `image_col` …).

    Raises:
        FastcnnError: there is no such model or data, or no image of a class that it knows.
    """
    answers = answers_of(
        model,
        data,
        labelled_images,
        part=part,
        trust_file=trust_file,
        narrator=narrator or Narrator(),
        settings=settings,
    )
    return Evaluation(str(data), answers.table, answers.images.skipped, answers.against_run)
