"""Every file below a folder, one after another, with its part, its class, or why it is ignored."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from fastcnn.data.parts import Folder, Place, is_hidden, places_of
from fastcnn.run_folder import RUN_FILE

NO_PICTURES = {"BUFR", "EPS", "FITS", "GRIB", "HDF5", "MPEG", "WMF"}
"""Formats that Pillow lists and that hold no picture, or one only with another program's help."""
LIKE_PICTURES = (".heic", ".heif", ".jxl", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".svg")
"""Suffixes of pictures that Pillow does not open: who has such files shall hear of it."""


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
    is_missed: bool = False
    """Whether somebody may miss it, though it is ignored: it is, or may be, a picture."""

    @property
    def is_image(self) -> bool:
        """Whether it is a file to look into."""
        return not self.ignored and not self.is_empty_class


def walk(root: Path) -> Iterator[Seen]:
    """Yield what lies below `root` in the order of the names; no folder is gone into twice.

    The folders are gone through twice, though: only all of them together say which are classes.
    """
    holding = {folder: any(map(_is_image, names)) for folder, names in _folders(root)}
    places = places_of(holding)
    for folder, names in _folders(root):
        yield from _files(folder, names, places.get(folder, Place()))
    yield from _left_out(root)


@cache
def image_suffixes() -> frozenset[str]:
    """Return the suffixes of the formats of pictures that Pillow can open."""
    Image.init()
    known = Image.registered_extensions().items()
    return frozenset(s for s, name in known if name in Image.OPEN and name not in NO_PICTURES)


def _folders(root: Path) -> Iterator[tuple[Folder, list[str]]]:
    """Yield every folder that is not left out, with the names of the files in it."""
    seen: set[str] = set()
    waiting: list[Folder] = [()]
    while waiting:
        folder = waiting.pop()
        here = os.path.join(root, *folder)
        real = os.path.realpath(here)
        if real in seen:  # a link leads here once more
            continue
        seen.add(real)
        files, folders = _entries(here)
        yield folder, files
        waiting += [
            (*folder, name)
            for name in reversed(folders)
            if not _is_left_out(os.path.join(here, name), name)
        ]


def _entries(folder: str) -> tuple[list[str], list[str]]:
    """Return the names of the files and folders in a folder; nothing of one that cannot be read."""
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as found:
            for entry in found:
                (folders if _is_folder(entry) else files).append(entry.name)
    except OSError:
        return [], []
    return sorted(files), sorted(folders)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads to itself
        return False


def _is_left_out(path: str, name: str) -> bool:
    """Return whether a folder is hidden, holds a run of fastcnn, or runs and nothing else."""
    if is_hidden(name) or os.path.isfile(os.path.join(path, RUN_FILE)):
        return True
    if name != "runs":
        return False
    files, folders = _entries(path)
    runs = [os.path.isfile(os.path.join(path, one, RUN_FILE)) for one in folders]
    return bool(runs) and all(runs) and not files


def _files(folder: Folder, names: list[str], place: Place) -> Iterator[Seen]:
    if place.is_empty_class:
        first, *names = names or [""]
        path = "/".join((*folder, first)).rstrip("/")
        yield Seen(_printable(path), place.label, place.part, is_empty_class=True)
    for name in names:
        path = "/".join((*folder, name))
        reason = _why_ignored(name)
        if reason is None and not _is_utf8(path):
            yield Seen(_printable(path), ignored="its name is not UTF-8", is_missed=True)
        elif reason:
            is_missed = not is_hidden(name) and Path(name).suffix.lower() in LIKE_PICTURES
            yield Seen(_printable(path), ignored=reason, is_missed=is_missed)
        elif place.outside:
            yield Seen(path, ignored=f"outside of {place.outside}", is_missed=True)
        else:
            yield Seen(path, place.label, place.part)


def _why_ignored(name: str) -> str | None:
    if is_hidden(name):
        return "hidden, or left by a system"
    if not _is_image(name):
        return f"no image by its name ({_printable(Path(name).suffix) or 'no suffix'})"
    return None


def _is_image(name: str) -> bool:
    return not is_hidden(name) and os.path.splitext(name)[1].lower() in image_suffixes()


def _is_utf8(path: str) -> bool:
    return path == _printable(path)


def _printable(path: str) -> str:
    """Return a path in which what is not UTF-8 is replaced: Python keeps such bytes as halves."""
    return os.fsencode(path).decode("utf-8", "replace")


def _left_out(root: Path) -> Iterator[Seen]:
    """Yield the files below hidden folders and runs."""
    for folder, folders, _ in os.walk(root):
        left_out = sorted(n for n in folders if _is_left_out(os.path.join(folder, n), n))
        folders[:] = sorted(set(folders) - set(left_out))
        for name in left_out:
            for below, _, files in os.walk(os.path.join(folder, name)):
                for file in sorted(files):
                    path = os.path.relpath(os.path.join(below, file), root).replace(os.sep, "/")
                    why = f"in {_printable(name)}, which is hidden or a run"
                    yield Seen(_printable(path), ignored=why)
