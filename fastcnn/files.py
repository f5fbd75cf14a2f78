"""Writing files so that nothing is ever half there: a temporary name, then one rename."""

import csv
import errno
import hashlib
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fastcnn.errors import TrainingError, UsageError

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


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Write a table with its heading, whole or not at all; None becomes an empty field."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())


def write_json(path: Path, document: Mapping[str, object]) -> None:
    """Write `document` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def link_file(source: Path, target: Path) -> None:
    """Give a file a second name, or where that cannot be a copy, whole or not at all.

    Raises:
        TrainingError: the disk is full, or the folder cannot be written to.
    """
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    with friendly_disk_errors(target):
        try:
            temporary.unlink(missing_ok=True)
            try:
                os.link(source, temporary)
            except OSError:  # a file system without hard links
                shutil.copyfile(source, temporary)
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


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


@contextmanager
def whole_folder(target: Path, way_out: str) -> Iterator[Path]:
    """Give an empty folder to fill, which gets the name `target` when the block is over.

    Two processes may fill one each: the first to finish gives it the name.

    Raises:
        TrainingError: the disk is full, or the folder cannot be written to.
    """
    with friendly_disk_errors(target, way_out):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
        try:
            yield temporary
            _take_name(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def state_sha256(path: Path) -> str:
    """Return a hash of the names, sizes and times of a file, or of all files below a folder."""
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    facts = [(str(file.resolve()), file.stat()) for file in files if file.is_file()]
    state = [(name, one.st_size, one.st_mtime_ns) for name, one in facts]
    return hashlib.sha256(repr(state).encode("utf-8", "surrogateescape")).hexdigest()


def require_new_file(path: Path, option: str) -> None:
    """Refuse to write over a file.

    Raises:
        UsageError: it is there.
    """
    if path.exists():
        raise UsageError(
            f"{path} is there already, expected a new file",
            hint=f"add --force to replace it, or give another: {option} {path.stem}-2{path.suffix}",
        )


def _take_name(temporary: Path, folder: Path) -> None:
    temporary.chmod(0o755)
    try:
        os.rename(temporary, folder)
    except OSError:
        if not folder.is_dir():  # another process was first: what it wrote is the same
            raise
