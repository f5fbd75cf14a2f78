"""From a recipe's `DataBlock` to checked images and reproducible fastai `DataLoaders`."""

import hashlib
import multiprocessing
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastai.data.block import DataBlock
from fastai.data.core import DataLoaders
from fastai.vision.augment import AffineCoordTfm
from fasttransform import Pipeline

from fastcnn.data.randomness import ReproducibleDL, SeedBatch
from fastcnn.errors import DataError
from fastcnn.settings import Settings


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
        return sorted({self.labels[index] for index in self.train})

    @property
    def unscored(self) -> list[str]:
        """The classes that only the held-out part has."""
        return sorted({self.labels[index] for index in self.unscored_items})

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


def make_loaders(
    block: DataBlock, images: ImageSet, settings: Settings, device: Any
) -> DataLoaders:
    """Return the training and validation loaders of the recipe's own transforms.

    A batch is an image tensor (N, 3, H, W), float32 in 0..1 before normalisation, and a
    category tensor (N,), int64.
    """
    block.get_items = lambda _: list(images.items)
    block.splitter = lambda _: (list(images.train), list(images.valid))
    loaders = block.datasets(images.folder).dataloaders(
        path=images.folder,
        after_item=block.item_tfms,
        after_batch=[SeedBatch(), *block.batch_tfms],
        dl_type=ReproducibleDL,
        bs=min(settings.bs, len(images.train)),
        val_bs=settings.bs,
        num_workers=worker_count(),
        device=device,
    )
    loaders.valid.after_batch.fs = loaders.valid.after_batch.fs.filter(acts_on_validation)
    for loader in loaders:
        loader.seed = settings.seed
    return loaders


def acts_on_validation(transform: Any) -> bool:
    """Return whether a batch transform has anything to do with images that are not trained on.

    fastai's affine augmentation resamples validation images too, with the identity: slow, a
    little blurred, and not what a model without augmentation sees at inference.
    """
    if isinstance(transform, AffineCoordTfm):
        return transform.size is not None
    return bool(transform.split_idx != 0)


def worker_count() -> int:
    """Return how many processes load images: one a core, four at most.

    0 where processes are started anew and not forked (macOS, Windows): they would import
    everything once more in every epoch, and could not find a recipe file of the user's own.
    """
    return min(4, os.cpu_count() or 1) if multiprocessing.get_start_method() == "fork" else 0


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
