"""Writing files so that nothing is ever half there: a temporary name, then one rename."""

import errno
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fastcnn.errors import TrainingError

DISK_IS_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` whole or not at all.

    Raises:
        TrainingError: the disk is full, or the folder cannot be written to.
    """
    with friendly_disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(temporary, 0o666 & ~_umask())  # mkstemp makes files that only the owner reads
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_text(path: Path, text: str) -> None:
    """Write `text` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode("utf-8"))


def write_json(path: Path, document: Mapping[str, object]) -> None:
    """Write `document` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


@contextmanager
def friendly_disk_errors(
    path: Path, way_out: str = "give another folder with --out DIR"
) -> Iterator[None]:
    """Turn a full disk or a folder that cannot be written to into an error with a `way_out`."""
    try:
        yield
    except OSError as error:
        if error.errno in DISK_IS_FULL:
            raise TrainingError(
                f"{path} could not be written: the disk is full, or its quota reached",
                hint=f"free some space, or {way_out}",
            ) from error
        if error.errno in {
            errno.EACCES,
            errno.EPERM,
            errno.EROFS,
            errno.ENOTDIR,
            errno.EEXIST,
            errno.EISDIR,
            errno.ENOENT,
            errno.ENAMETOOLONG,
            errno.EIO,
        }:
            raise TrainingError(
                f"{path} could not be written: {error.strerror}",
                hint=way_out,
            ) from error
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def take_name(temporary: Path, folder: Path) -> None:
    """Give a folder that is whole its name; another process may have been first with the same."""
    temporary.chmod(0o755)
    try:
        os.rename(temporary, folder)
    except OSError:
        if not folder.is_dir():
            raise
