"""A quick look at image files: headers and last bytes tell most of what would end a training.

Whole decoding is left to `fastcnn doctor`, and to files that look as if they were cut off.
"""

import math
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from fastcnn.data.rgb import TURNED, is_deep, is_transparent
from fastcnn.narrator import Narrator

SMALLEST = 8
"""Pixels of the shorter side below which a picture shows nothing."""
MOST_PIXELS = 2 * (Image.MAX_IMAGE_PIXELS or 89_478_485)
"""Pixels above which Pillow itself takes a file for a decompression bomb."""
ENDS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND"}
"""What stands near the end of a whole file; of other formats all is decoded."""
TAIL = 1024
"""Bytes at the end in which it is looked for: cameras and programs put some of their own there."""
MOST_CUT = 0.4
"""Part of a picture that a crop may cut: 3:2 photographs lose a third, and what they show stays."""
SAME_SHAPE = 0.1
"""Difference of the logarithms of width / height up to which shapes count as the same."""
THREADS = 8
AT_ONCE = 2048
"""Files that are handed to the threads in one go; an interrupt waits for none of them."""


@dataclass(frozen=True)
class Look:
    """What the header of a file says."""

    problem: tuple[str, str] | None = None
    """What makes it useless, as the doctor calls it, and in words."""
    width: int = 0
    """In pixels, upright."""
    height: int = 0
    """In pixels, upright."""
    is_deep: bool = False
    """Whether it has more than 8 bits a channel."""
    is_transparent: bool = False
    """Whether it has an alpha channel, or a transparent colour."""


def look_at_all(paths: Sequence[Path], narrator: Narrator) -> list[Look]:
    """Return what a quick look at each file shows, in the order given."""
    looks: list[Look] = []
    with narrator.bar("looking at the files", len(paths)) as advance, warnings.catch_warnings():
        # Of bombs and broken EXIF data, which are found anyway; not in the threads, which share it.
        warnings.simplefilter("ignore")
        with ThreadPoolExecutor(min(THREADS, 4 * (os.cpu_count() or 1))) as pool:
            for start in range(0, len(paths), AT_ONCE):
                looks += pool.map(look_at, paths[start : start + AT_ONCE])
                advance(len(looks))
    return looks


def look_at(path: Path) -> Look:
    """Look at the header and at the end of a file; nothing that it holds raises an error."""
    try:
        if not path.stat().st_size:
            return Look(("corrupt", "empty file"))
        return _look(path)
    except FileNotFoundError:
        return Look(("missing", "there is no such file"))
    except Image.DecompressionBombError:
        return Look(("too-large", f"more than {MOST_PIXELS:,} pixels"))
    except Exception as error:  # Pillow raises its own, OSError, ValueError, SyntaxError …
        return Look(("corrupt", in_words(error)))


def size_problem(width: int, height: int) -> tuple[str, str] | None:
    """Return what is wrong with a size, as the doctor calls it, and in words."""
    if min(width, height) < SMALLEST:
        return "too-small", f"{width}x{height} pixels"
    if width * height > MOST_PIXELS:
        return "too-large", f"{width}x{height} pixels"
    return None


def in_words(error: Exception) -> str:
    """Return why a file cannot be read; Pillow's own words name the file once more."""
    if isinstance(error, UnidentifiedImageError):
        return "no image format that Pillow knows"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).splitlines() or [type(error).__name__])[0]


def _look(path: Path) -> Look:
    with Image.open(path) as image:
        if problem := size_problem(*image.size):
            return Look(problem)
        if not _has_its_end(path, str(image.format)):
            ImageOps.exif_transpose(image)  # decodes all of it, and raises what is wrong
        # A TIFF says its size upright; of a PNG without EXIF data `getexif` would decode all.
        says = image.format != "TIFF" and ("exif" in image.info or image.format in ("JPEG", "MPO"))
        turned = says and image.getexif().get(TURNED[0]) in TURNED[1]
        size = image.size[::-1] if turned else image.size
        return Look(None, *size, is_deep=is_deep(image), is_transparent=is_transparent(image))


def _has_its_end(path: Path, found_format: str) -> bool:
    end = ENDS.get(found_format)
    if end is None:
        return False
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        return end in file.read()


def way_to_a_square(looks: Sequence[Look]) -> str:
    """Return crop, pad or squish, whichever suits the shapes of the pictures.

    A crop, where it cuts little from nearly all of them; else, where all have nearly the same
    shape, squishing, which changes all in the same way and loses nothing; else padding.
    """
    sizes = [(look.width, look.height) for look in looks if look.problem is None]
    losses = sorted(1 - min(size) / max(size) for size in sizes)
    if not losses or losses[int(0.9 * (len(losses) - 1))] <= MOST_CUT:
        return "crop"
    shapes = [math.log(width / height) for width, height in sizes]
    spread = max(shapes) - min(shapes)
    return "squish" if spread <= SAME_SHAPE else "pad"
