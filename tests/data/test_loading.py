"""Listing, labelling and splitting, before anything is trained."""

from pathlib import Path

import pytest
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import FuncSplitter, get_image_files
from fastai.vision.augment import Resize
from fastai.vision.data import ImageBlock
from PIL import Image

from fastcnn.data.loading import read_images
from fastcnn.errors import DataError
from fastcnn.recipe_book import find_recipe
from fastcnn.settings import Settings


def draw(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.new("RGB", (20, 20)).save(folder / f"{name}.jpg")


def block_holding_out(word: str) -> DataBlock:
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=lambda path: path.stem.split("_")[0],
        splitter=FuncSplitter(lambda path: word in path.stem),
        item_tfms=Resize(16),
    )


def test_the_split_depends_on_paths_and_seed_only(tmp_path: Path) -> None:
    """Two folders filled in another order, as another file system lists them."""
    names = [f"{kind}_{number}" for kind in ("pug", "beagle") for number in range(10)]
    draw(tmp_path / "a", *names)
    draw(tmp_path / "b", *reversed(names))
    sets = [
        read_images(find_recipe("pets").data_block(Settings(seed=seed)), tmp_path / folder)
        for folder, seed in (("a", 1), ("b", 1), ("a", 2))
    ]
    hashes = [images.split_sha256() for images in sets]
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(sets[0].valid) == 4
    assert not set(sets[0].train) & set(sets[0].valid)
    assert sets[0].relative(0) == "beagle_0.jpg"


def test_a_class_that_only_the_held_out_part_has_is_named(tmp_path: Path) -> None:
    draw(tmp_path, "pug_1", "pug_2", "pug_val", "beagle_1", "beagle_val", "cat_val1", "cat_val2")
    images = read_images(block_holding_out("val"), tmp_path)
    assert images.unscored == ["cat"]
    assert images.classes == ["beagle", "pug"]
    assert sorted(images.relative(index) for index in images.valid) == [
        "beagle_val.jpg",
        "pug_val.jpg",
    ]


def test_a_label_function_that_fails_names_the_file(tmp_path: Path) -> None:
    draw(tmp_path, "pug_1", "pug_2")
    block = block_holding_out("2")
    block.getters[-1] = lambda path: path.stem.split("_")[5]
    with pytest.raises(DataError, match=r"pug_1\.jpg: IndexError"):
        read_images(block, tmp_path)


def test_an_empty_part_is_refused(tmp_path: Path) -> None:
    draw(tmp_path, "pug_1", "pug_2", "beagle_1", "beagle_2")
    with pytest.raises(DataError, match="4 images to learn from and 0 to score"):
        read_images(block_holding_out("nothing"), tmp_path)
