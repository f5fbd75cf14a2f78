"""From checked images to reproducible fastai `DataLoaders`."""

import multiprocessing
import os
from pathlib import Path
from typing import Any

import torch
from fastai.data.block import DataBlock
from fastai.data.core import DataLoaders, Datasets
from fastai.imports import noop
from fastai.vision.augment import AffineCoordTfm
from fastai.vision.core import PILBase
from fastcore.foundation import L
from fasttransform import Pipeline, Transform

from fastcnn.data.fast_batches import faster_batch
from fastcnn.data.fast_items import faster_item
from fastcnn.data.image_loader import Decoding, ImageDL
from fastcnn.data.loading import ImageSet
from fastcnn.data.pixels import PixelCache
from fastcnn.data.preparation import TRAINING, VALIDATION, Preparation, mode_of, preparation_of
from fastcnn.data.randomness import SeedBatch
from fastcnn.settings import Settings

Preparations = tuple[Preparation, Preparation]
"""Of training and of validation images, to be indexed by fastai's `split_idx`."""


def make_loaders(
    block: DataBlock,
    images: ImageSet,
    settings: Settings,
    device: Any,
    pixels: PixelCache | None = None,
) -> DataLoaders:
    """Return the training and validation loaders of the recipe's own transforms.

    A batch is an image tensor (N, 3, H, W), float32 in 0..1 before normalisation, and a
    category tensor (N,), int64.

    Images are opened by `preparation_of` the first item transform: validation images are what
    prediction sees, to the bit; training pixels differ a little from those of a whole decode
    where a file is much larger than needed. `pixels` keeps them from the first epoch on, for all
    loaders that share it: the batches are the same with and without it.

    Raises:
        DataError: the first image cannot be read.
    """
    items, ways = list(block.item_tfms), _ways(block)
    if ways and pixels:  # fastai opens the first image two times
        pixels.fill([(images.items[images.train[0]], ways[TRAINING])], keep=ways)
    loaders = _datasets(block, images, ways and OpenImage(ways, pixels)).dataloaders(
        **block.dls_kwargs,
        path=images.folder,
        after_item=items,
        after_batch=[SeedBatch(), *block.batch_tfms],
        bs=min(settings.bs, len(images.train)),
        val_bs=settings.bs,
        num_workers=worker_count(),
        device=device,
    )
    loaders.train.after_item.fs = loaders.train.after_item.fs.map(faster_item)
    loaders.train.after_batch.fs = loaders.train.after_batch.fs.map(faster_batch)
    loaders.valid.after_batch.fs = loaders.valid.after_batch.fs.filter(acts_on_validation)
    for part, loader in enumerate(loaders):
        loader.seed = settings.seed
        if ways and pixels:
            wanted = [(path, ways[part]) for path in loader.dataset.items]
            alone = torch.device(device).type == "cpu"
            loader.decoding = Decoding(pixels, wanted, keep=ways, loads_alone=alone)
    return loaders


class OpenImage(Transform):
    """Opens an image file as its part needs it; stands in for `PILImage.create` in the data set.

    What is no path is opened as fastai does.
    """

    def __init__(self, ways: Preparations, pixels: PixelCache | None) -> None:
        """Open by one of `ways`, or take what `pixels` keeps."""
        super().__init__()
        self.create, self.ways = ways[TRAINING].image_class.create, ways
        self.pixels = PixelCache(limit=0) if pixels is None else pixels
        self.input_types = Transform(self.create).input_types

    def __call__(self, file: Any, split_idx: int | None = None, **_: Any) -> Any:
        """Return the image; fastai sets data sets up on the first training image, part None."""
        if not isinstance(file, str | Path):
            return self.create(file)
        return self.pixels.get(Path(file), self.ways[split_idx or TRAINING])


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


def opens_pictures(block: DataBlock) -> bool:
    """Return whether the images of a block are files that fastai's image classes open."""
    return _ways(block) is not None


def _ways(block: DataBlock) -> Preparations | None:
    """Return how the images of both parts are prepared; None where the recipe opens its own way."""
    opener = block.type_tfms[0][0] if len(block.type_tfms[0]) == 1 else None
    image_class = getattr(opener, "__self__", None)
    is_fastais = getattr(opener, "__func__", None) is PILBase.create.__func__
    if block.getters[0] is not noop or not is_fastais or mode_of(image_class) not in ("RGB", "L"):
        return None
    items = list(block.item_tfms)
    return (
        preparation_of(image_class, items, TRAINING),
        preparation_of(image_class, items, VALIDATION),
    )


def _datasets(block: DataBlock, images: ImageSet, opener: OpenImage | None) -> Datasets:
    """Return the data sets that fastai's `block.datasets` makes, of our own items and split."""
    chains = [
        [*(getter.fs if isinstance(getter, Pipeline) else L(getter)), *types]
        for getter, types in zip(block.getters, block.type_tfms, strict=True)
    ]
    if opener is not None:
        chains[0] = [opener]
    return Datasets(
        list(images.items),
        tfms=chains,
        splits=[list(images.train), list(images.valid)],
        dl_type=ImageDL,
        n_inp=block.n_inp,
    )
