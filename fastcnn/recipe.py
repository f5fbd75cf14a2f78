"""What a recipe is: a short module that shows its fastai `DataBlock` and names its defaults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from fastai.data.block import DataBlock

    from fastcnn.data.fetch import Archive
    from fastcnn.data.listing import Listing
    from fastcnn.narrator import Narrator
    from fastcnn.settings import Settings


class WriteSample(Protocol):
    """Draws a sample data set into an empty folder."""

    def __call__(self, folder: Path, *, on_image: Callable[[int, int], None] | None = None) -> None:
        """Write the images, calling `on_image(done, total)` after each."""


@dataclass(frozen=True)
class Sample:
    """A drawn stand-in for a data set that cannot be downloaded."""

    name: str
    """What it is called wherever it shows, so that it never passes for the real set."""
    write: WriteSample
    """The function that draws it."""
    version: int = 1
    """Raised whenever the drawing changes, so that no old picture is found in the cache."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Settings that differ from the recipe's when the sample is used."""


@dataclass(frozen=True)
class Ablation:
    """Trainings that differ in one thing each, so that it can be seen what the thing is worth."""

    rows: Mapping[str, Mapping[str, Any]]
    """What each row changes of the recipe's settings; the first one is what others differ from."""
    columns: Mapping[str, Mapping[str, Any]]
    """Every row is trained once a column, with these settings besides."""
    n_seeds: int = 3
    """Every training is repeated with so many seeds: another split, order and first weights."""


@dataclass(frozen=True)
class Recipe:
    """One way to turn a source of images into a trained classifier."""

    title: str
    """What the recipe is about, in a few words."""
    data_block: Callable[..., "DataBlock"]
    """Builds the fastai `DataBlock` from the settings: items, labels, split, augmentation.

    Where `understand` is given, from the settings and the listing.
    """
    understand: Callable[[Path, "Settings", "Narrator"], "Listing"] | None = None
    """Lists the images of whatever the user gave, where that may be anything."""
    test_items: Callable[[Path], list[Path]] | None = None
    """Lists the images of a folder that are scored once, at the end; None where there are none."""
    packaged: Callable[[], Path] | None = None
    """Finds the folder of the images in an installed package."""
    licence: str = ""
    """Of the images, where it is to be shown: its name and who asks for what."""
    url: str | None = None
    """Archive that fastai's downloader fetches; None where the user brings the data."""
    archive: "Archive | None" = None
    """Archive at its authors' address, fetched by fastcnn; takes the place of `url`."""
    prepare: Callable[[Path, "Narrator"], Path] | None = None
    """Turns the folder that was given into one that `data_block` can list."""
    n_images: int | None = None
    """How many images the unpacked archive holds; fewer are an archive half unpacked."""
    sample: Sample | None = None
    """What takes its place when nothing can be downloaded."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Settings that differ from fastcnn's own."""
    ablation: Ablation | None = None
    """What is trained instead of strategies; None trains these."""
    name: str = ""
    """The name of its module; filled in when the recipe is found."""
