"""What one image file is like: decoded whole once, and looked at from all sides."""

import hashlib
import math
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fastcnn.data.looks import MOST_PIXELS, in_words, size_problem
from fastcnn.data.rgb import as_rgb

LOOK = 256
"""Side in pixels of the picture that brightness and sharpness are read from."""
THUMB = 16
"""Side in pixels of the grey thumbnails that near duplicates are compared by."""
KIN = {"MPO": "JPEG", "JPEG2000": "JPEG2000"}
"""Formats that go by the extension of another."""


@dataclass(frozen=True)
class Facts:
    """What one image file is like."""

    problem: tuple[str, str] | None
    """The finding that makes it useless, with its detail; then nothing below is known."""
    format: str = ""
    """As Pillow calls what the file holds, whatever its name says."""
    width: int = 0
    """In pixels, upright."""
    height: int = 0
    """In pixels, upright."""
    is_misnamed: bool = False
    """Whether its extension stands for another format."""
    brightness: float = math.nan
    """Mean of the grey picture, 0 (black) to 255."""
    contrast: float = math.nan
    """Standard deviation of the grey picture."""
    sharpness: float = math.nan
    """Variance of its second derivative, at 256 pixels."""
    digest: bytes = b""
    """Hash of the file's bytes, 16 of them; there also where it is useless."""
    look: int | None = None
    """Perceptual hash, 64 bits; None where imagehash is not installed."""
    thumb: bytes = b""
    """Grey thumbnail, 16 x 16, with its mean and contrast taken out."""


def facts_of(path: Path) -> Facts:
    """Read and decode a file whole; nothing that it holds raises an error."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, _digest).digest()
            if not file.tell():
                return Facts(("corrupt", "empty file"), digest=digest)
    except OSError as error:
        return Facts(("corrupt", f"cannot be read: {error.strerror}"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bombs and broken EXIF data, which are found anyway
        return _decoded(path, digest)


def _digest() -> Any:
    return hashlib.blake2b(digest_size=16)


def _decoded(path: Path, digest: bytes) -> Facts:
    try:
        with Image.open(path) as image:
            if problem := size_problem(*image.size):
                return Facts(problem, str(image.format), *image.size, digest=digest)
            image.load()
            upright = as_rgb(image)
    except Image.DecompressionBombError:
        return Facts(("too-large", f"more than {MOST_PIXELS:,} pixels"), digest=digest)
    except Exception as error:  # Pillow raises its own, OSError, ValueError, SyntaxError …
        return Facts(("corrupt", in_words(error)), digest=digest)
    return _looked_at(upright, path, str(image.format), digest)


def _looked_at(upright: Image.Image, path: Path, found_format: str, digest: bytes) -> Facts:
    grey = upright.convert("L")
    grey.thumbnail((LOOK, LOOK))  # never larger than it is: that would be a blur of our own
    levels = np.asarray(grey, dtype=np.float32)
    return Facts(
        None,
        found_format,
        *upright.size,
        is_misnamed=_expected_format(path) != KIN.get(found_format, found_format),
        brightness=float(levels.mean()),
        contrast=float(levels.std()),
        sharpness=_sharpness(levels),
        digest=digest,
        look=_perceptual_hash(upright),
        thumb=_thumb(upright),
    )


def _expected_format(path: Path) -> str | None:
    Image.init()
    return Image.registered_extensions().get(path.suffix.lower())


def _sharpness(levels: NDArray[np.float32]) -> float:
    """Return the variance of the Laplacian, which is small where no edge is sharp.

    Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
    """
    middle = levels[1:-1, 1:-1]
    if not middle.size:
        return math.nan
    around = levels[:-2, 1:-1] + levels[2:, 1:-1] + levels[1:-1, :-2] + levels[1:-1, 2:]
    return float((around - 4 * middle).var())


def _thumb(upright: Image.Image) -> bytes:
    small = upright.convert("L").resize((THUMB, THUMB), Image.Resampling.BOX)
    levels = np.asarray(small, dtype=np.float32)
    scaled = (levels - levels.mean()) / (levels.std() + 1e-3)
    thumbnail: bytes = np.clip(scaled * 32, -127, 127).astype(np.int8).tobytes()
    return thumbnail


def _perceptual_hash(upright: Image.Image) -> int | None:
    """Return imagehash's pHash: the signs of the lowest frequencies of the grey picture."""
    phash = _phash()
    return None if phash is None else int(str(phash(upright)), 16)


@cache
def _phash() -> Any:
    try:
        from imagehash import phash
    except ImportError:
        return None
    return phash
