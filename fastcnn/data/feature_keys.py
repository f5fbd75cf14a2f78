"""The key of a feature: everything that it depends on, and the hash of an image's bytes."""

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

HASHING_THREADS = 4
REMEMBERED = 2**18
"""Hashes that a process remembers: its next training reads no unchanged file again."""


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
    state = path.stat()
    return _hash_in_state(path, state.st_size, state.st_mtime_ns)


@lru_cache(REMEMBERED)
def _hash_in_state(path: Path, n_bytes: int, changed: int) -> str:
    """Return the hash of a file of this size that was last changed then, in nanoseconds."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
