"""What an exported model says of new images: a table of predictions, with labels or without."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcnn.analysis.against_run import AgainstRun
from fastcnn.analysis.predictions import prediction_table, unlabelled_table
from fastcnn.data.loading import relative_to
from fastcnn.inference.load import find_model
from fastcnn.inference.predictor import open_trusted
from fastcnn.narrator import Narrator
from fastcnn.new_images import NewImages, named_part
from fastcnn.places import user_path
from fastcnn.settings import Settings, resolve_settings
from fastcnn.training_run import TrainingRun, training_run_of

if TYPE_CHECKING:
    import pandas as pd

FindImages = Callable[
    [str | Path, str | None, Sequence[str], Settings, Narrator],
    NewImages,
]
"""Data, part, the model's classes, settings, narrator: `labelled_images` or `any_images`."""


@dataclass(frozen=True)
class Answers:
    """A model's answers."""

    model_file: Path
    """The exported model."""
    images: NewImages
    """What it was asked of."""
    table: "pd.DataFrame"
    """A row an image: with labels the table of predictions, without them as much as there is."""
    device: str
    """What it was computed on."""
    training_run: TrainingRun | None
    """The run that the model came from; None where none is known."""
    against_run: AgainstRun | None
    """The score beside that of this run; None without labels, too."""

    @property
    def model_name(self) -> str:
        """The strategy that trained the model where its run is known, else its file's name."""
        return self.training_run.strategy if self.training_run else self.model_file.name


def answers_of(
    model: str | Path,
    data: str | Path,
    find_images: FindImages,
    *,
    part: str | None,
    trust_file: bool,
    narrator: Narrator,
    settings: Mapping[str, Any],
) -> Answers:
    """Ask a model of new images.

    Args:
        model: see `fastcnn.load`.
        data: folder of classes, table or archive, as `fastcnn train` takes it.
        find_images: says which images these are.
        part: train, valid or test, where only that part is meant; None takes everything.
        trust_file: vouch for a `.pkl` that no run of this user wrote.
        narrator: where notes and progress go.
        settings: those that say how to understand the data (`label_regex`, `image_col` …).

    Raises:
        FastcnnError: there is no such model or data, or no image that can be used.
    """
    part = named_part(part)
    file = find_model(user_path(model))
    predictor = open_trusted(file, trust_file=trust_file)
    given = {name: value for name, value in settings.items() if value is not None}
    images = find_images(data, part, predictor.classes, resolve_settings(given), narrator)
    paths = [relative_to(images.folder, path) for path in images.paths]
    probabilities = predictor.probabilities(images.paths)
    origin, device = training_run_of(file), str(predictor.dls.device)
    if not images.labels:
        table = unlabelled_table(paths, probabilities, predictor.classes)
        return Answers(file, images, table, device, origin, None)
    table = prediction_table(paths, images.labels, probabilities, predictor.classes)
    against = origin.compare(table, images.paths) if origin else None
    return Answers(file, images, table, device, origin, against)
