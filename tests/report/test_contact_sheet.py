"""The contact sheet: what is on it, and that looking changes nothing."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from fastai.data.core import DataLoaders
from fastai.data.transforms import Normalize
from fastai.vision.augment import Resize
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from fastcnn.data.augmentation import apply_augmentation
from fastcnn.data.loaders import make_loaders
from fastcnn.data.loading import read_images
from fastcnn.recipe_book import find_recipe
from fastcnn.report.contact_sheet import (
    contact_sheet_figure,
    spread_out,
    validated,
    varied,
    write_contact_sheet,
)
from fastcnn.run_folder import CONTACT_SHEET_FILE
from fastcnn.settings import Settings


def loaders(folder: Path, augment: str = "default", *, normalised: bool = True) -> DataLoaders:
    """Loaders of pets, normalised as most weights expect."""
    settings = Settings(size=64, bs=4, seed=5)
    block = find_recipe("pets").data_block(settings)
    images = read_images(block, folder)
    block.item_tfms, block.batch_tfms = apply_augmentation(block, settings.changed(augment=augment))
    dls = make_loaders(block, images, settings, torch.device("cpu"))
    if normalised:
        mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
        dls.add_tfms([Normalize.from_stats(mean, std, cuda=False)], "after_batch")
    return dls


def generator_states() -> list[Any]:
    numpy = np.random.get_state(legacy=False)["state"]
    return [random.getstate(), numpy["key"].tolist(), numpy["pos"], torch.get_rng_state().tolist()]


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


@pytest.mark.parametrize("level", ["default", "strong"])
def test_looking_changes_nothing(level: str, small_pets: Path, tmp_path: Path) -> None:
    """Neither the generators, nor an epoch that is under way, nor the next one."""
    untouched, looked_at = loaders(small_pets, level), loaders(small_pets, level)
    for dls in (untouched, looked_at):
        dls.train.epoch = 3
    expected, found = (iter(dls.train.new(num_workers=0)) for dls in (untouched, looked_at))
    assert torch.equal(next(expected)[0], next(found)[0])
    before = generator_states()
    write_contact_sheet(looked_at, tmp_path, "pets", augment=level, n=2)
    assert generator_states() == before
    assert looked_at.train.epoch == 3
    assert torch.equal(next(expected)[0], next(found)[0])
    for part in (0, 1):
        expected, found = (dls[part].new(num_workers=0) for dls in (untouched, looked_at))
        for mine, other in zip(expected, found, strict=True):
            assert torch.equal(mine[0], other[0])
            assert torch.equal(mine[1], other[1])


def test_the_picture_has_a_row_for_each_image(small_pets: Path, tmp_path: Path) -> None:
    dls = loaders(small_pets)
    heights = []
    for n in (1, 2):
        write_contact_sheet(dls, tmp_path, "pets", augment="default", n=n)
        with Image.open(tmp_path / CONTACT_SHEET_FILE) as picture:
            assert picture.format == "PNG"
            assert picture.width == 1080
            heights.append(picture.height)
    assert 150 < heights[1] - heights[0] < 300
    assert CONTACT_SHEET_FILE == "contact_sheet.png"


def test_the_first_column_is_what_validation_sees(small_pets: Path) -> None:
    dls = loaders(small_pets)
    chosen = spread_out(dls, 3)
    column = validated(dls, chosen)
    resize = Resize(64)
    for index, pixels in zip(chosen, column, strict=True):
        file = Image.open(dls.train_ds.items[index]).convert("RGB")
        expected = np.asarray(resize(file, split_idx=1)).astype(int)
        assert np.abs(pixels.astype(int) - expected).max() <= 1  # rounded after normalisation


def test_the_other_columns_are_the_loaders_own_augmentation(small_pets: Path) -> None:
    """Item transforms derive from seed, epoch and index: the sheet shows the epoch's own crop."""
    dls = loaders(small_pets, "none", normalised=False)
    chosen = spread_out(dls, 4)
    first, second = varied(dls, chosen, 2)
    assert np.array_equal(first, second)
    assert np.array_equal(first, validated(dls, chosen))
    strong = loaders(small_pets, "strong")
    first, second = varied(strong, chosen, 2)
    assert first.shape == (4, 64, 64, 3)
    assert all(not np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert 40 < first.mean() < 215  # de-normalised: neither black nor white


def test_the_images_are_of_different_classes(small_pets: Path) -> None:
    dls = loaders(small_pets)
    names = {dls.train_ds.items[index].stem.rsplit("_", 1)[0] for index in spread_out(dls, 4)}
    assert len(names) == 4
    assert len(spread_out(dls, 1000)) == len(dls.train_ds)


def test_the_sheet_says_what_it_shows() -> None:
    pictures = np.zeros((2, 30, 40, 3), np.uint8)
    heading = "a title\n" + "strong " * 40
    figure = contact_sheet_figure([pictures] * 4, ["pug", "Siamese"], heading)
    written = texts(figure)
    assert {"pug", "Siamese", "as validated", "training, variation 3"} <= set(written)
    assert len(figure.axes[0].images) == 8
    assert written[0].startswith("a title\nstrong strong")


@pytest.mark.parametrize("shape", [(64, 64), (40, 90), (90, 40)])
def test_nothing_overlaps(shape: tuple[int, int]) -> None:
    """Texts and pictures, measured as they are drawn."""
    pictures = np.zeros((3, *shape, 3), np.uint8)
    labels = ["american_pit_bull_terrier", "pug", "a name that is longer than its picture is wide"]
    heading = "a title\n" + "random crops down to 35 % of the area, " * 5
    figure = contact_sheet_figure([pictures] * 6, labels, heading)
    figure.set_dpi(120)
    renderer = FigureCanvasAgg(figure).get_renderer()
    (axes,) = figure.axes
    boxes = [artist.get_window_extent(renderer) for artist in (*axes.texts, *axes.images)]
    for place, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:place])
