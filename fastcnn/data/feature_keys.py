"""The key of a feature: everything that it depends on, and the hash of an image's bytes."""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HASHING_THREADS = 4


def feature_key(
    *, image_sha256: str, pixels: str, view: str, body_sha256: str, precision: str
) -> str:
    """Return the key of a vector: the sha256, in hex, of all that it depends on."""
    parts = [image_sha256, pixels, view, body_sha256, precision]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def image_hashes(paths: Sequence[Path]) -> list[str]:
    """Return the sha256, in hex, of the bytes of each file, in the order given.

    Raises:
        OSError: a file cannot be read.
    """
    with ThreadPoolExecutor(HASHING_THREADS) as pool:
        return list(pool.map(_file_hash, paths))


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
