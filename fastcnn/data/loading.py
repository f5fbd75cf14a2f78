"""From a recipe's `DataBlock` to images that are listed, labelled, split and checked."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastai.data.block import DataBlock
from fasttransform import Pipeline

from fastcnn.errors import DataError


@dataclass(frozen=True)
class ImageSet:
    """The images of a data set with their labels and the part that each belongs to."""

    folder: Path
    """What the stored paths are relative to."""
    items: tuple[Path, ...]
    """Every image, in the order of its path, so that no file system decides the split."""
    labels: tuple[str, ...]
    """The class of each."""
    train: tuple[int, ...]
    """Indices of the images to learn from."""
    valid: tuple[int, ...]
    """Indices of the images that are held out and scored."""
    unscored_items: tuple[int, ...] = ()
    """Indices of held-out images whose class was never learned: they are not scored."""

    @property
    def classes(self) -> list[str]:
        """The classes of the training part in alphabetical order."""
        return sorted(set(self.train_labels))

    @property
    def unscored(self) -> list[str]:
        """The classes that only the held-out part has."""
        return sorted({self.labels[index] for index in self.unscored_items})

    def paths(self, indices: Sequence[int]) -> list[Path]:
        """Return the files of some images."""
        return [self.items[index] for index in indices]

    @property
    def train_labels(self) -> list[str]:
        """The classes of the images to learn from, in the order of `train`."""
        return [self.labels[index] for index in self.train]

    def relative(self, index: int) -> str:
        """Return the path of an image as it is stored: relative, with forward slashes."""
        return self.items[index].relative_to(self.folder).as_posix()

    def split_sha256(self) -> str:
        """Return a hash of which image lies in which part."""
        parts = [("train", self.train), ("valid", self.valid)]
        lines = [f"{self.relative(i)}\t{part}\n" for part, where in parts for i in sorted(where)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def read_images(block: DataBlock, folder: Path) -> ImageSet:
    """List, label and split the images of `folder` as the recipe's `DataBlock` says.

    Raises:
        DataError: there are no images, a label cannot be read, there is one class only, or a
            class has one image, which cannot be both learned from and scored.
    """
    if block.get_x is not None:
        raise DataError(
            "the recipe's DataBlock has a get_x, which an exported model could not apply",
            hint="let get_items list the image files themselves",
        )
    items = tuple(sorted(map(Path, block.get_items(folder)), key=Path.as_posix))
    if not items:
        raise DataError(
            f"{folder} holds no images", hint="give the folder that holds them with --data"
        )
    label_of = Pipeline(block.getters[-1])
    labels = tuple(_label(label_of, item) for item in items)
    _check_classes(labels, items, folder)
    train, valid = (tuple(int(index) for index in part) for part in block.splitter(list(items)))
    known = {labels[index] for index in train}
    scored = tuple(index for index in valid if labels[index] in known)
    unscored = tuple(index for index in valid if labels[index] not in known)
    _check_parts(train, scored)
    return ImageSet(folder, items, labels, train, scored, unscored)


def _label(label_of: Any, item: Path) -> str:
    try:
        return str(label_of(item))
    except Exception as error:  # the label function may be the user's own
        raise DataError(
            f"the recipe found no label for {item}: {type(error).__name__}: {error}",
            hint="look at the file's name and at the label function of the recipe",
        ) from error


def _check_classes(labels: Sequence[str], items: Sequence[Path], folder: Path) -> None:
    counts = Counter(labels)
    if len(counts) == 1:
        raise DataError(
            f"all {len(labels)} images of {folder} are of one class, {labels[0]!r}, "
            "expected at least two",
            hint="look at how the recipe reads labels, and at the file names",
        )
    lonely = {label: items[labels.index(label)] for label, count in counts.items() if count == 1}
    if lonely:
        named = ", ".join(f"{label!r} ({path.name})" for label, path in list(lonely.items())[:5])
        more = f" and {len(lonely) - 5} more" if len(lonely) > 5 else ""
        raise DataError(
            f"classes with one image only: {named}{more}; one cannot be learned from and scored",
            hint="add images to these classes or take them away",
        )


def _check_parts(train: Sequence[int], valid: Sequence[int]) -> None:
    if not train or not valid:
        raise DataError(
            f"the split leaves {len(train)} images to learn from and {len(valid)} to score",
            hint="add images, or choose another --valid-pct",
        )
