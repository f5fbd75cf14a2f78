"""Feature vectors on disk: what a frozen body makes of a picture is computed once.

One SQLite file that any number of processes use at once. It is a cache: whatever happens to the
file or the disk costs time and never a run.
"""

import os
import re
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.data.feature_database import is_broken, is_busy, make_way, open_database
from fastcnn.data.feature_entries import (
    Got,
    Vector,
    bytes_used,
    count_entries,
    note_use,
    read_entries,
    remove_all,
    write_entries,
)
from fastcnn.places import cache_folder

STORE_FILE = "features.sqlite"
LIMIT_VARIABLE = "FASTCNN_CACHE_LIMIT"
DEFAULT_LIMIT = 10 * 1024**3

Result = TypeVar("Result")


class FeatureStore:
    """A cache of feature vectors that drops the least recently used beyond its limit.

    Threads may share it; a process that was forked opens its own. `problem` is None, or what a
    user should be told: why nothing is kept, or that the limit in FASTCNN_CACHE_LIMIT is no size.
    """

    def __init__(self, path: Path | None = None, *, limit_bytes: int | None = None) -> None:
        """Open the store at `path`, made where there is none.

        Args:
            path: the file; `features.sqlite` in the cache folder by default.
            limit_bytes: bytes on disk; by default those of FASTCNN_CACHE_LIMIT, else 10 GiB.
        """
        self.path = path or cache_folder() / STORE_FILE
        self.problem: str | None = None
        if limit_bytes is None:
            limit_bytes, self.problem = usual_limit()
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._failure: Exception | None = None
        self._closed = False
        self._database: sqlite3.Connection | None = None
        self._attempt(bytes_used, 0)  # so that `problem` is known at once

    def get(self, keys: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors, float32 of shape (C,), of those keys that are here and whole.

        They count as used now. Damaged ones are dropped.
        """
        got = self._attempt(lambda database: read_entries(database, keys), Got())
        if got.whole or got.damaged:
            self._attempt(lambda database: note_use(database, got), None)
        return got.found

    def put(self, features: Mapping[str, ArrayLike]) -> None:
        """Keep vectors of shape (C,), as float32: all of them or, where that fails, none.

        Raises:
            ValueError: an array has not one dimension.
        """
        contents = {key: _as_bytes(vector) for key, vector in features.items()}
        if contents:
            self._attempt(lambda database: write_entries(database, contents, self._limit), None)

    @property
    def size_bytes(self) -> int:
        """Bytes on disk that the entries take, 0 without any."""
        return self._attempt(bytes_used, 0)

    @property
    def n_entries(self) -> int:
        """How many vectors are kept."""
        return self._attempt(count_entries, 0)

    def clear(self) -> None:
        """Drop every entry and give the disk space back."""
        self._attempt(remove_all, None)
        if self._failure is not None and not is_busy(self._failure):
            # Emptying a database takes some space: on a full disk only removing it is left.
            self._failure = self.problem = None
            self._attempt(bytes_used, 0, anew=True)

    def close(self) -> None:
        """Let go of the file; from here on nothing is found or kept."""
        with self._lock:
            self._closed = True
            self._disconnect()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close the store."""
        self.close()

    def _attempt(
        self, work: Callable[[sqlite3.Connection], Result], otherwise: Result, anew: bool = False
    ) -> Result:
        """Return what `work` makes of the database, or `otherwise` where it cannot be used.

        A broken one is first opened once more, since another process may have replaced it.
        """
        with self._lock:
            if self._closed or self._failure is not None:
                return otherwise
            for replace in (True,) if anew else (False, False, True):
                try:
                    return work(self._connected(replace))
                except (sqlite3.Error, OSError) as error:
                    failure = error
                    self._disconnect()
                    if not is_broken(error):
                        break
            self._failure = failure
            self.problem = f"the feature cache {self.path} cannot be used: {failure}"
            return otherwise

    def _connected(self, replace: bool) -> sqlite3.Connection:
        if replace:
            make_way(self.path)
        if self._database is None:
            self._database = open_database(self.path)
        return self._database

    def _disconnect(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None


def usual_limit() -> tuple[int, str | None]:
    """Return the bytes that FASTCNN_CACHE_LIMIT allows, and what is wrong with it, or None."""
    given = os.environ.get(LIMIT_VARIABLE)
    try:
        return (parse_size(given) if given else DEFAULT_LIMIT), None
    except ValueError as error:
        problem = f"{LIMIT_VARIABLE}: {error}; the feature cache is limited to 10 GiB"
        return DEFAULT_LIMIT, problem


def parse_size(text: str) -> int:
    """Return the bytes that `500MB`, `1.5 GiB` or `1000000` means.

    Raises:
        ValueError: the text is no size.
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*(?:([kmgt])(i?))?b?", text.strip().lower())
    if match is None:
        raise ValueError(f"{text!r} is not a size such as 500MB")
    number, prefix, binary = match.groups()
    thousand = 1024 if binary else 1000
    return int(Fraction(number) * thousand ** ("kmgt".index(prefix) + 1 if prefix else 0))


def _as_bytes(vector: ArrayLike) -> bytes:
    array = np.asarray(vector, dtype="<f4")  # little-endian, so that machines can share the file
    if array.ndim != 1:
        raise ValueError(f"a feature vector has one dimension, not the shape {array.shape}")
    return array.tobytes()
