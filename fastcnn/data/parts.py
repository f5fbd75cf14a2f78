"""What folders stand for: a part of a data set, a class, or only a place to keep things."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "train": ("train", "training", "trn", "train_set", "training_set", "train_images"),
    "valid": ("valid", "val", "validation", "dev", "valid_set", "validation_set", "val_images"),
    "test": ("test", "testing", "tst", "test_set", "test_images", "eval", "evaluation"),
}
"""Names of folders by the part that they hold, compared without case, `-` as `_`."""
PARTS = tuple(SPELLINGS)
"""The parts in the order in which they are spoken of."""
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
    outside: str | None = None
    """The parts that it lies outside of, in words."""
    is_empty_class: bool = False
    """Whether it stands for a class, and neither it nor a folder below it holds an image."""


def part_of(name: str) -> str | None:
    """Return train, valid or test where a name stands for a part, else None."""
    return PART_OF.get(name.strip().lower().replace("-", "_").replace(" ", "_"))


def part_folders(names: Iterable[str]) -> dict[str, str]:
    """Return the part of each name of a folder where they make a split, else nothing.

    A split has two parts at least: a lone `test` may be a class of tests.
    """
    found = {name: part for name in names if (part := part_of(name))}
    return found if len(set(found.values())) > 1 else {}


def is_hidden(name: str) -> bool:
    """Return whether a file or folder is one that systems and tools leave and no user looks at."""
    return name.startswith((".", "__MACOSX")) or name in ("Thumbs.db", "desktop.ini", "@eaDir")


def places_of(holds_images: Mapping[Folder, bool]) -> dict[Folder, Place]:
    """Return what every folder of a tree stands for.

    The parts (train, valid, test) are looked for from the root down. Below them, or without them
    below whatever wraps everything, lie the classes. Where all classes lie equally deep and no two
    are called the same, the innermost folder is the class (`felis/catus`); else the outermost one
    is (`cats/indoor`, `dogs/indoor`).

    Args:
        holds_images: whether an image lies right in it, of every folder, the root included.
    """
    full = [folder for folder, holds in holds_images.items() if holds]
    with_images = {folder[:depth] for folder in full for depth in range(len(folder) + 1)}
    top, parts = _parts(with_images)
    top = top if parts else _below_wrapping(with_images, set(full))
    depth = len(top) + bool(parts)
    inner = _inner_says([folder[depth:] for folder in full if folder[: len(top)] == top])
    level = max((len(folder) for folder in full), default=depth + 1) if inner else depth + 1
    layout = _Layout(top, parts, level, inner=inner, with_images=with_images)
    return {folder: layout.place(folder) for folder in holds_images}


@dataclass(frozen=True)
class _Layout:
    """How a whole tree is laid out."""

    top: Folder
    """Wraps everything: the parts lie right in it, or the classes."""
    parts: Mapping[str, str]
    """The part of each name in `top`, nothing where there are no parts."""
    level: int
    """How deep the folders of the classes lie, counted from the root."""
    inner: bool
    """Whether the innermost folder is the class, and not the outermost."""
    with_images: set[Folder]
    """Folders that hold images, or whose folders do."""

    def place(self, folder: Folder) -> Place:
        """Return what a folder stands for."""
        below = folder[len(self.top) :]
        part = self.parts.get(below[0]) if self.parts and below else None
        if folder[: len(self.top)] != self.top or (self.parts and part is None):
            return Place(outside=", ".join(sorted(self.parts)) or "/".join(self.top))
        classes = below[1:] if self.parts else below
        label = (classes[-1] if self.inner else classes[0]) if classes else None
        return Place(part, label, is_empty_class=self._is_empty_class(folder))

    def _is_empty_class(self, folder: Folder) -> bool:
        if len(folder) != self.level or folder in self.with_images:
            return False
        return folder[:-1] in self.holds_classes

    @cached_property
    def holds_classes(self) -> set[Folder]:
        """Folders in which classes with images lie."""
        return {one[:-1] for one in self.with_images if len(one) == self.level}


def _parts(with_images: set[Folder]) -> tuple[Folder, dict[str, str]]:
    """Return the folder in which the parts lie, and the part of each name in it."""
    children: dict[Folder, list[str]] = defaultdict(list)
    for folder in with_images:
        if folder:
            children[folder[:-1]].append(folder[-1])
    for folder in sorted(children, key=lambda folder: (len(folder), folder)):
        if parts := part_folders(children[folder]):
            return folder, parts
    return (), {}


def _below_wrapping(with_images: set[Folder], full: set[Folder]) -> Folder:
    """Return the deepest folder that holds all images in folders of its own."""
    top: Folder = ()
    while top not in full:
        inside = [folder for folder in with_images if len(folder) == len(top) + 1]
        below = [folder for folder in with_images if len(folder) == len(top) + 2]
        if len(inside) != 1 or not below:  # a folder without folders is a class
            break
        top = inside[0]
    return top


def _inner_says(classes: list[Folder]) -> bool:
    """Return whether the innermost folder is the class, of folders as seen from the parts."""
    distinct = {folder for folder in classes if folder}
    depths, names = {len(folder) for folder in distinct}, {folder[-1] for folder in distinct}
    return len(depths) == 1 and len(names) == len(distinct)
