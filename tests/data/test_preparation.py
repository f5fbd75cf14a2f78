"""What is decoded of a file: for validation the very bits, for training as much as it needs."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastai.torch_core import TensorCategory
from fastai.vision.augment import CropPad, FlipItem, RandomResizedCrop, Resize
from fastai.vision.core import PILImage, PILImageBW
from photographs import block_with, write_odd_files
from PIL import Image, ImageOps

from fastcnn.data.fast_items import faster_item
from fastcnn.data.loaders import make_loaders
from fastcnn.data.loading import read_images
from fastcnn.data.pixels import PixelCache
from fastcnn.data.preparation import TRAINING, VALIDATION, Reduced, Whole, preparation_of
from fastcnn.settings import Settings

SIZE = (40, 56)
"""Height and width, not equal, so that none passes for the other."""


@pytest.fixture(scope="module")
def odd_files(few_pets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    write_odd_files(folder, few_pets)
    return folder


@pytest.mark.parametrize("kept", [0, None])
@pytest.mark.parametrize(
    "transforms",
    [
        [Resize(SIZE)],
        [Resize(SIZE, method="pad")],
        [Resize(SIZE, method="squish")],
        [RandomResizedCrop(SIZE)],
        [FlipItem(), Resize(SIZE, pad_mode="zeros", method="pad")],
        [ImageOps.exif_transpose, Resize(SIZE)],
        [CropPad(SIZE)],
    ],
    ids=["crop", "pad", "squish", "random crop", "flip first", "turned by EXIF", "crop unresized"],
)
def test_validation_sees_what_fastai_sees(
    odd_files: Path, transforms: list[Any], kept: int | None
) -> None:
    """To the bit, for every kind of file; whether all of it is kept in memory, or nothing."""
    block, settings = block_with(*transforms), Settings(bs=1)
    images = read_images(block, odd_files)
    images = replace(images, valid=tuple(range(len(images.items))))
    loaders = make_loaders(block, images, settings, torch.device("cpu"), PixelCache(kept))
    stock = block.dataloaders(odd_files, bs=1, num_workers=0, device=torch.device("cpu"))
    expected = stock.test_dl(list(images.items))
    for (x, _), (stock_x,) in zip(loaders.valid, expected, strict=True):
        assert torch.equal(x, stock_x)


@pytest.mark.parametrize(
    ("method", "full", "reduced"),
    [
        ("crop", (500, 375), (75, 56)),
        ("crop", (375, 500), (56, 75)),
        ("crop", (40, 30), (75, 56)),
        ("crop", (30, 24), (30, 24)),
        ("pad", (500, 375), (56, 42)),
        ("pad", (1, 5000), (1, 56)),
        ("squish", (500, 375), (56, 56)),
        ("squish", (40, 200), (56, 56)),
        ("squish", (20, 200), (20, 200)),
    ],
)
def test_the_shorter_or_longer_side_becomes_the_size(
    method: str, full: tuple[int, int], reduced: tuple[int, int]
) -> None:
    """But small files are enlarged to twice their sides at most."""
    assert Reduced(PILImage, (56, 56), method, 2).size_of(full) == reduced


def test_random_crops_never_need_more_than_is_left() -> None:
    crop = RandomResizedCrop(50, min_scale=0.25)
    way = preparation_of(PILImage, [crop], TRAINING)
    assert isinstance(way, Reduced)
    width, height = way.size_of((4000, 3000))
    narrowest = 0.25 * width * height * 3 / 4
    assert 50**2 <= narrowest < 51.5**2
    assert way.size_of((160, 120)) == (160, 120)


def test_unknown_transforms_get_the_whole_file() -> None:
    for transforms in ([], [CropPad(8), Resize(8)], [FlipItem(), Resize(8)]):
        assert preparation_of(PILImage, transforms, TRAINING) == Whole(PILImage)
    assert preparation_of(PILImage, [FlipItem(), Resize(8)], VALIDATION) != Whole(PILImage)
    assert preparation_of(PILImage, [Resize(8)], 0) == preparation_of(PILImage, [Resize(8)], 0)
    assert preparation_of(PILImage, [Resize(8)], 0) != preparation_of(PILImage, [Resize(9)], 0)
    assert preparation_of(PILImage, [Resize(8)], 0) != preparation_of(PILImageBW, [Resize(8)], 0)


@pytest.mark.parametrize(
    "transform", [Resize(64), Resize(64, method="pad"), RandomResizedCrop(64, min_scale=0.35)]
)
def test_training_sees_the_same_crops_as_of_the_whole_file(odd_files: Path, transform: Any) -> None:
    """Up to the pixels of a reduced decode; another draw is another picture."""
    category = TensorCategory(0)
    way, ours = preparation_of(PILImage, [transform], TRAINING), faster_item(transform)
    for file in (odd_files / "odd_7.jpg", odd_files / "even_1.jpg"):
        for seed in range(5):
            pictures = []
            for path, act, draw in ((file, transform, seed), (file, ours, seed), (file, ours, 9)):
                image = PILImage.create(path) if act is transform else way(path)
                random.seed(draw)
                pictures.append(np.array(act((image, category), split_idx=0)[0]).astype(int))
            whole, reduced, other = pictures
            assert abs(whole - reduced).mean() < 4
            assert abs(whole - reduced).mean() < abs(whole - other).mean() / 2


def test_a_large_jpeg_is_never_decoded_in_full(odd_files: Path) -> None:
    """Pillow refuses pictures that are too large as it opens them: the scale is known by then."""
    way = preparation_of(PILImage, [Resize(64)], TRAINING)
    image = way(odd_files / "odd_7.jpg")
    assert (image.size, image.full_size) == ((91, 64), (2000, 1400))
    with Image.open(odd_files / "odd_7.jpg") as file:
        file.draft(None, (182, 128))
        assert file.size == (250, 175)
