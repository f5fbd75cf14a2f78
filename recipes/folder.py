"""Anyone's pictures: a folder a class, a table, an archive, or names that say what they show.

    fastcnn train FOLDER --strategy full-vs-head

The data: whatever `fastcnn train` is given, understood and told before anything is trained:
`FOLDER/cat/1.jpg`, `FOLDER/{train,val,test}/cat/1.jpg`, `FOLDER/cat_1.jpg` with a rule
(`--label-regex '(.+)_[0-9]+'`), a CSV or Parquet with a row a picture, or a zip or tar of these.

The split: as the data say; where they do not, a random part is held out, as large as
`--valid-pct`. A part called test is scored once, at the end. Pictures that belong together, as
the frames of a film do, belong on one side: `--group-by`.

What is typical here: nothing is known of the pictures. So the way they are made square is chosen
by their shapes, and the augmentation is fastai's usual one: mirrored, but never upside down.
"""

from fastai.data.block import CategoryBlock, DataBlock
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageBlock

from fastcnn.data.listing import Listing
from fastcnn.data.reader import read_listing
from fastcnn.recipe import Recipe
from fastcnn.settings import Settings


def folder(settings: Settings, found: Listing) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=lambda _: found.images,
        get_y=lambda picture: found.labels[picture],
        splitter=found.splitter(settings.valid_pct, settings.seed),
        item_tfms=Resize(settings.size),
        batch_tfms=aug_transforms(),
    )


RECIPE = Recipe(
    title="Anyone's pictures: a folder a class, a table, or an archive",
    data_block=folder,
    understand=read_listing,
    defaults={"resize": "auto", "epochs": 5, "freeze_epochs": 1, "lr": "0.004", "bs": 32},
)
