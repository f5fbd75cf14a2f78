"""Image files: which of them can be read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch
from fastai.vision.core import PILImage

from fastcnn.data.rgb import open_picture
from fastcnn.errors import DataError, FastcnnError, TrainingError


def why_unreadable(path: Path) -> str | None:
    """Return why a file cannot be read as an image, or None where it can."""
    try:
        open_picture(path, PILImage)
    except Exception as error:  # Pillow raises its own, OSError, ValueError, SyntaxError …
        return str(error) or type(error).__name__
    return None


def out_of_resources(error: BaseException) -> bool:
    """Return whether memory, shared memory or a loading process was lost, as torch words it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    if not isinstance(error, RuntimeError):
        return False
    said = str(error).lower()
    words = ("out of memory", "can't allocate memory", "shared memory", "exited unexpectedly")
    # oneDNN says no more than this where it finds no memory; what it cannot do it calls otherwise.
    return any(word in said for word in words) or said == "could not create a primitive"


@contextmanager
def damaged_files_named(paths: Sequence[Path]) -> Iterator[None]:
    """Name the damaged files where the block fails because of one.

    A loader says which transform failed, not at which file; only after a failure is it worth
    decoding all of them once more.

    Raises:
        TrainingError: the block failed because memory ran out.
        DataError: the block failed, and there are files that cannot be read.
    """
    try:
        yield
    except FastcnnError:
        raise
    except Exception as error:
        if out_of_resources(error):
            raise TrainingError(
                f"memory ran out: {error}",
                hint="give smaller batches or pictures, for example --bs 8 --size 128",
            ) from error
        damaged = [(path, why) for path in paths if (why := why_unreadable(path))]
        if not damaged:
            raise
        path, why = damaged[0]
        count = f" (and {len(damaged) - 1} others)" if len(damaged) > 1 else ""
        raise DataError(
            f"{path}{count} cannot be read as an image: {why}",
            hint="fastcnn doctor FOLDER --quarantine DIR finds and moves such files",
        ) from error
