"""Folders that stand for a part of a data set, in the usual spellings."""

from collections.abc import Iterable, Mapping
from pathlib import Path

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "trn", "train_set", "training_set", "train_images"),
    "valid": ("valid", "val", "validation", "dev", "valid_set", "validation_set", "val_images"),
    "test": ("test", "testing", "tst", "test_set", "test_images", "eval", "evaluation"),
}
"""Names of folders by the part that they hold, compared without case, `-` as `_`."""
PART_OF = {name: part for part, names in SPELLINGS.items() for name in names}


def part_of(folder_name: str) -> str | None:
    """Return train, valid or test where a folder's name stands for a part, else None."""
    return PART_OF.get(folder_name.lower().replace("-", "_").replace(" ", "_"))


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


def relative(path: Path, root: Path) -> str:
    """Return a path below `root` with forward slashes."""
    return path.relative_to(root).as_posix()
