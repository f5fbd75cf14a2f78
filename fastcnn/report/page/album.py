"""The pictures of a page: small, each of them in it once, and all together within a budget."""

import base64
import io
from collections.abc import Hashable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from fastcnn.data.rgb import as_rgb

WHOLE, LARGE, SMALL = 1080, 176, 96
"""Pixels of a picture's longer side: of a whole sheet, of one to look at, and of one of many."""
BUDGET = 3_700_000
"""Bytes that all pictures may take in a page, which with its text stays below 5 MB."""
QUALITY = 70
"""Of the JPEG files, 0 to 95."""
THREADS = 4
AT_ONCE = 32
"""Files that are handed to the threads in one go, after which the budget is looked at."""


@dataclass(frozen=True)
class Picture:
    """A small picture as the page holds it."""

    name: str
    """Its id in the page."""
    width: int
    """In pixels."""
    height: int
    """In pixels."""
    uri: str
    """The picture itself, a `data:` address."""


class Album:
    """Small pictures of image files, made in the order in which they are asked for."""

    def __init__(self, budget: int = BUDGET) -> None:
        """Begin an empty album that may grow to `budget` bytes."""
        self.budget, self.size = budget, 0
        self.n_left_out = 0
        """Pictures for which there was no room."""
        self._pictures: dict[Hashable, Picture | None] = {}
        self._n_made, self._is_full = 0, False

    @property
    def pictures(self) -> list[Picture]:
        """All that were made."""
        return [picture for picture in self._pictures.values() if picture]

    def get(self, key: Hashable) -> Picture | None:
        """Return a picture that was added; None of a file that is gone, or not readable."""
        return self._pictures.get(key)

    def add_files(self, files: Iterable[Path], side: int) -> None:
        """Add those that the album does not hold yet, as long as there is room."""
        wanted = [file for file in dict.fromkeys(files) if file not in self._pictures]
        with ThreadPoolExecutor(THREADS) as pool:
            for start in range(0, len(wanted), AT_ONCE):
                chunk = wanted[start : start + AT_ONCE]
                if self._is_full:
                    self.n_left_out += len(wanted) - start
                    return
                contents = pool.map(lambda file: _small(file, side), chunk)
                for file, content in zip(chunk, contents, strict=True):
                    self._keep(file, content)

    def add_pixels(self, key: Hashable, pixels: npt.NDArray[np.uint8], side: int) -> None:
        """Add a picture that is no file, (H, W, 3), 0 to 255."""
        self._keep(key, _as_jpeg(Image.fromarray(pixels), side))

    def shrink(self, n_bytes: int) -> None:
        """Take pictures out, those added last first, until the album is so much smaller."""
        goal = self.size - n_bytes
        for key, picture in reversed(list(self._pictures.items())):
            if self.size <= goal:
                return
            if picture:
                self.size -= len(picture.uri)
                self.n_left_out += 1
                del self._pictures[key]

    def _keep(self, key: Hashable, content: tuple[bytes, int, int] | None) -> None:
        if content is None:
            self._pictures[key] = None
            return
        data, width, height = content
        uri = f"data:image/jpeg;base64,{base64.b64encode(data).decode('ascii')}"
        if self.size + len(uri) > self.budget:
            self.n_left_out += 1
            self._is_full = True
            return
        self.size += len(uri)
        self._n_made += 1
        self._pictures[key] = Picture(f"p{self._n_made}", width, height, uri)


def _small(file: Path, side: int) -> tuple[bytes, int, int] | None:
    """Return a picture as a JPEG file with its width and height; None where it cannot be read."""
    try:
        with Image.open(file) as image:
            image.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded no larger than needed
            return _as_jpeg(as_rgb(image), side)
    except Exception:  # gone or damaged: Pillow raises its own, OSError, ValueError …
        return None


def _as_jpeg(picture: Image.Image, side: int) -> tuple[bytes, int, int]:
    picture.thumbnail((side, side))
    file = io.BytesIO()
    picture.save(file, format="JPEG", quality=QUALITY, optimize=True)
    return file.getvalue(), picture.width, picture.height
