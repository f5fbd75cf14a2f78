"""What the network will see: training pictures, as validated and as augmentation varies them."""

import copy
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from fastai.data.core import DataLoaders, TfmdDL

from fastcnn.data.augmentation import describe_augmentation
from fastcnn.data.randomness import generators_kept
from fastcnn.report.pictures import write_figure
from fastcnn.run_folder import CONTACT_SHEET_FILE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Pictures = npt.NDArray[np.uint8]
"""One column of the sheet: (N, H, W, 3), 0 to 255."""

N_VARIATIONS = 5
"""Columns beside the one that shows the pictures as validated."""
WIDTH = 9.0
"""Width of the sheet in inches, as the curves have it."""
GAP, LINE = 0.08, 0.19
"""Between two pictures, and from one line of text to the next, in inches."""
LINE_LENGTH = 105
"""Characters of the heading that fit into the width."""


def write_contact_sheet(
    dls: DataLoaders, folder: Path, title: str, *, augment: str, n: int = 4
) -> None:
    """Write `contact_sheet.png`: `n` training pictures, in a row each, out of the loaders.

    The columns are what validation makes of them, and what training would make of them in the first
    five epochs. Neither the random generators nor the loaders are moved by it.

    Raises:
        TrainingError: the file cannot be written.
    """
    with generators_kept():
        chosen = spread_out(dls, n)
        labels = [str(dls.vocab[int(dls.train_ds.tls[-1][index])]) for index in chosen]
        columns = [validated(dls, chosen), *varied(dls, chosen, N_VARIATIONS)]
    heading = f"{title}\naugmentation {augment}: {describe_augmentation(augment)}"
    write_figure(contact_sheet_figure(columns, labels, heading), folder / CONTACT_SHEET_FILE)


def spread_out(dls: DataLoaders, n: int) -> list[int]:
    """Return the indices of `n` training pictures, evenly spaced in the order of their paths."""
    items = dls.train_ds.items
    order = sorted(range(len(items)), key=lambda index: str(items[index]))
    n = min(n, len(order))
    return [order[(2 * place + 1) * len(order) // (2 * n)] for place in range(n)]


def validated(dls: DataLoaders, chosen: Sequence[int]) -> Pictures:
    """Return training pictures as they would be validated."""
    items = [dls.train_ds.items[index] for index in chosen]
    return _only_batch(dls.test_dl(items, **_alone(dls.valid, len(items))))


def varied(dls: DataLoaders, chosen: Sequence[int], n_epochs: int) -> Iterator[Pictures]:
    """Yield training pictures as the training loader makes them, epoch by epoch."""
    loader = dls.train.new(
        get_idxs=lambda: list(chosen),
        shuffle=False,
        drop_last=False,
        **_alone(dls.train, len(chosen)),
    )
    for epoch in range(n_epochs):
        loader.epoch = epoch
        yield _only_batch(loader)


def contact_sheet_figure(
    columns: Sequence[Pictures], labels: Sequence[str], heading: str
) -> "Figure":
    """Draw the columns side by side, a row's label below its first picture, in inches."""
    from matplotlib.figure import Figure

    lines = [part for line in heading.splitlines() for part in textwrap.wrap(line, LINE_LENGTH)]
    top = LINE * (len(lines) + 2)
    side = (WIDTH - GAP) / len(columns) - GAP
    row = side * columns[0].shape[1] / columns[0].shape[2] + 2 * LINE
    bottom = top + row * len(labels)
    figure = Figure(figsize=(WIDTH, bottom))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.text(GAP, LINE / 2, "\n".join(lines), fontsize=10, va="top", linespacing=1.3)
    for number, pictures in enumerate(columns):
        left = GAP + (side + GAP) * number
        name = f"training, variation {number}" if number else "as validated"
        axes.text(left, top - 0.4 * LINE, name, fontsize=8)
        _draw_below(axes, pictures, left, side, top, row)
    for place, label in enumerate(labels):
        axes.text(GAP, top + row * (place + 1) - 1.1 * LINE, label, fontsize=8)
    axes.set(xlim=(0, WIDTH), ylim=(bottom, 0), aspect="equal")
    axes.set_axis_off()
    return figure


def _draw_below(
    axes: Any, pictures: Pictures, left: float, side: float, top: float, row: float
) -> None:
    """Draw pictures of width `side` below each other, one every `row` inches."""
    for place, picture in enumerate(pictures):
        upper = top + row * place
        axes.imshow(picture, extent=(left, left + side, upper + row - 2 * LINE, upper))


def _alone(loader: TfmdDL, batch_size: int) -> dict[str, Any]:
    """Return what makes a copy of `loader` load one batch without touching the original's state.

    Transforms keep what they drew, and count batches, in themselves.
    """
    stages = ("after_item", "before_batch", "after_batch")
    copies = {stage: copy.deepcopy(list(getattr(loader, stage).fs)) for stage in stages}
    return {"bs": batch_size, "num_workers": 0, **copies}


def _only_batch(loader: TfmdDL) -> Pictures:
    """Load the one batch of a loader and take back its normalisation."""
    (batch,) = list(loader)
    pictures = loader.after_batch.decode(batch[0]).as_subclass(torch.Tensor)
    pixels: Pictures = pictures.cpu().permute(0, 2, 3, 1).numpy().astype(np.uint8)
    return pixels
