"""Splitting images into those to learn from and those to score, where chance alone would not do."""

import re
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from fastai.data.transforms import RandomSplitter
from sklearn.model_selection import (
    GroupShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
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


def fold_places(
    labels: Sequence[str], groups: Sequence[str] | None, settings: Settings, fold: int
) -> Parts:
    """Hold out one of the `settings.folds` parts that the images are dealt out to by `seed`.

    Each image lies in exactly one fold, and the images of a group in the same one; the classes
    have the same share in all, as far as the groups let them.

    Args:
        labels: the class of each image.
        groups: what each belongs to; None where each is alone.
        settings: `folds` and `seed`.
        fold: which is held out, from 0.

    Raises:
        DataError: there are fewer groups, or fewer images of every class, than folds; or the
            groups are whole classes.
    """
    n_folds = settings.folds or 0
    _require_enough(labels, groups, n_folds)
    kind = StratifiedKFold if groups is None else StratifiedGroupKFold
    dealer = kind(n_folds, shuffle=True, random_state=settings.seed)
    with warnings.catch_warnings():  # of classes with fewer images than folds
        warnings.simplefilter("ignore", UserWarning)
        parts = list(dealer.split(np.arange(len(labels)), labels, groups))
    train, valid = (list(map(int, part)) for part in parts[fold])
    if not {labels[place] for place in train} & {labels[place] for place in valid}:
        raise DataError(
            f"fold {fold + 1} of {n_folds} holds out all images of its classes: --group-by leaves "
            "each of them in one group",
            hint="give a rule that finds smaller groups with --group-by, or leave --folds away",
        )
    return train, valid


def _require_enough(labels: Sequence[str], groups: Sequence[str] | None, n_folds: int) -> None:
    there = {"images of the largest class": max(Counter(labels).values())}
    if groups is not None:
        there["groups"] = len(set(groups))
    words, fewest = min(there.items(), key=lambda pair: pair[1])
    if n_folds > fewest:
        raise DataError(
            f"--folds is {n_folds}, expected at most {fewest}: there are no more {words}",
            hint=f"give --folds {fewest}" if fewest > 1 else "leave --folds away",
        )


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
