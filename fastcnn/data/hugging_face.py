"""Hugging Face's data sets of images, saved to a folder or a Parquet, as image files."""

import hashlib
import io
from pathlib import Path
from typing import Any

from PIL import Image

from fastcnn.data.parts import part_of
from fastcnn.errors import DataError, UsageError
from fastcnn.files import state_sha256, whole_folder
from fastcnn.narrator import Narrator
from fastcnn.places import cache_folder, shown_path

MARKS = ("dataset_info.json", "dataset_dict.json", "state.json")
"""Files that `save_to_disk` leaves in the folder of a data set."""


def is_saved_dataset(folder: Path) -> bool:
    """Return whether `datasets` saved a data set to a folder, or the hub its Parquet files."""
    return any((folder / name).is_file() for name in MARKS) or bool(_shards(folder))


def _shards(folder: Path) -> dict[str, list[Path]]:
    """Return the Parquet files of images by part: `train-00000-of-00002.parquet` and its like."""
    found: dict[str, list[Path]] = {}
    for file in sorted((*folder.glob("*.parquet"), *folder.glob("data/*.parquet"))):
        if holds_images(file):
            part = part_of(file.stem.split("-")[0]) or "train"
            found.setdefault(part, []).append(file)
    return found


def holds_images(parquet: Path) -> bool:
    """Return whether a Parquet holds the images themselves, and not only their paths."""
    import pyarrow as arrow
    from pyarrow import parquet as reader

    try:
        types = [field.type for field in reader.read_schema(parquet)]
    except (OSError, arrow.ArrowInvalid):
        return False
    return any(arrow.types.is_struct(one) and "bytes" in {f.name for f in one} for one in types)


def as_image_folders(path: Path, label_col: str | None, narrator: Narrator) -> Path:
    """Return a folder in the cache with `<part>/<class>/<number>.<format>` of every image.

    Raises:
        UsageError: `datasets` is not installed.
        DataError: there is no column of images, or none of classes.
        TrainingError: there is no room for the images.
    """
    identity = hashlib.sha256(f"{state_sha256(path)} {label_col}".encode()).hexdigest()[:16]
    target = cache_folder() / "unpacked" / f"{path.stem}-{identity}"
    if target.is_dir():
        return target
    parts = _open(path)
    with whole_folder(target, "name another folder in FASTCNN_CACHE") as folder:
        for name, part in parts.items():
            _write(part, folder / name if len(parts) > 1 else folder, path, label_col, narrator)
    return target


def _open(path: Path) -> dict[str, Any]:
    """Return the data set of each part."""
    try:
        import datasets
    except ImportError as error:
        raise UsageError(
            f"{shown_path(path)} is read by Hugging Face's `datasets`, which is not installed",
            hint="pip install datasets",
        ) from error
    try:
        if shards := _shards(path) if path.is_dir() else {"train": [path]}:
            read = datasets.Dataset.from_parquet
            found = {part: read(list(map(str, files))) for part, files in shards.items()}
        else:
            found = datasets.load_from_disk(str(path))
    except Exception as error:  # it raises what its many readers do
        raise DataError(
            f"{shown_path(path)} cannot be read as a data set: {error}",
            hint="save it once more with save_to_disk or to_parquet",
        ) from error
    return dict(found) if isinstance(found, dict) else {"train": found}


def _write(part: Any, folder: Path, path: Path, label_col: str | None, narrator: Narrator) -> None:
    import datasets

    image = _column(part, path, None, "image", lambda kind: isinstance(kind, datasets.Image))
    label = _column(
        *(part, path, label_col, "label"), lambda kind: isinstance(kind, datasets.ClassLabel)
    )
    names = getattr(part.features[label], "names", None)
    undecoded = part.cast_column(image, datasets.Image(decode=False))
    with narrator.bar("writing images", len(part)) as advance:
        for number, row in enumerate(undecoded):
            value = row[label]
            if value is None or (names and value < 0):  # how an image without a label is marked
                continue
            name = str(names[value] if names else value).replace("/", "_")
            (folder / name).mkdir(parents=True, exist_ok=True)
            content = row[image]["bytes"] or Path(row[image]["path"]).read_bytes()
            (folder / name / f"{number:07d}.{_suffix(content)}").write_bytes(content)
            advance(number + 1)


def _column(part: Any, path: Path, given: str | None, usual: str, suits: Any) -> str:
    names = list(part.features)
    found = [name for name, kind in part.features.items() if suits(kind)] or (
        [usual] if usual in names else []
    )
    chosen = [given] if given in names else [] if given else found
    if len(chosen) != 1:
        said = f"--label-col is {given!r}" if given else f"{len(found)} may be the {usual}"
        raise DataError(
            f"{shown_path(path)} has the columns {', '.join(names)}; {said}",
            hint="name the one of the classes with --label-col",
        )
    return str(chosen[0])


def _suffix(content: bytes) -> str:
    """Return the ending of an image's format; a damaged one is found out later, with its name."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return str(image.format).lower()
    except Exception:
        return "jpg"
