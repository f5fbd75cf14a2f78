"""What folders stand for: a part of a data set, a class, or only a place to keep things."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "trn", "train_set", "training_set", "train_images"),
    "valid": ("valid", "val", "validation", "dev", "valid_set", "validation_set", "val_images"),
    "test": ("test", "testing", "tst", "test_set", "test_images", "eval", "evaluation"),
}
"""Names of folders by the part that they hold, compared without case, `-` as `_`."""
PART_OF = {name: part for part, names in SPELLINGS.items() for name in names}

Folder = tuple[str, ...]
"""The names from the root to a folder; the root itself is empty."""


@dataclass(frozen=True)
class Place:
    """What a folder stands for."""

    part: str | None = None
    """train, valid or test; None where there are no parts."""
    label: str | None = None
    """The class of the images in it; None where no folder says it."""
    ignored: str | None = None
    """Why its images are not of the set."""
    is_empty_class: bool = False
    """Whether it stands for a class, and neither it nor a folder below it holds an image."""


def part_of(name: str) -> str | None:
    """Return train, valid or test where a name stands for a part, else None."""
    return PART_OF.get(name.strip().lower().replace("-", "_").replace(" ", "_"))


def part_folders(names: Iterable[str]) -> dict[str, str]:
    """Return the part of each name of a folder where they make a split, else nothing.

    A split has a part to learn from and another one: a lone `test` may be a class of tests.
    """
    found = {name: part for name in names if (part := part_of(name))}
    parts = set(found.values())
    return found if "train" in parts and len(parts) > 1 else {}


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is one that systems and tools leave and no user looks at."""
    return name.startswith((".", "__MACOSX")) or name in ("Thumbs.db", "desktop.ini", "@eaDir")


def places_of(holds_images: Mapping[Folder, bool]) -> dict[Folder, Place]:
    """Return what every folder of a tree stands for.

    Folders around everything are only wrappings. Below them lie parts (train, valid, test), or
    the classes at once. Where classes hold folders too, an image is of the outer one if that holds
    images itself, or if the names of the inner ones repeat (`cats/indoor`, `dogs/indoor`); else
    of the inner one (`felis/catus`).

    Args:
        holds_images: whether an image lies right in it, of every folder, the root included.
    """
    full = [folder for folder, holds in holds_images.items() if holds]
    wrapping = len(os.path.commonprefix(full)) if full else 0
    parts = part_folders({folder[wrapping] for folder in full if len(folder) > wrapping})
    skipped = {folder: _below(folder, wrapping, parts) for folder in holds_images}
    inner = _inner_says([folder[skipped[folder] :] for folder in full])
    return {
        folder: _place(folder, skipped[folder], wrapping, parts, inner=inner, full=full)
        for folder in holds_images
    }


def _below(folder: Folder, wrapping: int, parts: Mapping[str, str]) -> int:
    """Return how many names of a folder come before that of a class."""
    in_part = len(folder) > wrapping and folder[wrapping] in parts
    return wrapping + in_part


def _inner_says(classes: list[Folder]) -> bool:
    """Return whether the innermost folder is the class, of folders as seen from the parts."""
    distinct = set(classes)
    outer = {folder[0] for folder in distinct if len(folder) == 1}
    is_mixed = any(len(folder) > 1 and folder[0] in outer for folder in distinct)
    names = [folder[-1] for folder in distinct if folder]
    return not is_mixed and len(set(names)) == len(names)


def _place(
    folder: Folder,
    below: int,
    wrapping: int,
    parts: Mapping[str, str],
    *,
    inner: bool,
    full: list[Folder],
) -> Place:
    rest = folder[below:]
    part = parts.get(folder[wrapping]) if len(folder) > wrapping else None
    if parts and part is None:
        return Place(ignored=f"outside of {', '.join(sorted(parts))}")
    if part == "test" and not rest:
        return Place(part, ignored="a test image without a class")
    if not rest:
        return Place(part)
    is_empty = len(rest) == 1 and not any(other[: len(folder)] == folder for other in full)
    return Place(part, rest[-1] if inner else rest[0], is_empty_class=is_empty)
