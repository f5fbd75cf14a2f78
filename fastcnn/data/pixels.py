"""The pixel cache: the images of a run are decoded once, by threads, into memory."""

import math
import os
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fastcnn.data.images import damaged_files_named, out_of_resources
from fastcnn.data.memory import available_memory
from fastcnn.data.preparation import Preparation
from fastcnn.narrator import Narrator

PART_OF_MEMORY = 4
"""One part in so many of the memory that is left is what a cache takes at most."""
ASSUMED_MEMORY = 2 * 1024**3
"""Bytes that are taken to be left where the system does not say."""
MOST_THREADS = 8
"""More than that wait for the disk, or for each other in Python."""

SMALL = 64 * 64
"""Pixels up to which a picture's decoding is less work than Python's part of it: of 32 x 32
pixels, one thread decodes 1,900 a second, and two together 1,050."""

Wanted = tuple[Path, Preparation]


@dataclass(frozen=True)
class Picture:
    """A decoded image as it is kept."""

    pixels: NDArray[np.uint8]
    """(H, W, 3), or (H, W) of a grey one."""
    full_size: tuple[int, int]
    """Width and height of the file, in pixels."""

    @property
    def n_bytes(self) -> int:
        """Return the bytes that it takes."""
        return self.pixels.nbytes


class PixelCache:
    """Prepared images in memory, made once for a run and shared by all its loaders.

    An image that does not fit is prepared from its file each time it is asked for: its pixels
    are the same, bit by bit.
    """

    def __init__(self, limit: int | None = None) -> None:
        """Take at most `limit` bytes; None is a quarter of the memory that is left."""
        self.limit = _share_of_memory() if limit is None else limit
        self.n_bytes = 0
        self._kept: dict[Preparation, dict[Path, Picture]] = {}

    def get(self, path: Path, preparation: Preparation) -> Any:
        """Return the image that `preparation` makes of a file, from memory if it is there.

        It is a new object of fastai's image class, with the file's size as `full_size`.
        """
        picture = self._kept.get(preparation, {}).get(path)
        return preparation(path) if picture is None else _image(picture, preparation)

    def holds(self, wanted: Sequence[Wanted]) -> bool:
        """Return whether all of these are in memory."""
        return all(path in self._kept.get(preparation, {}) for path, preparation in wanted)

    def kept(self, wanted: Sequence[Wanted]) -> list[NDArray[np.uint8]] | None:
        """Return the pixels of all of these, (H, W, 3) or (H, W), None if one is not in memory."""
        found = [self._kept.get(way, {}).get(path) for path, way in wanted]
        pixels = [picture.pixels for picture in found if picture]
        return pixels if len(pixels) == len(found) else None

    def fill(
        self,
        wanted: Sequence[Wanted],
        narrator: Narrator | None = None,
        *,
        keep: Collection[Preparation] = (),
    ) -> None:
        """Decode what is wanted and not there yet, until the memory that it may take is full.

        To make room, images go that were prepared in another way than those wanted and those
        in `keep`. A narrator shows a bar.

        Raises:
            DataError: a file cannot be read as an image; it is named.
        """
        missing = [pair for pair in wanted if not self.holds([pair])]
        if not missing:
            return
        needed = {preparation for _, preparation in wanted} | set(keep)
        bar = narrator.bar("decoding", len(missing)) if narrator else nullcontext()
        with damaged_files_named([path for path, _ in missing]), bar as advance:
            with _until_memory_ends(), _decoded(missing) as pictures:
                for done, (pair, picture) in enumerate(zip(missing, pictures, strict=True), 1):
                    if not self._add(pair, picture, needed):
                        break
                    if advance:
                        advance(done)

    def _add(self, pair: Wanted, picture: Picture, needed: Collection[Preparation]) -> bool:
        """Keep a picture; return whether there was room for it."""
        if self.n_bytes + picture.n_bytes > self.limit:
            self._drop_all_but(needed)
        if self.n_bytes + picture.n_bytes > self.limit:
            return False
        path, preparation = pair
        self._kept.setdefault(preparation, {})[path] = picture
        self.n_bytes += picture.n_bytes
        return True

    def _drop_all_but(self, needed: Collection[Preparation]) -> None:
        self._kept = {way: kept for way, kept in self._kept.items() if way in needed}
        pictures = (picture for kept in self._kept.values() for picture in kept.values())
        self.n_bytes = sum(picture.n_bytes for picture in pictures)


@contextmanager
def _until_memory_ends() -> Iterator[None]:
    """Stop where memory runs out: what is not kept is prepared each time it is asked for."""
    try:
        yield
    except Exception as error:
        if not out_of_resources(error):
            raise


@contextmanager
def _decoded(wanted: Sequence[Wanted]) -> Iterator[Iterator[Picture]]:
    """Decode by threads, in order; at an interrupt, or at a full cache, only those begun end.

    Small pictures are decoded by one: threads would only wait for each other in Python.
    """
    if _are_small([path for path, _ in wanted[:: max(1, len(wanted) // 8)]]):
        yield map(_picture, wanted)
        return
    pool = ThreadPoolExecutor(min(MOST_THREADS, len(wanted), os.cpu_count() or 1))
    try:
        yield pool.map(_picture, wanted)
    finally:
        pool.shutdown(cancel_futures=True)


def _are_small(paths: Sequence[Path]) -> bool:
    """Return whether all of a few pictures are small, by what their files say of themselves."""
    for path in paths:
        with Image.open(path) as file:
            if math.prod(file.size) > SMALL:
                return False
    return True


def _picture(wanted: Wanted) -> Picture:
    path, preparation = wanted
    image = preparation(path)
    full_size = getattr(image, "full_size", image.size)
    return Picture(np.asarray(image), full_size)


def _image(picture: Picture, preparation: Preparation) -> Any:
    image = preparation.image_class.create(picture.pixels)
    image.full_size = picture.full_size
    return image


def _share_of_memory() -> int:
    available = available_memory()
    return (ASSUMED_MEMORY if available is None else available) // PART_OF_MEMORY
