"""Which of 37 breeds is this cat or dog? The Oxford-IIIT Pet data set.

    fastcnn recipe pets --strategy full-vs-head

The data: 7,390 photographs of 12 breeds of cats and 25 of dogs, about 200 each, cut into an
archive of 812 MB by fastai (Parkhi et al., "Cats and Dogs", CVPR 2012; licence CC BY-SA 4.0).
The breed stands in the file name: `Great_Pyrenees_12.jpg`, `shiba_inu_7.jpg`; a capital first
letter marks a cat, a small one a dog.

The split: a random fifth is held out, as in fastai's own lessons. That is not the official
test split of the paper, so do not compare scores across the two.

The arithmetic, with all images: 5,912 to train on make 184 batches of 32 an epoch. `head`
learns one linear layer, 512 features x 37 breeds + 37 biases = 18,981 numbers; `full` moves
the 21.3 million of the ResNet-34 below it as well.
"""

from pathlib import Path

from fastai.data.block import CategoryBlock, DataBlock
from fastai.data.external import URLs
from fastai.data.transforms import RandomSplitter, get_image_files
from fastai.vision.augment import Resize, aug_transforms
from fastai.vision.data import ImageBlock

from fastcnn.data.sample import SAMPLE_NAME, write_sample
from fastcnn.recipe import Recipe, Sample
from fastcnn.settings import Settings


def breed(path: Path) -> str:
    """Read the label from a file name: what stands before the last underscore."""
    return path.stem.rsplit("_", 1)[0]


def pets(settings: Settings) -> DataBlock:
    """Say what an item is, what its label is, what is held out, and what is varied."""
    return DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=get_image_files,
        get_y=breed,
        splitter=RandomSplitter(settings.valid_pct, seed=settings.seed),
        item_tfms=Resize(settings.size),
        batch_tfms=aug_transforms(),
    )


RECIPE = Recipe(
    title="Oxford-IIIT Pets: 37 breeds of cats and dogs, labels from file names",
    data_block=pets,
    url=URLs.PETS,
    n_images=7390,
    # The drawn sample is for trying things out, so it shall be over soon.
    sample=Sample(name=SAMPLE_NAME, write=write_sample, defaults={"epochs": 3, "size": 160}),
    # resnet34 is what fastai's lessons train on Pets; they reach about 93 % in a few epochs.
    # 0.004 is where a linear head was best on 1,106 of the images (0.88; 0.002 and 0.008: 0.88).
    defaults={"arch": "resnet34", "epochs": 5, "freeze_epochs": 1, "lr": "0.004", "bs": 32},
)
