"""What is read, written and dropped in the feature store's file, a transaction at a time."""

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fastcnn.data.feature_database import pragma, writing

EMPTY_PAGES = 5
"""Pages of a database without entries: the header and the roots of tables and indexes."""

# One parameter holds any number of keys, where a list of `?` ends at 999 in some builds of SQLite.
LISTED = "(SELECT value FROM json_each(?))"

STEP_BYTES = 256 * 1024**2
"""Bytes to drop before others may write again."""

Vector = NDArray[np.float32]


@dataclass
class Got:
    """What a look for some keys came upon."""

    found: dict[str, Vector] = field(default_factory=dict)
    whole: list[int] = field(default_factory=list)
    """Numbers of the entries found."""
    damaged: list[int] = field(default_factory=list)
    """Numbers of those whose bytes are not what was put there."""


def _checksum(key: str, vector: bytes) -> bytes:
    """The key is part of it: a vector that was mixed up with another is as bad as a broken one."""
    digest = hashlib.sha256(key.encode() + b"\0")  # done in silicon, unlike blake2b
    digest.update(vector)
    return digest.digest()


def read_entries(database: sqlite3.Connection, keys: Sequence[str]) -> Got:
    """Look for the vectors of some keys."""
    got = Got()
    for key, number, checksum, vector in database.execute(
        "SELECT entries.key, number, checksum, vector FROM json_each(?) AS wanted"
        " CROSS JOIN entries ON entries.key = wanted.value CROSS JOIN vectors USING (number)",
        (json.dumps(list(keys)),),
    ):
        if isinstance(vector, bytes) and checksum == _checksum(key, vector):
            got.found[key] = np.frombuffer(vector, "<f4").astype(np.float32)
            got.whole.append(number)
        else:
            got.damaged.append(number)
    return got


def note_use(database: sqlite3.Connection, got: Got) -> None:
    """Note that what was found was used now, and drop what is damaged."""
    with writing(database):
        database.execute(
            f"UPDATE entries SET used = ? WHERE number IN {LISTED}",
            (_next(database, "used"), json.dumps(got.whole)),
        )
        _remove(database, got.damaged)


def write_entries(database: sqlite3.Connection, contents: dict[str, bytes], limit: int) -> None:
    """Keep vectors, all or none, and drop the least recently used beyond `limit` bytes."""
    with writing(database):
        old = database.execute(
            f"SELECT number FROM entries WHERE key IN {LISTED}", (json.dumps(list(contents)),)
        )
        _remove(database, [number for (number,) in old])
        first, used = _next(database, "number"), _next(database, "used")
        for number, (key, vector) in enumerate(contents.items(), first):
            database.execute("INSERT INTO entries VALUES (?, ?, ?)", (number, key, used))
            row = (number, _checksum(key, vector), vector)
            database.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", row)
    while _drop_some(database, limit):
        pass
    if pragma(database, "page_count") * pragma(database, "page_size") > 2 * limit:
        with suppress(sqlite3.OperationalError):  # where there is no room for it
            database.execute("VACUUM")  # the limit is a lower one than before


def _drop_some(database: sqlite3.Connection, limit: int) -> bool:
    """Drop some of the least recently used, never too many; whether there may be more to drop."""
    with writing(database):
        numbers = []
        excess = min(bytes_used(database) - limit, STEP_BYTES)
        for number, n_bytes in database.execute(
            "SELECT number, ifnull(length(vector), 0) FROM entries LEFT JOIN vectors USING (number)"
            " ORDER BY used, number"
        ):
            if excess <= 0:
                break
            numbers.append(number)
            excess -= 2 * n_bytes + 100  # the pages are not full: at worst half of each is used
        _remove(database, numbers)
    return bool(numbers)


def remove_all(database: sqlite3.Connection) -> None:
    """Drop everything, and give the disk space back."""
    with writing(database):
        database.execute("DELETE FROM entries")
        database.execute("DELETE FROM vectors")
    database.execute("VACUUM")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _remove(database: sqlite3.Connection, numbers: list[int]) -> None:
    for table in ("entries", "vectors"):
        database.execute(f"DELETE FROM {table} WHERE number IN {LISTED}", (json.dumps(numbers),))


def _next(database: sqlite3.Connection, column: str) -> int:
    """Return one more than the largest: a clock of use that never goes back, as a real one does."""
    (value,) = database.execute(f"SELECT ifnull(max({column}), 0) + 1 FROM entries").fetchone()
    return int(value)


def count_entries(database: sqlite3.Connection) -> int:
    """Return how many vectors are kept."""
    return int(database.execute("SELECT count(*) FROM entries").fetchone()[0])


def bytes_used(database: sqlite3.Connection) -> int:
    """Return the bytes on disk that they take."""
    pages = pragma(database, "page_count") - pragma(database, "freelist_count") - EMPTY_PAGES
    return max(pages, 0) * pragma(database, "page_size")
