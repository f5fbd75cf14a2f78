"""Image files: which of them can be read."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fastai.vision.core import PILImage

from fastcnn.errors import DataError, FastcnnError


def why_unreadable(path: Path) -> str | None:
    """Return why a file cannot be read as an image, or None where it can."""
    try:
        PILImage.create(path)
    except Exception as error:  # Pillow raises its own, OSError, ValueError, SyntaxError …
        return str(error) or type(error).__name__
    return None


@contextmanager
def damaged_files_named(paths: Sequence[Path]) -> Iterator[None]:
    """Name the damaged files where the block fails because of one.

    A loader says which transform failed, not at which file; only after a failure is it worth
    decoding all of them once more.

    Raises:
        DataError: the block failed, and there are files that cannot be read.
    """
    try:
        yield
    except FastcnnError:
        raise
    except Exception as error:
        damaged = [(path, why) for path in paths if (why := why_unreadable(path))]
        if not damaged:
            raise
        path, why = damaged[0]
        count = f" (and {len(damaged) - 1} others)" if len(damaged) > 1 else ""
        raise DataError(
            f"{path}{count} cannot be read as an image: {why}",
            hint="take the file away, or repair it, and run again",
        ) from error
