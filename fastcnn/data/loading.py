"""From a recipe's `DataBlock` to images that are listed, labelled, looked at and split."""

import hashlib
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fastai.data.block import DataBlock
from fasttransform import Pipeline

from fastcnn.data.listing import Split
from fastcnn.errors import DataError


@dataclass(frozen=True)
class Skipped:
    """An image that is neither learned from nor scored."""

    path: str
    """Relative to the folder of the set, with forward slashes."""
    reason: str
    """In words."""


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
    test: tuple[int, ...] = ()
    """Indices of the images that are scored once, at the end."""
    unscored_items: tuple[int, ...] = ()
    """Indices of held-out images whose class was never learned: they are not scored."""
    skipped: tuple[Skipped, ...] = ()
    """Images that cannot be used; they are none of the items."""
    n_pool: int = 0
    """How many images, the first ones, are split; those after them are for the test at the end."""
    groups: tuple[str, ...] | None = None
    """What each belongs to (an animal, a patient, a burst); None where each is alone."""

    def split_by(self, split: Split) -> "ImageSet":
        """Return the same images, split anew; the test part stays.

        Raises:
            DataError: nothing is left to learn from, or to score.
        """
        parts = split(list(self.items[: self.n_pool]))
        train, valid = (tuple(int(index) for index in part) for part in parts)
        test = range(self.n_pool, len(self.items))
        known = {self.labels[index] for index in train}
        scored = tuple(index for index in valid if self.labels[index] in known)
        _check_parts(train, scored, known)
        return replace(
            self,
            train=train,
            valid=scored,
            test=tuple(index for index in test if self.labels[index] in known),
            unscored_items=tuple(i for i in (*valid, *test) if self.labels[i] not in known),
        )

    @property
    def classes(self) -> list[str]:
        """The classes of the training part in alphabetical order."""
        return sorted(set(self.train_labels))

    @property
    def unscored(self) -> list[str]:
        """The classes that only the held-out parts have."""
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
        return relative_to(self.folder, self.items[index])

    def split_sha256(self) -> str:
        """Return a hash of which image lies in which part."""
        parts = [("train", self.train), ("valid", self.valid), ("test", self.test)]
        lines = [f"{self.relative(i)}\t{part}\n" for part, where in parts for i in sorted(where)]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def relative_to(folder: Path, path: Path) -> str:
    """Return a path with forward slashes, relative to a folder where it lies below it."""
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.as_posix()


def read_images(
    block: DataBlock,
    folder: Path,
    *,
    test_items: Sequence[Path] = (),
    unusable: Mapping[Path, str] | None = None,
    split: Split | None = None,
    parts_are_given: bool = False,
) -> ImageSet:
    """List, label and split the images of `folder` as the recipe's `DataBlock` says.

    Args:
        block: the recipe's.
        folder: what it lists the images of.
        test_items: images that are scored once, at the end; none of the block's own.
        unusable: files that are left out, with the reason.
        split: takes the place of the block's splitter.
        parts_are_given: whether the data say what is held out: then a class may have one image,
            which is learned from and not scored, or named and left out.

    Raises:
        DataError: there are no images, a label cannot be read, there is one class only, or a
            class has one image, which cannot be both learned from and scored.
    """
    unusable = unusable or {}
    pool = [path for path in list_images(block, folder) if path not in unusable]
    tests = sorted((path for path in test_items if path not in unusable), key=Path.as_posix)
    items = (*pool, *tests)
    labels = labels_of(block, items)
    _check_classes(labels[: len(pool)], pool, folder)
    if not parts_are_given:
        _check_lonely(labels[: len(pool)], pool)
    skipped = (Skipped(relative_to(folder, path), why) for path, why in sorted(unusable.items()))
    whole = ImageSet(folder, items, labels, (), (), skipped=tuple(skipped), n_pool=len(pool))
    return whole.split_by(split or block.splitter)


def list_images(block: DataBlock, folder: Path) -> list[Path]:
    """Return the images that a block lists, in the order of their paths.

    Raises:
        DataError: there are none, or the block does more to them than an export could do.
    """
    if block.get_x is not None:
        raise DataError(
            "the recipe's DataBlock has a get_x, which an exported model could not apply",
            hint="let get_items list the image files themselves",
        )
    items = sorted(map(Path, block.get_items(folder)), key=Path.as_posix)
    if not items:
        raise DataError(
            f"{folder} holds no images", hint="give the folder that holds them with --data"
        )
    return items


def labels_of(block: DataBlock, items: Sequence[Path]) -> tuple[str, ...]:
    """Return the class of each image, as the block reads it.

    Raises:
        DataError: it finds none.
    """
    label_of = Pipeline(block.getters[-1])
    return tuple(_label(label_of, item) for item in items)


def _label(label_of: Any, item: Path) -> str:
    try:
        return str(label_of(item))
    except Exception as error:  # the label function may be the user's own
        raise DataError(
            f"the recipe found no label for {item}: {type(error).__name__}: {error}",
            hint="look at the file's name and at the label function of the recipe",
        ) from error


def _check_classes(labels: Sequence[str], items: Sequence[Path], folder: Path) -> None:
    if len(set(labels)) == 1:
        raise DataError(
            f"all {len(labels)} images of {folder} are of one class, {labels[0]!r}, "
            "expected at least two",
            hint="bring images of a second class, in a folder of their own, or look at how the "
            "recipe reads labels",
        )


def _check_lonely(labels: Sequence[str], items: Sequence[Path]) -> None:
    counts = Counter(labels)
    lonely = {label: items[labels.index(label)] for label, count in counts.items() if count == 1}
    if lonely:
        named = ", ".join(f"{label!r} ({path.name})" for label, path in list(lonely.items())[:5])
        more = f" and {len(lonely) - 5} more" if len(lonely) > 5 else ""
        raise DataError(
            f"classes with one image only: {named}{more}; one cannot be learned from and scored",
            hint="add images to these classes or take them away",
        )


def _check_parts(train: Sequence[int], valid: Sequence[int], known: Collection[str]) -> None:
    if not train or not valid:
        raise DataError(
            f"the split leaves {len(train)} images to learn from and {len(valid)} to score",
            hint="add images, choose another --valid-pct, or look at what the recipe takes for its "
            "parts; fastcnn train FOLDER reads any usual layout",
        )
    if len(known) < 2:
        raise DataError(
            f"the {len(train)} images to learn from are of one class, expected at least two",
            hint="choose a smaller --valid-pct, or --split stratified",
        )
