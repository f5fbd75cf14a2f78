"""All labels, ranked by how much held-out heads speak against them.

By the margin of Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset
Labels", arXiv 1911.00068, scaled to 0..1 as their library cleanlab does. How many of the first are
wrong it does not say: that is for `doubtful.csv`.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd


def suspected_labels(
    paths: Sequence[str],
    targets: npt.NDArray[np.int64],
    classes: Sequence[str],
    probabilities: npt.NDArray[np.float32],
    splits: Sequence[str],
) -> pd.DataFrame:
    """Return a row an image, the most doubtful label first.

    Columns: path, label, quality (0 to 1: the probability of the label less that of the likeliest
    other class, as (difference + 1) / 2; below 0.5 another class is likelier), suggested (the
    likeliest class, which may be the label), suggested_probability and split.

    Args:
        paths: of the images, (N,).
        targets: the number of each image's class, (N,).
        classes: their names.
        probabilities: (N, classes), by heads that have not seen the image.
        splits: the part each image belongs to, (N,).
    """
    rows = np.arange(len(targets))
    others = probabilities.copy()
    others[rows, targets] = -np.inf
    margin = probabilities[rows, targets] - others.max(axis=1)
    likeliest, names = probabilities.argmax(axis=1), np.asarray(classes, dtype=object)
    table = pd.DataFrame(
        {
            "path": list(paths),
            "label": names[targets],
            "quality": (margin + 1) / 2,
            "suggested": names[likeliest],
            "suggested_probability": probabilities[rows, likeliest],
            "split": list(splits),
        }
    )
    return table.sort_values("quality", kind="stable", ignore_index=True)
