"""The table of predictions: one row a scored image, from which every metric derives."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from fastcnn.files import write_bytes

SMALLEST = np.finfo(np.float32).tiny


def prediction_table(
    paths: Sequence[str],
    targets: Sequence[str],
    probabilities: npt.NDArray[np.float32],
    classes: Sequence[str],
) -> pd.DataFrame:
    """Return the table: path, target, predicted, correct, loss and `prob_<class>` of each class.

    Args:
        paths: relative to the data's folder, with forward slashes.
        targets: the class of each image.
        probabilities: (N, classes), float32, rows that add up to 1.
        classes: the names of the columns of `probabilities`.
    """
    names = np.asarray(classes, dtype=object)
    position = {name: place for place, name in enumerate(classes)}
    of_target = probabilities[np.arange(len(targets)), [position[name] for name in targets]]
    predicted = names[probabilities.argmax(axis=1)]
    table = pd.DataFrame(
        {
            "path": list(paths),
            "target": list(targets),
            "predicted": predicted,
            "correct": predicted == np.asarray(targets, dtype=object),
            "loss": -np.log(np.maximum(of_target, SMALLEST)),
        }
    )
    columns = [f"prob_{name}" for name in classes]
    return pd.concat([table, pd.DataFrame(probabilities, columns=columns)], axis=1)


def unlabelled_table(
    paths: Sequence[str], probabilities: npt.NDArray[np.float32], classes: Sequence[str]
) -> pd.DataFrame:
    """Return the table without labels: path, predicted and `prob_<class>` of each class.

    Args:
        paths: relative to the data's folder, with forward slashes.
        probabilities: (N, classes), float32, rows that add up to 1.
        classes: the names of the columns of `probabilities`.
    """
    predicted = np.asarray(classes, dtype=object)[probabilities.argmax(axis=1)]
    columns = [f"prob_{name}" for name in classes]
    table = pd.DataFrame({"path": list(paths), "predicted": predicted})
    return pd.concat([table, pd.DataFrame(probabilities, columns=columns)], axis=1)


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the rows of several tables of different images, one table below the other.

    A class that one of the models does not know has the probability 0 in its rows.
    """
    whole = pd.concat(tables, ignore_index=True)
    columns = [f"prob_{name}" for name in sorted(classes_of(whole))]
    whole[columns] = whole[columns].fillna(0.0)
    return whole[[*(name for name in whole.columns if name not in columns), *columns]]


def classes_of(table: pd.DataFrame) -> list[str]:
    """Return the classes that the table has probabilities for."""
    return [name.removeprefix("prob_") for name in table.columns if name.startswith("prob_")]


def probabilities_of(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Return the probabilities, (N, C), float64, the classes in the order of `classes_of`."""
    return table[[f"prob_{name}" for name in classes_of(table)]].to_numpy(dtype=np.float64)


def places_of(names: "pd.Series[str]", classes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return where in `classes` each name stands, (N,); -1 where it does not."""
    places = {name: place for place, name in enumerate(classes)}
    return np.array([places.get(name, -1) for name in names], dtype=np.int64)


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write the table as Parquet, whole or not at all."""
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_bytes(path, buffer.getvalue())
