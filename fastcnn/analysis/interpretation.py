"""fastai's interpretation of a classifier, answered by the stored table of predictions."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from fastai.data.load import DataLoader
from fastai.interpret import ClassificationInterpretation
from fastai.learner import Learner
from fastai.torch_core import TensorBase
from sklearn.metrics import classification_report
from torch import Tensor

from fastcnn.analysis.confusion import confusion_matrix
from fastcnn.analysis.predictions import places_of, probabilities_of
from fastcnn.errors import DataError
from fastcnn.inference.labelled import labelled_loaders
from fastcnn.inference.predictor import open_trusted


class StoredInterpretation(ClassificationInterpretation):
    """A `ClassificationInterpretation` that predicts nothing: every answer stands in a table.

    Only what draws pictures (`plot_top_losses`, `show_results`) opens files, those few.
    """

    def __init__(self, learn: Learner, dl: DataLoader, table: pd.DataFrame) -> None:
        """Interpret what `learn` said of the images of `dl`.

        Args:
            learn: the model that made the table.
            dl: labelled images, each row's in the order of the rows.
            table: of predictions.
        """
        super().__init__(learn, dl, TensorBase(_tensor(table["loss"].to_numpy(np.float32))))
        self.table = table
        names = [str(name) for name in self.vocab]
        self.targets, self.predicted = (
            _tensor(places_of(table[column], names)) for column in ("target", "predicted")
        )
        self.probabilities = _tensor(probabilities_of(table).astype(np.float32))

    def confusion_matrix(self) -> npt.NDArray[np.int64]:
        """Return how often each class was taken for each, (C, C): a row a true class."""
        return confusion_matrix(self.table, [str(name) for name in self.vocab])

    def print_classification_report(self) -> None:
        """Print scikit-learn's report."""
        names = [str(name) for name in self.vocab]
        print(
            classification_report(
                self.targets, self.predicted, labels=range(len(names)), target_names=names
            )
        )

    def __getitem__(self, idxs: Any) -> tuple[Any, Tensor, Tensor, Tensor, Tensor]:
        """Return inputs, probabilities, targets, predicted classes and losses of some images.

        Raises:
            DataError: an image is not where it was.
        """
        places = np.atleast_1d(np.asarray(idxs)).tolist()
        _require_there([self.dl.items[place] for place in places])
        loader = self.dl.new(get_idxs=lambda: places, n=len(places), bs=max(len(places), 1))
        inputs = loader.one_batch()[0]
        kept = (self.probabilities, self.targets, self.predicted, self.losses)
        preds, targets, predicted, losses = (values[places] for values in kept)
        return inputs, preds, targets, predicted, losses


def open_interpretation(
    model_file: Path, table: pd.DataFrame, images: Path
) -> StoredInterpretation:
    """Return the interpretation of an exported model, whose `learn.dls.valid` shows the images.

    Args:
        model_file: of a model that is trusted.
        table: what it said of the images, each a class of its own.
        images: the folder that the paths of the table are relative to.

    Raises:
        UsageError: the file is no fastai learner.
        UnsafeFileError: no run of this user wrote it.
    """
    predictor = open_trusted(model_file)
    learner, paths = predictor.learner, [images / path for path in table["path"]]
    learner.dls = labelled_loaders(predictor.dls, paths, list(table["target"]))
    return StoredInterpretation(learner, learner.dls.valid, table)


def _tensor(values: npt.NDArray[Any]) -> Tensor:
    return torch.from_numpy(values.copy())


def _require_there(files: Sequence[Path]) -> None:
    gone = [file for file in files if not file.is_file()]
    if gone:
        raise DataError(
            f"{gone[0]} is gone, which the run was scored on",
            hint="bring the images back to where they were; what draws none works without them",
        )
