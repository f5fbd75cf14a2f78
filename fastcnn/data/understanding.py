"""From what the user gave to images that can be trained on: understood, looked at, split."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.data.leaks import copies_across_parts
from fastcnn.data.listing import Listing
from fastcnn.data.loaders import opens_pictures
from fastcnn.data.loading import (
    ImageSet,
    Skipped,
    list_images,
    read_images,
)
from fastcnn.data.looks import Look, look_at_all, way_to_a_square
from fastcnn.data.split_choice import AUTO, groups_by_settings, split_by_settings
from fastcnn.errors import DataError, FastcnnError, UsageError
from fastcnn.narrator import Narrator
from fastcnn.recipe import Recipe
from fastcnn.setting_checks import option
from fastcnn.settings import Settings

if TYPE_CHECKING:
    from fastai.data.block import DataBlock

FOR_ANYTHING = ("label_regex", "image_col", "label_col", "split_col")
"""Settings that say how to understand what is given; a recipe of one data set knows it already."""


@dataclass(frozen=True)
class Understood:
    """A data set as a recipe and the settings see it."""

    images: ImageSet
    """Listed, labelled and split."""
    settings: Settings
    """With the way to a square that suits the pictures, where it was to be found out."""
    block: Callable[[Settings], "DataBlock"]
    """Builds the recipe's `DataBlock` of these images."""
    words: str
    """What says the classes and parts, in words; empty where the recipe knows it."""
    torn: int
    """Groups of `--group-by` that lie in several parts, which only the data's own parts do."""
    looks: Sequence[Look]
    """What a quick look at each image showed, in the order of the images."""
    split: Callable[[Settings, int], ImageSet]
    """Splits the same images by the seed of other settings; a number says which fold is held out,
    where these have folds."""


def understand(recipe: Recipe, settings: Settings, path: Path, narrator: Narrator) -> Understood:
    """List, look at and split the images of `path`.

    Raises:
        DataError: it holds no images, or nothing that can be understood.
        UsageError: a setting has no meaning for these data.
    """
    try:
        return _understand(recipe, settings, path, narrator)
    except FastcnnError:
        raise
    except Exception as error:  # the recipe's code may be the user's own
        raise DataError(
            f"the recipe {recipe.name} failed on {path}: {type(error).__name__}: {error}",
            hint="look at its get_items, splitter and transforms; --debug shows where it failed",
        ) from error


def _understand(recipe: Recipe, settings: Settings, path: Path, narrator: Narrator) -> Understood:
    listing, block = _block_of(recipe, settings, path, narrator)
    folder = listing.folder if listing else path
    drawn = block(settings)
    tests = _tests(recipe, listing, path)
    everything = [*list_images(drawn, folder), *tests]
    looks = look_at_all(everything, narrator) if opens_pictures(drawn) else []
    seen = dict(zip(everything, looks, strict=False))
    unusable = {path: ": ".join(look.problem) for path, look in seen.items() if look.problem}
    _require_some(everything, unusable)
    images = read_images(
        drawn,
        folder,
        test_items=tests,
        unusable=unusable,
        split=split_by_settings(block, settings, listing, folder),
        parts_are_given=bool(listing and listing.says_what_is_held_out),
    )
    if listing and listing.ignored:
        ignored = tuple(Skipped(name, why) for name, why in listing.ignored.items())
        images = replace(images, skipped=(*images.skipped, *ignored))
    names = [images.relative(place) for place in range(len(images.items))]
    groups = groups_by_settings(settings, listing, images.items, names)
    images = replace(images, groups=None if groups is None else tuple(groups))
    kept = [seen[item] for item in images.items] if seen else []
    if settings.resize == AUTO:
        settings = settings.changed(resize=way_to_a_square(kept))
    words = listing.understood if listing else ""
    if words and settings.split != AUTO:
        words += f"; held out anew, {settings.split}"

    def split(settings: Settings, fold: int) -> ImageSet:
        return images.split_by(split_by_settings(block, settings, listing, folder, fold))

    return Understood(images, settings, block, words, _torn(images), kept, split)


def _torn(images: ImageSet) -> int:
    """Return how many groups lie in more than one part."""
    groups = images.groups
    if groups is None:
        return 0
    sides = [{groups[i] for i in part} for part in (images.train, images.valid, images.test)]
    return len((sides[0] & sides[1]) | (sides[0] & sides[2]) | (sides[1] & sides[2]))


def _block_of(
    recipe: Recipe, settings: Settings, path: Path, narrator: Narrator
) -> tuple[Listing | None, Callable[[Settings], "DataBlock"]]:
    if recipe.understand is not None:
        listing = recipe.understand(path, settings, narrator)
        return listing, partial(_with_listing, recipe, listing)
    idle = [option(name) for name in FOR_ANYTHING if getattr(settings, name) is not None]
    if idle:
        raise UsageError(
            f"{', '.join(idle)} would do nothing: the recipe {recipe.name} reads its own data",
            hint=f"fastcnn train {path} reads anyone's",
        )
    return None, recipe.data_block


def _with_listing(recipe: Recipe, listing: Listing, settings: Settings) -> "DataBlock":
    return recipe.data_block(settings, listing)


def _tests(recipe: Recipe, listing: Listing | None, path: Path) -> list[Path]:
    if listing is not None:
        return listing.test_images
    return recipe.test_items(path) if recipe.test_items else []


def _require_some(everything: Sequence[Path], unusable: Mapping[Path, str]) -> None:
    if len(unusable) == len(everything):
        path, why = next(iter(unusable.items()))
        is_missing = why.startswith("missing")
        raise DataError(
            f"none of the {len(everything)} images can be used; {path}: {why}",
            hint="paths of a table are relative to it, and end in .jpg and the like"
            if is_missing
            else f"fastcnn doctor {path.parent} says what is the matter with each",
        )


def tell_faults(understood: Understood, narrator: Narrator) -> None:
    """Warn of images that are left out, of copies across the parts, of what an export cannot do."""
    images = understood.images
    if images.skipped:
        first = images.skipped[0]
        narrator.warn(
            f"{len(images.skipped):,} files are left out, as {first.path} ({first.reason}); "
            "run.json lists them"
        )
    leaks = copies_across_parts(images)
    if leaks:
        held_out, learned = leaks[0]
        narrator.warn(
            f"LEAK: {len(leaks):,} held-out images are copies of images learned from, as "
            f"{held_out} of {learned}: the score is too good; fastcnn doctor lists them"
        )
    if understood.torn:
        narrator.warn(
            f"LEAK: {understood.torn:,} groups of --group-by lie in several of the parts that the "
            "data give; --split random or stratified draws them anew"
        )
    for name, count in _beyond_stock(understood.looks).items():
        narrator.warn(
            f"{count:,} images are {name}: fastcnn shows them to the network as meant, but "
            "export.pkl opened by plain fastai does not"
        )


def _beyond_stock(looks: Sequence[Look]) -> dict[str, int]:
    counts = {
        "of 16 bits": sum(look.is_deep for look in looks),
        "transparent": sum(look.is_transparent for look in looks),
    }
    return {name: count for name, count in counts.items() if count}
