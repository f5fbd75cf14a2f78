"""Which classes are taken for which others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from fastcnn.analysis.predictions import classes_of, places_of


@dataclass(frozen=True)
class Confusion:
    """Images of one class that were taken for another."""

    target: str
    """Their class."""
    predicted: str
    """What they were taken for."""
    count: int
    """How many there are."""
    share_of_target: float
    """Part of all images of their class, 0 to 1."""


def confusion_matrix(
    table: pd.DataFrame, classes: Sequence[str] | None = None
) -> npt.NDArray[np.int64]:
    """Return how often each class was taken for each, (C, C): a row a true class.

    Args:
        table: of predictions.
        classes: the order of rows and columns; None takes the model's. Images of other classes,
            and such as were taken for others, are left out.
    """
    names = classes_of(table) if classes is None else list(classes)
    target, predicted = (places_of(table[column], names) for column in ("target", "predicted"))
    counted = (target >= 0) & (predicted >= 0)
    cells = target[counted] * len(names) + predicted[counted]
    counts = np.bincount(cells, minlength=len(names) ** 2).astype(np.int64)
    return counts.reshape(len(names), len(names))


def most_confused(table: pd.DataFrame, min_count: int = 1) -> list[Confusion]:
    """Return the pairs of classes that were confused at least `min_count` times.

    The most frequent come first; of equally frequent ones, those that are a greater part of their
    class.
    """
    names, matrix = classes_of(table), confusion_matrix(table)
    n_images = matrix.sum(axis=1)
    np.fill_diagonal(matrix, 0)
    found = [
        Confusion(names[row], names[column], count, count / int(n_images[row]))
        for row, column in np.argwhere(matrix >= max(min_count, 1)).tolist()
        for count in [int(matrix[row, column])]
    ]
    return sorted(found, key=lambda pair: (-pair.count, -pair.share_of_target))
