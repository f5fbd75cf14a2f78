"""Fetching an archive from its authors' address, whole or not at all, and unpacking it."""

import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from fastcnn.data.archives import content_of, unpacked
from fastcnn.errors import DataError
from fastcnn.files import friendly_disk_errors
from fastcnn.narrator import Narrator
from fastcnn.network import answers
from fastcnn.places import cache_folder

TIMEOUT = (4.0, 30.0)
"""Seconds for an answer to begin, and between two pieces of it."""
PIECE = 1 << 16
"""Bytes that are written together: so many are lost at most where it breaks off."""


@dataclass(frozen=True)
class Archive:
    """An archive as its authors hand it out."""

    url: str
    """Where it lies."""
    n_bytes: int | None = None
    """Its size, where it is known beforehand; else what the server says is believed."""
    sha256: str | None = None
    """Its hash, where it is known beforehand; else the one that the server sends is believed."""


def fetched(archive: Archive, narrator: Narrator) -> Path | None:
    """Return the folder that an archive was unpacked to, fetched now or earlier; None offline.

    What broke off goes on from where it stood.

    Raises:
        DataError: what came has another size or hash than it should.
    """
    file = cache_folder() / "downloads" / Path(archive.url).name
    if not file.is_file():
        if not answers(archive.url):
            return None
        narrator.say(f"downloading {archive.url}")
        try:
            with friendly_disk_errors(file, "name another folder in FASTCNN_CACHE"):
                file.parent.mkdir(parents=True, exist_ok=True)
                _download(archive, file, narrator)
        except requests.RequestException as error:
            narrator.warn(f"{archive.url} could not be downloaded: {error}")
            return None
    return content_of(unpacked(file, narrator))


def _download(archive: Archive, file: Path, narrator: Narrator) -> None:
    """Write to `file.part`, check it, and give it its name."""
    part = file.with_name(f"{file.name}.part")
    done = part.stat().st_size if part.is_file() else 0
    headers = {"Range": f"bytes={done}-"} if done else {}
    with requests.get(archive.url, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        if answer.status_code == 416:  # it was whole already, or is another file now
            part.unlink()
            raise requests.ConnectionError("the server has no more of it; run again")
        answer.raise_for_status()
        goes_on = answer.status_code == 206
        done = done if goes_on else 0
        total = done + int(answer.headers.get("Content-Length", 0))
        with part.open("ab" if goes_on else "wb") as target:
            with narrator.bar("downloading", total or None) as advance:
                for piece in answer.iter_content(PIECE):
                    target.write(piece)
                    done += len(piece)
                    advance(done)
        _require_whole(archive, part, total, answer.headers)
    os.replace(part, file)


def _require_whole(archive: Archive, part: Path, total: int, headers: Mapping[str, str]) -> None:
    size = part.stat().st_size
    expected = archive.n_bytes or total
    if expected and size < expected:
        raise requests.ConnectionError(f"it broke off after {size:,} of {expected:,} bytes")
    wrong = [f"{size:,} bytes, expected {expected:,}"] if expected and size != expected else []
    for kind, digest in _digests(archive, headers).items():
        with part.open("rb") as file:
            found = hashlib.file_digest(file, kind).hexdigest()
        if found != digest:
            wrong.append(f"{kind} {found}, expected {digest}")
    if wrong:
        part.unlink()
        raise DataError(
            f"what came from {archive.url} is not what it should be: {'; '.join(wrong)}",
            hint="try again; if it stays so, fetch it yourself and give it with --data",
        )


def _digests(archive: Archive, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the hashes to compare with; Google's storage sends the MD5 of what it keeps."""
    digests = {"sha256": archive.sha256} if archive.sha256 else {}
    for sent in headers.get("x-goog-hash", "").split(","):
        kind, _, value = sent.strip().partition("=")
        if kind == "md5":
            digests["md5"] = base64.b64decode(value).hex()
    return digests
