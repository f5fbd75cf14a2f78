"""Rows of one tensor in the place of items: the same batches, and only where they are the same."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import FuncSplitter, get_image_files
from fastai.vision.augment import FlipItem, Resize, ResizeMethod, aug_transforms
from fastai.vision.data import ImageBlock
from PIL import Image

from fastcnn.data.loaders import make_loaders
from fastcnn.data.loading import read_images
from fastcnn.data.moves import MirrorAndShift
from fastcnn.data.pixels import PixelCache
from fastcnn.settings import Settings

SIDE = 16


@pytest.fixture
def tiny_pictures(tmp_path: Path) -> Path:
    """Noise, so that no two rows are alike."""
    generator = np.random.default_rng(0)
    for number in range(20):
        pixels = generator.integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{'ab'[number % 2]}{number:02}.png")
    return tmp_path


def loaders(
    folder: Path, *items: Any, pixels: PixelCache | None, batches: Any = aug_transforms
) -> Any:
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=lambda path: path.name[0],
        splitter=FuncSplitter(lambda path: path.stem.endswith("5")),
        item_tfms=list(items),
        batch_tfms=batches(),
    )
    settings = Settings(bs=4)
    return make_loaders(block, read_images(block, folder), settings, torch.device("cpu"), pixels)


def test_the_batches_are_those_of_the_items(tiny_pictures: Path) -> None:
    plain = loaders(tiny_pictures, Resize(SIDE), pixels=None)
    ready = loaders(tiny_pictures, Resize(SIDE), pixels=PixelCache())
    for ours, theirs in zip(ready, plain, strict=True):
        for epoch in (0, 1):
            ours.epoch = theirs.epoch = epoch
            pairs = list(zip(ours, theirs, strict=True))
            for (images, targets), (expected, labels) in pairs:
                assert type(images) is type(expected) and type(targets) is type(labels)
                assert torch.equal(images, expected) and torch.equal(targets, labels)
        assert ours.ready is not None


def test_small_pictures_are_mirrored_in_turns(tiny_pictures: Path) -> None:
    """Whatever their order in the two epochs is."""
    train = loaders(
        tiny_pictures, Resize(SIDE), pixels=PixelCache(), batches=lambda: [MirrorAndShift(0)]
    ).train
    shown: list[dict[bytes, bytes]] = []
    for train.epoch in (3, 4):
        pictures = [image for batch in train for image in batch[0]]
        both = [(image.numpy().tobytes(), image.flip(2).numpy().tobytes()) for image in pictures]
        shown.append({min(ways): ways[0] for ways in both})
    assert train.ready is not None
    in_both = shown[0].keys() & shown[1].keys()  # the last batch, not full, is left out
    assert len(in_both) >= 14
    assert all(shown[0][picture] != shown[1][picture] for picture in in_both)


def test_drawn_with_replacement_too(tiny_pictures: Path) -> None:
    ready = loaders(tiny_pictures, Resize(SIDE), pixels=PixelCache()).train
    ready.sampling_weights = np.array([1.0] + [0.0] * (ready.n - 1))
    batch = next(iter(ready))
    assert ready.ready is not None
    assert set(batch[1].tolist()) == {int(ready.dataset[0][1])}


@pytest.mark.parametrize(
    "items",
    [
        (Resize(SIDE // 2),),
        (Resize(SIDE, method=ResizeMethod.Pad),),
        (Resize(SIDE), FlipItem()),
        (),
    ],
)
def test_not_where_an_item_needs_work(tiny_pictures: Path, items: tuple[Any, ...]) -> None:
    """Another size, another way to it, something after it, or nothing known of it."""
    loader = loaders(tiny_pictures, *items, pixels=PixelCache()).train
    loader.decode()
    made = loader.ready
    assert made is None or made.pixels.shape[1:] == (SIDE // 2, SIDE // 2, 3)


def test_not_where_there_is_no_room_for_both(tiny_pictures: Path) -> None:
    n_bytes = 20 * SIDE * SIDE * 3
    loader = loaders(tiny_pictures, Resize(SIDE), pixels=PixelCache(limit=n_bytes + 1)).train
    loader.decode()
    assert loader.ready is None
    assert len(list(loader)) > 0
