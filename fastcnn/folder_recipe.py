"""Any folder of pictures in which every class has a folder of its own.

    fastcnn lr-find FOLDER

The data: `FOLDER/cat/1.jpg`, `FOLDER/dog/1.jpg`, …; the label of a picture is the name of the
folder that it lies in, at whatever depth.

The split: a random part of all pictures is held out, as large as `--valid-pct`. Where several
pictures show the same thing, as frames of a film do, some of them end up in either part and the
score is too good; write a recipe with a splitter of your own then.
"""

from pathlib import Path

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.transforms import RandomSplitter, get_image_files, parent_label
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageBlock

from fastcnn.errors import DataError
from fastcnn.recipe import Recipe
from fastcnn.settings import Settings


def pictures_of_classes(folder: Path) -> list[Path]:
    """List the pictures below a folder.

    Raises:
        DataError: all lie in the folder itself, so that nothing says what they show.
    """
    paths = list(get_image_files(folder))
    if paths and all(path.parent == folder for path in paths):
        raise DataError(
            f"{folder} holds {len(paths)} images and no folder of images for each class",
            hint="sort them into a folder a class; names such as label_1.jpg are read by the "
            f"recipe pets: --data {folder}",
        )
    return paths


def folder(settings: Settings) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=pictures_of_classes,
        get_y=parent_label,
        splitter=RandomSplitter(settings.valid_pct, seed=settings.seed),
        item_tfms=Resize(settings.size),
        batch_tfms=aug_transforms(),
    )


RECIPE = Recipe(
    title="A folder of images, labels from the names of the folders they lie in",
    data_block=folder,
    name="folder",
)
