"""Which of five flowers is it? TensorFlow's flower photographs, a folder each.

    fastcnn recipe flowers --data FOLDER --strategy full-vs-head

The data: 3,670 photographs of daisies, dandelions, roses, sunflowers and tulips, collected by the
TensorFlow team in 2019 from Flickr (each under a Creative Commons licence of its own, listed in
their LICENSE.txt). The folder that a photograph lies in is its label.

The split: a random fifth is held out.

The arithmetic, with all images: 2,936 to train on make 91 batches of 32 an epoch. `head` learns
one linear layer on a ResNet-34, 512 features x 5 flowers + 5 biases = 2,565 numbers.
"""

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import RandomSplitter, get_image_files, parent_label
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageBlock

from fastcnn.recipe import Recipe
from fastcnn.settings import Settings


def flowers(settings: Settings) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=parent_label,
        splitter=RandomSplitter(settings.valid_pct, seed=settings.seed),
        item_tfms=Resize(settings.size),
        batch_tfms=aug_transforms(flip_vert=True),  # a flower from above has no upright
    )


RECIPE = Recipe(
    title="Five flowers, a folder each",
    data_block=flowers,
    defaults={"arch": "resnet34", "epochs": 5, "freeze_epochs": 1, "lr": "0.004", "bs": 32},
)
