"""Unpacking a zip or tar that a stranger may have made, into the cache, once."""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

from fastcnn.data.parts import is_hidden
from fastcnn.errors import DataError
from fastcnn.files import state_sha256, whole_folder
from fastcnn.narrator import Narrator
from fastcnn.places import cache_folder, shown_path

SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MOST_TIMES_LARGER = 100
"""Bytes that a packed byte may become: images hardly shrink, so that more of them are a bomb."""
ALWAYS_ALLOWED = 200 * 2**20
"""Bytes that any archive may unpack to."""

DAMAGED = (
    *(zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError),
    *(gzip.BadGzipFile, RuntimeError, NotImplementedError),  # encrypted, packed in another way
)
"""What the readers of archives raise."""


def is_archive(path: Path) -> bool:
    """Return whether a path is, by its name, an archive that can be unpacked."""
    return path.name.lower().endswith(SUFFIXES)


def unpacked(path: Path, narrator: Narrator) -> Path:
    """Return the folder that an archive was unpacked to, now or for an earlier command.

    Whatever a member is called, it ends below that folder; links, devices and the like are left
    out. The folder appears when it is whole.

    Raises:
        DataError: the archive is damaged, would unpack to far more than it holds, or a member
            would lie outside.
        TrainingError: there is no room for it.
    """
    target = cache_folder() / "archives" / f"{path.stem}-{state_sha256(path)[:16]}"
    if target.is_dir():
        return target
    with whole_folder(target, "point FASTCNN_CACHE to a larger disk") as folder:
        unpack = _unpack_zip if path.suffix.lower() == ".zip" else _unpack_tar
        try:
            unpack(path, folder, narrator)
        except DAMAGED as error:
            raise DataError(
                f"{shown_path(path)} cannot be unpacked: {error}",
                hint="fetch it again, or unpack it yourself and give the folder",
            ) from error
    return target


def content_of(folder: Path) -> Path:
    """Return the folder that holds what was packed: most archives wrap everything in one."""
    inside = [entry for entry in folder.iterdir() if not is_hidden(entry.name)]
    return content_of(inside[0]) if len(inside) == 1 and inside[0].is_dir() else folder


def _unpack_zip(path: Path, folder: Path, narrator: Narrator) -> None:
    with zipfile.ZipFile(path) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        _require_sane(path, sum(member.file_size for member in members))
        with narrator.bar("unpacking", len(members)) as advance:
            for done, member in enumerate(members, 1):
                _require_inside(path, member.filename)
                archive.extract(member, folder)
                advance(done)


def _unpack_tar(path: Path, folder: Path, narrator: Narrator) -> None:
    with tarfile.open(path) as archive:
        members = [member for member in archive.getmembers() if member.isfile()]
        _require_sane(path, sum(member.size for member in members))
        with narrator.bar("unpacking", len(members)) as advance:
            for done, member in enumerate(members, 1):
                _require_inside(path, member.name)
                archive.extract(member, folder, filter="data")
                advance(done)


def _require_sane(path: Path, n_bytes: int) -> None:
    if n_bytes > max(ALWAYS_ALLOWED, MOST_TIMES_LARGER * path.stat().st_size):
        raise DataError(
            f"{shown_path(path)} would unpack to {n_bytes / 1e9:.1f} GB, which images never do",
            hint="unpack it yourself if you trust it, and give the folder",
        )


def _require_inside(path: Path, name: str) -> None:
    parts = name.replace("\\", "/").split("/")
    if name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise DataError(
            f"{shown_path(path)} holds {name!r}, which would be written outside of its folder",
            hint="it was made to do harm, or by a broken program: look into it before using it",
        )
