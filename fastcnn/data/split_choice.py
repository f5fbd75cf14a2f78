"""What splits the images: the data, the recipe, or what the settings ask for instead."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.data.listing import Listing, Split
from fastcnn.data.loading import labels_of, relative_to
from fastcnn.data.splits import fold_places, groups_of, split_places
from fastcnn.errors import UsageError
from fastcnn.setting_checks import SEEDS
from fastcnn.settings import Settings

if TYPE_CHECKING:
    from fastai.data.block import DataBlock

AUTO = "auto"
TRIED_SEEDS = 5
"""Seeds that show whether a split is drawn: by chance two of them may agree on few images."""


def split_by_settings(
    block: Callable[[Settings], "DataBlock"],
    settings: Settings,
    listing: Listing | None,
    folder: Path,
    fold: int = 0,
) -> Split:
    """Return what splits the images: the data or the recipe, or what the settings ask for instead.

    What the data hold out stays so under --group-by; groups on both sides are told of.
    """
    drawn = block(settings)
    is_given = bool(listing and listing.says_what_is_held_out)
    if settings.split == AUTO and not settings.folds and (settings.group_by is None or is_given):
        own: Split = drawn.splitter
        return own

    def split(images: Sequence[Path]) -> tuple[list[int], list[int]]:
        if settings.folds and settings.split == AUTO:
            _require_free_to_deal(block, settings, images)
        names = [relative_to(folder, image) for image in images]
        labels = labels_of(drawn, images)
        groups = groups_by_settings(settings, listing, images, names)
        if settings.folds:
            return fold_places(labels, groups, settings, fold)
        return split_places(labels, groups, settings)

    return split


def _require_free_to_deal(
    block: Callable[[Settings], "DataBlock"], settings: Settings, images: Sequence[Path]
) -> None:
    """See that it is chance what is held out: another seed splits otherwise.

    Raises:
        UsageError: the data, or the recipe, say what is held out.
    """
    seeds = [(settings.seed + number) % SEEDS for number in range(TRIED_SEEDS)]
    parts = [block(settings.changed(seed=seed)).splitter(list(images)) for seed in seeds]
    if all(list(valid) == list(parts[0][1]) for _, valid in parts):
        raise UsageError(
            f"--folds {settings.folds} deals the images out anew, and the data, or the "
            "recipe, say what is held out",
            hint=f"--folds {settings.folds} --split stratified does so all the same; --seeds "
            "repeats on the parts as they are",
        )


def groups_by_settings(
    settings: Settings, listing: Listing | None, images: Sequence[Path], names: Sequence[str]
) -> list[str] | None:
    """Return the group of each image, None where the settings name no rule or column."""
    if settings.group_by is None:
        return None
    if listing and listing.groups:
        return [listing.groups[image] for image in images]
    return groups_of(names, settings.group_by)
