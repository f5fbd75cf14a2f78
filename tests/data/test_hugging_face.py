"""Data sets that `datasets` saved are read as any folder is."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fastcnn.data.listing import Listing
from fastcnn.data.reader import read_listing
from fastcnn.errors import DataError
from fastcnn.narrator import Narrator
from fastcnn.settings import Settings

datasets = pytest.importorskip("datasets", reason="needs fastcnn[datasets]")


def pictures(n: int) -> "datasets.Dataset":
    random = np.random.default_rng(n)
    images = [Image.fromarray(random.integers(0, 255, (12, 12, 3), np.uint8)) for _ in range(n)]
    features = datasets.Features(
        {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])}
    )
    rows = {"image": images, "label": [number % 2 for number in range(n)]}
    return datasets.Dataset.from_dict(rows, features=features)


def read(path: Path) -> Listing:
    return read_listing(path, Settings(), Narrator(quiet=True))


def test_a_saved_folder_with_parts(tmp_path: Path) -> None:
    parts = {"train": pictures(6), "validation": pictures(4)}
    datasets.DatasetDict(parts).save_to_disk(tmp_path / "saved")
    found = read(tmp_path / "saved")
    assert sorted(found.labels.values()) == ["cat"] * 5 + ["dog"] * 5
    assert sorted(found.parts.values()) == ["train"] * 6 + ["valid"] * 4


def test_a_parquet_of_images(tmp_path: Path) -> None:
    pictures(6).to_parquet(tmp_path / "set.parquet")
    found = read(tmp_path / "set.parquet")
    assert sorted(found.labels.values()) == ["cat"] * 3 + ["dog"] * 3
    assert not found.parts
    with Image.open(next(iter(found.labels))) as image:
        assert image.size == (12, 12)


def test_the_parquet_files_of_the_hub(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, n in (("train-00000-of-00002", 4), ("train-00001-of-00002", 2), ("test-00000", 3)):
        pictures(n).to_parquet(tmp_path / "data" / f"{name}.parquet")
    found = read(tmp_path)
    assert sorted(found.parts.values()) == ["test"] * 3 + ["train"] * 6


def test_what_is_saved_anew_is_read_anew(tmp_path: Path) -> None:
    for n in (4, 8):
        pictures(n).save_to_disk(tmp_path / "saved")
        assert len(read(tmp_path / "saved").labels) == n


def test_an_unknown_column_and_images_without_a_label(tmp_path: Path) -> None:
    rows = pictures(6)
    unlabelled = rows.map(
        lambda row, place: {"label": -1 if place < 2 else row["label"]}, with_indices=True
    )
    unlabelled.to_parquet(tmp_path / "set.parquet")
    assert len(read(tmp_path / "set.parquet").labels) == 4
    with pytest.raises(DataError, match="'lable'"):
        read_listing(tmp_path / "set.parquet", Settings(label_col="lable"), Narrator(quiet=True))
