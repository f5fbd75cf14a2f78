"""Is it an ant or a bee? The few hundred photographs of PyTorch's transfer-learning tutorial.

    fastcnn recipe hymenoptera --data FOLDER --strategy full-vs-head

The data: 244 photographs to learn from and 153 held out, a subset of ImageNet, in the folders
`train/ants`, `train/bees`, `val/ants` and `val/bees`. So few that a network from random weights
learns next to nothing: the example of what transfer is for.

The split is given by the folders, so every seed scores the same 153 images.

The arithmetic: 244 images make 7 batches of 32 an epoch and leave 20 over. `head` learns one
linear layer on a ResNet-18, 512 features x 2 classes + 2 biases = 1,026 numbers; one photograph
more or less right is 0.7 points of accuracy, so that the interval is wide.
"""

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import GrandparentSplitter, get_image_files, parent_label
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageBlock

from fastcnn.recipe import Recipe
from fastcnn.settings import Settings


def hymenoptera(settings: Settings) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=parent_label,
        splitter=GrandparentSplitter(train_name="train", valid_name="val"),
        item_tfms=Resize(settings.size),
        batch_tfms=aug_transforms(),
    )


RECIPE = Recipe(
    title="Ants and bees: PyTorch's tutorial on transfer learning",
    data_block=hymenoptera,
    defaults={"arch": "resnet18", "epochs": 5, "freeze_epochs": 1, "lr": "0.004", "bs": 32},
)
