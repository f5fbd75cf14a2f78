"""Which images a run was about: `images.csv`, by which they are known again."""

import shlex
from pathlib import Path

import pandas as pd

from fastcnn.data.loading import ImageSet
from fastcnn.errors import UsageError
from fastcnn.files import write_csv
from fastcnn.places import shown_path
from fastcnn.run_folder import IMAGES_FILE

COLUMNS = ("path", "label", "part", "bytes")


def write_image_list(images: ImageSet, folder: Path) -> None:
    """Write a row an image to a run's folder: path, label, part and size of the file in bytes.

    Raises:
        TrainingError: the file cannot be written.
    """
    parts = (("train", images.train), ("valid", images.valid), ("test", images.test))
    rows = (
        {
            "path": images.relative(index),
            "label": images.labels[index],
            "part": part,
            "bytes": images.items[index].stat().st_size,
        }
        for part, indices in parts
        for index in sorted(indices)
    )
    write_csv(folder / IMAGES_FILE, COLUMNS, rows)


def read_image_list(folder: Path) -> pd.DataFrame | None:
    """Return the rows of a run's folder, None where there is no list.

    Raises:
        UsageError: the file is something else.
    """
    file = folder / IMAGES_FILE
    if not file.is_file():
        return None
    try:
        read = pd.read_csv(file, dtype=str, keep_default_na=False)
        return read[list(COLUMNS)].astype({"bytes": int})
    except (KeyError, ValueError) as error:  # pandas's own are ValueErrors
        raise UsageError(
            f"{shown_path(file)} is not the list of a run's images ({error}), expected the columns "
            f"{', '.join(COLUMNS)}",
            hint=f"a run does without it: mv {shlex.quote(shown_path(file))} images.csv.old",
        ) from error
