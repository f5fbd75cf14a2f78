"""Every file below a folder, one after another, with its part, its class, or why it is ignored."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from fastcnn.data.parts import is_hidden, part_folders


@dataclass(frozen=True)
class Seen:
    """A file, or a folder that stands for a class without images."""

    path: str
    """Relative to the root, with forward slashes."""
    label: str | None = None
    """The folder that an image lies in; None in the root, where no folder says what it shows."""
    part: str | None = None
    """train, valid or test, where the folders make a split."""
    ignored: str | None = None
    """Why it is no image of the set, in words; None for an image."""
    is_empty_class: bool = False
    """Whether it stands for a class folder that holds no image."""

    @property
    def is_image(self) -> bool:
        """Whether it is a file to look into."""
        return not self.ignored and not self.is_empty_class


def walk(root: Path) -> Iterator[Seen]:
    """Yield what lies below `root` in the order of the names; links are followed, circles not."""
    parts = part_folders(entry.name for entry in _entries(root) if entry.is_dir())
    yield from _walk(root, root, None, parts, {os.path.realpath(root)})


@cache
def image_suffixes() -> frozenset[str]:
    """Return the suffixes of the formats that Pillow can open."""
    Image.init()
    known = Image.registered_extensions().items()
    return frozenset(suffix for suffix, name in known if name in Image.OPEN)


def _walk(
    root: Path, folder: Path, part: str | None, parts: dict[str, str], above: set[str]
) -> Iterator[Seen]:
    entries = _entries(folder)
    files = [entry for entry in entries if not entry.is_dir()]
    folders = [entry for entry in entries if entry.is_dir()]
    label = None if folder == root or (part and folder.parent == root) else folder.name
    seen = [_file(root, Path(entry.path), label, part) for entry in files]
    if label and not folders and all(one.ignored for one in seen):
        named = seen[0].path if seen else folder.relative_to(root).as_posix()
        yield Seen(named, label, part, is_empty_class=True)
        seen = seen[1:]
    yield from seen
    for entry in folders:
        path = Path(entry.path)
        if is_hidden(entry.name):
            yield from _ignored_below(root, path)
        elif (real := os.path.realpath(path)) not in above:
            below = parts.get(entry.name) if folder == root else part
            yield from _walk(root, path, below, parts, above | {real})


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def _file(root: Path, path: Path, label: str | None, part: str | None) -> Seen:
    name = path.relative_to(root).as_posix()
    if is_hidden(path.name):
        return Seen(name, ignored="hidden, or left by a system")
    if path.suffix.lower() not in image_suffixes():
        return Seen(name, ignored=f"no image by its name ({path.suffix or 'no suffix'})")
    return Seen(name, label, part)


def _ignored_below(root: Path, folder: Path) -> Iterator[Seen]:
    for path in sorted(folder.rglob("*")):
        if not path.is_dir():
            yield Seen(path.relative_to(root).as_posix(), ignored=f"in the hidden {folder.name}")
