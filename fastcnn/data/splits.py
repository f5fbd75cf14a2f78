"""Splitting images into those to learn from and those to score, where chance alone would not do."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from fastai.data.transforms import RandomSplitter
from sklearn.model_selection import (
    GroupShuffleSplit,
    StratifiedGroupKFold,
    StratifiedShuffleSplit,
)

from fastcnn.errors import DataError, UsageError
from fastcnn.settings import Settings

Parts = tuple[list[int], list[int]]
"""Places of the images to learn from, and of those that are held out."""


def split_places(labels: Sequence[str], groups: Sequence[str] | None, settings: Settings) -> Parts:
    """Split by `settings.split`, `valid_pct` and `seed`; images of a group end on one side.

    Args:
        labels: the class of each image.
        groups: what each belongs to (an animal, a patient, a burst); None where each is alone.
        settings: `split` says whether the classes have the same share in both parts.

    Raises:
        DataError: there are too few images of a class, or too few groups.
    """
    places = np.arange(len(labels))
    if groups is None and settings.split != "stratified":
        train, valid = RandomSplitter(settings.valid_pct, seed=settings.seed)(labels)
        return list(map(int, train)), list(map(int, valid))
    try:
        if groups is not None and settings.split == "stratified":
            train, valid = _stratified_groups(labels, groups, settings)
        else:
            train, valid = next(_splitter(groups, settings).split(places, labels, groups))
    except ValueError as error:
        raise DataError(
            f"the images cannot be split so: {error}",
            hint="take classes with one image away, or leave --split stratified and --group-by",
        ) from error
    return sorted(map(int, train)), sorted(map(int, valid))


def _splitter(groups: Sequence[str] | None, settings: Settings) -> Any:
    share, seed = settings.valid_pct, settings.seed
    if groups is None:
        return StratifiedShuffleSplit(1, test_size=share, random_state=seed)
    return GroupShuffleSplit(1, test_size=share, random_state=seed)


def _stratified_groups(
    labels: Sequence[str], groups: Sequence[str], settings: Settings
) -> tuple[list[int], list[int]]:
    """Deal the groups out to tenths, fewer where there are fewer, and hold out enough of them."""
    n_folds = max(2, min(10, len(set(groups))))
    dealer = StratifiedGroupKFold(n_folds, shuffle=True, random_state=settings.seed)
    folds = [held for _, held in dealer.split(np.arange(len(labels)), labels, groups)]
    n_held = min(n_folds - 1, max(1, round(settings.valid_pct * n_folds)))
    valid = {int(place) for fold in folds[:n_held] for place in fold}
    return [place for place in range(len(labels)) if place not in valid], sorted(valid)


def groups_of(names: Sequence[str], rule: str) -> list[str]:
    """Return the group of each image, read from its relative path by a regular expression.

    That is its first group, or all that matches. An image whose path does not match is alone.

    Raises:
        UsageError: the rule is no regular expression, or matches nowhere.
    """
    try:
        pattern = re.compile(rule)
    except re.error as error:
        raise UsageError(
            f"--group-by {rule!r} is no regular expression: {error}",
            hint="for example --group-by '(.+)_frame[0-9]+'",
        ) from error
    matches = [pattern.search(name) for name in names]
    if not any(matches):
        raise UsageError(
            f"--group-by {rule!r} matches no path, as {names[0]!r}",
            hint="name a column of the table, or a rule that finds the group in the path",
        )
    found = [match and (match[1] if pattern.groups else match[0]) for match in matches]
    return [group or f"alone: {name}" for group, name in zip(found, names, strict=True)]
