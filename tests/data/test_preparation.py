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
from fastcnn.data.rgb import open_picture
from fastcnn.data.unvaried import unvaried
from fastcnn.settings import Settings

SIZE = (40, 56)
"""Height and width, not equal, so that none passes for the other."""


@pytest.fixture(scope="module")
def odd_files(few_pets: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("odd")
    write_odd_files(folder, few_pets)
    return folder


def upright(image: PILImage) -> PILImage:
    """Turn a picture as its file says: what a recipe may do, though it has been done."""
    return PILImage(ImageOps.exif_transpose(image))


def test_what_a_file_says_of_its_orientation_is_done_once(odd_files: Path) -> None:
    cache, way = PixelCache(), Whole(PILImage)
    cache.fill([(odd_files / "odd_2.jpg", way)])
    kept = cache.get(odd_files / "odd_2.jpg", way)
    assert kept.size == upright(kept).size == (301, 167)


def test_a_reduced_picture_is_upright(odd_files: Path) -> None:
    way = Reduced(PILImage, (64, 64), "crop", 2)
    reduced, whole = way(odd_files / "odd_2.jpg"), Whole(PILImage)(odd_files / "odd_2.jpg")
    assert reduced.full_size == (301, 167) and reduced.size == (115, 64)
    difference = np.asarray(whole.resize(reduced.size), float) - np.asarray(reduced, float)
    assert np.abs(difference).mean() < 6


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_turned_files_of_any_format_keep_their_shape(suffix: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 300)).save(tmp_path / f"a.{suffix}", exif=exif)
    reduced = Reduced(PILImage, (100, 100), "crop", 2)(tmp_path / f"a.{suffix}")
    assert reduced.full_size == (300, 400) and reduced.size == (100, 133)


@pytest.mark.parametrize(
    "transforms",
    [
        [Resize(SIZE)],
        [Resize(SIZE, method="pad")],
        [Resize(SIZE, method="squish")],
        [RandomResizedCrop(SIZE)],
        [FlipItem(), Resize(SIZE, pad_mode="zeros", method="pad")],
        [upright, Resize(SIZE)],
        [CropPad(SIZE)],
    ],
    ids=["crop", "pad", "squish", "random crop", "flip first", "turned by EXIF", "crop unresized"],
)
def test_validation_sees_what_fastai_sees(odd_files: Path, transforms: list[Any]) -> None:
    """To the bit, of pictures as meant; whether all of it is kept in memory, or nothing."""
    block, device = block_with(*transforms), torch.device("cpu")
    images = read_images(block, odd_files)
    images = replace(images, valid=tuple(range(len(images.items))))
    stock = block.dataloaders(odd_files, bs=1, num_workers=0, device=device)
    meant = [open_picture(path, PILImage) for path in images.items]
    expected = [x for (x,) in stock.test_dl(meant)]
    for limit in (0, 10**9):
        pixels = PixelCache(limit)
        loaders = make_loaders(block, images, Settings(bs=1), device, pixels)
        valid = loaders.valid if limit else loaders.valid.new(num_workers=0)
        assert all(torch.equal(x, y) for (x, _), y in zip(valid, expected, strict=True))
        assert (pixels.n_bytes > 0) == (limit > 0)


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
    assert 49.5**2 < narrowest < 50.5**2
    assert way.size_of((120, 90)) == (120, 90)


def test_a_resize_without_chance_is_the_same_in_both_parts() -> None:
    (central,) = unvaried(Resize(64))
    ways = [preparation_of(PILImage, [central], part) for part in (TRAINING, VALIDATION)]
    assert ways[0] == ways[1] == preparation_of(PILImage, [Resize(64)], VALIDATION)


def test_each_part_is_prepared_for_its_own_transform() -> None:
    transforms = [RandomResizedCrop(64, min_scale=0.5, split_idx=0), Resize(64, split_idx=1)]
    training, validation = (preparation_of(PILImage, transforms, part) for part in (0, 1))
    assert training == preparation_of(PILImage, [RandomResizedCrop(64, min_scale=0.5)], TRAINING)
    assert validation == preparation_of(PILImage, [Resize(64)], VALIDATION)


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
    """Up to a pixel of the reduced file; another draw is another picture."""
    ours = faster_item(transform)
    way = preparation_of(PILImage, [transform], TRAINING)
    for file in (odd_files / "odd_7.jpg", odd_files / "even_1.jpg"):
        for seed in range(3):
            whole = coarse(transform, PILImage.create(file), seed)
            reduced, other = coarse(ours, way(file), seed), coarse(ours, way(file), seed + 1)
            assert abs(whole - reduced).mean() < 6
            assert abs(whole - other).mean() > 2 * abs(whole - reduced).mean()


def coarse(transform: Any, image: Any, seed: int) -> Any:
    """Draw by `seed`, and return 8 x 8 pixels of the result, to which a shift of one is little."""
    random.seed(seed)
    result, _ = transform((image, TensorCategory(0)), split_idx=TRAINING)
    return np.array(result).reshape(8, 8, 8, 8, 3).mean((1, 3))


def test_a_large_jpeg_is_never_decoded_in_full(odd_files: Path) -> None:
    """Pillow refuses pictures that are too large as it opens them: the scale is known by then."""
    way = preparation_of(PILImage, [Resize(64)], TRAINING)
    image = way(odd_files / "odd_7.jpg")
    assert (image.size, image.full_size) == ((91, 64), (2000, 1400))
    with Image.open(odd_files / "odd_7.jpg") as file:
        file.draft(None, (182, 128))
        assert file.size == (250, 175)
