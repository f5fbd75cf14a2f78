"""The confusion matrix as a table whose cells open the images behind them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import ceil
from pathlib import Path

import pandas as pd

from fastcnn.analysis.confusion import confusion_matrix
from fastcnn.analysis.predictions import classes_of, probabilities_of
from fastcnn.report.page.subject import ScoredModel

MOST_CLASSES = 50
"""Classes that a matrix shows; of more, those that are confused most."""
SHADES = 5
"""Steps of colour, by the part of the true class."""
MOST_RIGHT, MOST_WRONG = 6, 12
"""Images that a cell shows of those that are right, and of those that are not."""
MOST_NAMES = 20
"""Further images that it names."""


@dataclass(frozen=True)
class Shown:
    """One image with what was said of it."""

    file: Path
    """Where it lies."""
    path: str
    """As in the table of predictions."""
    target: str
    """Its class."""
    predicted: str
    """What the model said."""
    probability: float
    """How sure it was of that, 0 to 1."""
    loss: float
    """In nats."""


@dataclass(frozen=True)
class Cell:
    """The images of one class that were taken for one class."""

    name: str
    """Its id in the page."""
    target: str
    """Their class."""
    predicted: str
    """What they were taken for."""
    count: int
    """How many there are."""
    shade: int
    """How large a part of the class they are, from 1 to `SHADES`."""
    images: Sequence[Shown]
    """Some of them, the worst first."""
    more: Sequence[str]
    """The paths of others."""

    @property
    def is_right(self) -> bool:
        """Whether they were recognised."""
        return self.target == self.predicted

    @property
    def n_unnamed(self) -> int:
        """How many are neither shown nor named."""
        return self.count - len(self.images) - len(self.more)


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix."""

    classes: Sequence[str]
    """The classes that it shows."""
    rows: Sequence[Sequence[Cell | None]]
    """A row a true class, a cell a predicted one; None where there is no image."""
    n_classes: int
    """All classes of the model."""

    @property
    def cells(self) -> list[Cell]:
        """Those that hold images."""
        return [cell for row in self.rows for cell in row if cell]

    def files(self) -> Iterator[Path]:
        """Yield the images to show, of every cell in turn, the wrong ones first."""
        wrong = [cell for cell in self.cells if not cell.is_right]
        wrong.sort(key=lambda cell: -cell.count)
        right = [cell for cell in self.cells if cell.is_right]
        for cells in (wrong, right):
            for images in zip_longest(*([shown.file for shown in cell.images] for cell in cells)):
                yield from (file for file in images if file is not None)


def matrix_of(model: ScoredModel, prefix: str) -> Matrix:
    """Return the matrix of a model; `prefix` begins the id of every cell."""
    every = classes_of(model.table)
    classes = _shown_classes(model.table, every)
    counts = confusion_matrix(model.table, classes)
    totals = model.table["target"].value_counts()
    images: dict[tuple[str, str], list[Shown]] = defaultdict(list)
    worst_first = model.table.sort_values("loss", ascending=False, kind="stable")
    for shown in shown_images(worst_first, model):
        images[shown.target, shown.predicted].append(shown)
    rows = [
        [
            _cell(images[target, predicted], int(totals[target]), f"{prefix}-{row}-{column}")
            if counts[row, column]
            else None
            for column, predicted in enumerate(classes)
        ]
        for row, target in enumerate(classes)
    ]
    return Matrix(classes, rows, len(every))


def shown_images(rows: pd.DataFrame, model: ScoredModel) -> list[Shown]:
    """Return rows of a table of predictions as images to show."""
    columns = (rows[name].tolist() for name in ("path", "target", "predicted", "loss"))
    confidence = probabilities_of(rows).max(axis=1).tolist() if len(rows) else []
    return [
        Shown(model.picture(path), path, target, predicted, sure, loss)
        for path, target, predicted, loss, sure in zip(*columns, confidence, strict=True)
    ]


def _cell(images: Sequence[Shown], total: int, name: str) -> Cell:
    """Return the cell of some images of a class that has `total` of them."""
    target, predicted = images[0].target, images[0].predicted
    most = MOST_RIGHT if target == predicted else MOST_WRONG
    return Cell(
        name=name,
        target=target,
        predicted=predicted,
        count=len(images),
        shade=ceil(SHADES * len(images) / total),
        images=images[:most],
        more=[shown.path for shown in images[most : most + MOST_NAMES]],
    )


def _shown_classes(table: pd.DataFrame, classes: Sequence[str]) -> list[str]:
    """Return all classes that occur, or those that are confused most, in their order."""
    occur = set(table["target"]) | set(table["predicted"])
    names = [name for name in classes if name in occur]
    if len(names) <= MOST_CLASSES:
        return names
    wrong = table[~table["correct"]]
    n_wrong = wrong["target"].value_counts().add(wrong["predicted"].value_counts(), fill_value=0)
    chosen = set(n_wrong.nlargest(MOST_CLASSES).index)
    return [name for name in names if name in chosen] or names[:MOST_CLASSES]
