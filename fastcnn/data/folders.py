"""Understanding a folder of images: a folder a class, with or without parts, or names that say."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from fastcnn.data.listing import Listing
from fastcnn.data.parts import PARTS
from fastcnn.data.walk import Seen, walk
from fastcnn.errors import DataError, UsageError
from fastcnn.places import shown_path


def read_folder(folder: Path, label_regex: str | None = None) -> Listing:
    """List the images below `folder`; none is opened.

    Args:
        folder: holds a folder a class, perhaps within folders a part (train, valid, test).
        label_regex: reads the class from a file's name instead; its first group, or all of it.

    Raises:
        DataError: there are no images, or nothing says what they show.
        UsageError: names escape the rule.
    """
    everything = list(walk(folder))
    seen = [one for one in everything if one.is_image]
    if not seen:
        raise DataError(
            f"{shown_path(folder)} holds no images, expected a folder of images",
            hint="look at the path with ls; a CSV or an archive is given by its own path",
        )
    missed = {one.path: str(one.ignored) for one in everything if one.is_missed}
    if label_regex is None:
        labels = {folder / one.path: one.label for one in seen if one.label is not None}
        missed |= _strays(folder, seen)
        understood = f"a folder for each class ({_some(sorted(set(labels.values())))})"
    else:
        labels = dict(_by_name(folder, seen, label_regex))
        understood = f"classes from the names, by {label_regex}"
    parts = {
        folder / one.path: one.part for one in seen if one.part and folder / one.path in labels
    }
    said = understood + _parts_in_words(parts.values())
    return Listing(folder, said, labels, parts, ignored=missed)


def _strays(folder: Path, seen: Sequence[Seen]) -> dict[str, str]:
    """Return the images that lie in no class folder, and that as the reason to leave them out."""
    without = [one for one in seen if one.label is None]
    if len(without) == len(seen):
        raise DataError(
            f"{shown_path(folder)} holds {len(seen)} images and no folder of images for each class",
            hint="sort them into a folder a class, or give a rule for names such as "
            "beagle_12.jpg: --label-regex '(.+)_[0-9]+'; images without labels are for "
            "fastcnn interpret and predict",
        )
    return {one.path: "it lies in no folder of a class" for one in without}


def _some(names: Sequence[str]) -> str:
    """Name the first classes."""
    shown = ", ".join(names[:3])
    return f"{shown}, …: {len(names)} in all" if len(names) > 3 else shown


def _by_name(folder: Path, seen: Sequence[Seen], label_regex: str) -> Iterator[tuple[Path, str]]:
    rule = re.compile(label_regex)
    for one in seen:
        name = Path(one.path).name
        match = rule.search(name)
        label = (match[1] if rule.groups else match[0]) if match else None
        if not label:
            raise UsageError(
                f"--label-regex {label_regex!r} finds no class in {name!r}",
                hint="for example '(.+)_[0-9]+' reads beagle from beagle_12.jpg",
            )
        yield folder / one.path, label


def _parts_in_words(parts: Iterable[str]) -> str:
    found = set(parts)
    return f", in the parts {', '.join(part for part in PARTS if part in found)}" if found else ""
