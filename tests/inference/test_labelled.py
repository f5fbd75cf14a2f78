"""Loaders that show labelled images to an exported model."""

from pathlib import Path

import pytest
import torch
from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import RandomSplitter, get_image_files
from fastai.learner import Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.vision.augment import Resize
from fastai.vision.data import ImageBlock
from torch import nn

from fastcnn.inference.export import stock_copy
from fastcnn.inference.labelled import labelled_loaders

NUMBERS = {"Siamese": 30, "pug": 4}


def number_of(path: Path) -> int:
    return NUMBERS.get(path.stem.rsplit("_", 1)[0], 7)


@pytest.mark.parametrize("numbers", [False, True])
def test_images_come_with_their_labels_in_the_order_given(small_pets: Path, numbers: bool) -> None:
    """Also where a recipe's labels are numbers, which a table of predictions holds as text."""
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=number_of if numbers else lambda path: str(number_of(path)),
        splitter=RandomSplitter(0.25, seed=0),
        item_tfms=Resize(32),
    )
    dls = block.dataloaders(small_pets, bs=4, num_workers=0)
    exported = stock_copy(Learner(dls, nn.Identity(), loss_func=CrossEntropyLossFlat())).dls
    files = sorted(small_pets.glob("*.jpg"))[::-1]
    labels = [str(number_of(file)) for file in files]
    valid = labelled_loaders(exported, files, labels).valid
    assert list(valid.items) == files
    images, categories = (torch.cat(parts) for parts in zip(*valid, strict=True))
    assert images.shape == (len(files), 3, 32, 32)
    assert [str(dls.vocab[place]) for place in categories] == labels
