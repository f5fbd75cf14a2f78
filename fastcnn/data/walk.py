"""Every file below a folder, one after another, with its part, its class, or why it is ignored."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from fastcnn.data.parts import Folder, Place, is_hidden, places_of


@dataclass(frozen=True)
class Seen:
    """A file, or a folder that stands for a class without images."""

    path: str
    """Relative to the root, with forward slashes."""
    label: str | None = None
    """The folder that says what an image shows; None where no folder does."""
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
    """Yield what lies below `root` in the order of the names; links are followed, circles not.

    The folders are gone through twice: only all of them together say which are classes.
    """
    holding = {folder: any(map(_is_image, names)) for folder, names in _folders(root, ())}
    places = places_of(holding)
    for folder, names in _folders(root, ()):
        yield from _files(folder, names, places[folder])
    yield from _hidden(root)


@cache
def image_suffixes() -> frozenset[str]:
    """Return the suffixes of the formats that Pillow can open."""
    Image.init()
    known = Image.registered_extensions().items()
    return frozenset(suffix for suffix, name in known if name in Image.OPEN)


def _folders(
    root: Path, folder: Folder, above: frozenset[str] = frozenset()
) -> Iterator[tuple[Folder, list[str]]]:
    """Yield every folder that is not hidden, with the names of the files in it."""
    here = root.joinpath(*folder)
    real = os.path.realpath(here)
    if real in above:
        return
    with os.scandir(here) as found:
        entries = sorted((entry.name, entry.is_dir()) for entry in found)
    yield folder, [name for name, is_folder in entries if not is_folder]
    for name, is_folder in entries:
        if is_folder and not is_hidden(name):
            yield from _folders(root, (*folder, name), above | {real})


def _files(folder: Folder, names: list[str], place: Place) -> Iterator[Seen]:
    if place.is_empty_class:
        first, *names = names or [""]
        yield Seen("/".join((*folder, first)).rstrip("/"), place.label, is_empty_class=True)
    for name in names:
        path = "/".join((*folder, name))
        if reason := _why_ignored(name) or place.ignored:
            yield Seen(path, ignored=reason)
        else:
            yield Seen(path, place.label, place.part)


def _why_ignored(name: str) -> str | None:
    if is_hidden(name):
        return "hidden, or left by a system"
    if not _is_image(name):
        return f"no image by its name ({Path(name).suffix or 'no suffix'})"
    return None


def _is_image(name: str) -> bool:
    return not is_hidden(name) and os.path.splitext(name)[1].lower() in image_suffixes()


def _hidden(root: Path) -> Iterator[Seen]:
    """Yield the files below hidden folders."""
    for folder, folders, _ in os.walk(root):
        hidden = sorted(name for name in folders if is_hidden(name))
        folders[:] = sorted(set(folders) - set(hidden))
        for name in hidden:
            for below, _, files in os.walk(os.path.join(folder, name)):
                for file in sorted(files):
                    path = Path(below, file).relative_to(root).as_posix()
                    yield Seen(path, ignored=f"in the hidden folder {name}")
