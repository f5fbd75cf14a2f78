"""Feature vectors on disk: what a frozen body makes of a picture is computed once.

One SQLite file that any number of processes use at once. It is a cache: whatever happens to the
file or the disk costs time and never a run.
"""

import hashlib
import json
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastcnn.places import cache_folder

STORE_FILE = "features.sqlite"
LIMIT_VARIABLE = "FASTCNN_CACHE_LIMIT"
DEFAULT_LIMIT = 10 * 1024**3

SCHEMA_VERSION = 1
APPLICATION = 0x66636E6E
"""`fcnn` in the file's header tells our databases from those of other programs."""

SCHEMA = (
    # Apart from the vectors, because SQLite writes a row anew as a whole to note its use.
    "CREATE TABLE entries (number INTEGER PRIMARY KEY, key TEXT UNIQUE, used INTEGER)",
    "CREATE INDEX order_of_use ON entries (used)",
    "CREATE TABLE vectors (number INTEGER PRIMARY KEY, checksum BLOB, vector BLOB)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {SCHEMA_VERSION}",
)
CONNECTION = {
    "auto_vacuum": "NONE",
    "synchronous": "NORMAL",  # a power cut may cost the last puts, and nothing else
    "secure_delete": "OFF",  # some builds overwrite all that is dropped
    "journal_size_limit": 64 * 1024**2,
}
"""Settings that builds of SQLite disagree on, or that suit a cache."""
EMPTY_PAGES = 5
"""Pages of a database without entries: the header and the roots of tables and indexes."""

# One parameter holds any number of keys, where a list of `?` ends at 999 in some builds of SQLite.
LISTED = "(SELECT value FROM json_each(?))"

NO_SHARED_MEMORY = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_IOERR_SHMOPEN,
    sqlite3.SQLITE_IOERR_SHMLOCK,
    sqlite3.SQLITE_IOERR_SHMMAP,
}
"""How SQLite says that this disk is not one for its log, which several processes map."""

PATIENCE = 20.0
"""Seconds to wait for another process that is writing: a put takes well under one."""
STEP_BYTES = 256 * 1024**2
"""Bytes to drop before others may write again."""
HASHING_THREADS = 4

Vector = NDArray[np.float32]
Result = TypeVar("Result")


@dataclass
class Got:
    """What a look for some keys came upon."""

    found: dict[str, Vector] = field(default_factory=dict)
    whole: list[int] = field(default_factory=list)
    """Numbers of the entries found."""
    damaged: list[int] = field(default_factory=list)
    """Numbers of those whose bytes are not what was put there."""


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
        self._limit = self._usual_limit() if limit_bytes is None else limit_bytes
        self._lock = threading.Lock()
        self._failure: Exception | None = None
        self._closed = False
        self._database: sqlite3.Connection | None = None
        self._attempt(_bytes_used, 0)  # so that `problem` is known at once

    def get(self, keys: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors, float32 of shape (C,), of those keys that are here and whole.

        They count as used now. Damaged ones are dropped.
        """
        got = self._attempt(lambda database: _read(database, keys), Got())
        if got.whole or got.damaged:
            self._attempt(lambda database: _note_use(database, got), None)
        return got.found

    def put(self, features: Mapping[str, ArrayLike]) -> None:
        """Keep vectors of shape (C,), as float32: all of them or, where that fails, none.

        Raises:
            ValueError: an array has not one dimension.
        """
        contents = {key: _as_bytes(vector) for key, vector in features.items()}
        if contents:
            self._attempt(lambda database: _write(database, contents, self._limit), None)

    @property
    def size_bytes(self) -> int:
        """Bytes on disk that the entries take, 0 without any."""
        return self._attempt(_bytes_used, 0)

    @property
    def n_entries(self) -> int:
        """How many vectors are kept."""
        return self._attempt(_count, 0)

    def clear(self) -> None:
        """Drop every entry and give the disk space back."""
        self._attempt(_empty, None)
        if self._failure is not None and not _is_busy(self._failure):
            # Emptying a database takes some space: on a full disk only removing it is left.
            self._failure = self.problem = None
            self._attempt(_bytes_used, 0, anew=True)

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
                    if not _is_broken(error):
                        break
            self._failure = failure
            self.problem = f"the feature cache {self.path} cannot be used: {failure}"
            return otherwise

    def _connected(self, replace: bool) -> sqlite3.Connection:
        if replace:
            _make_way(self.path)
        if self._database is None:
            self._database = _open(self.path)
        return self._database

    def _disconnect(self) -> None:
        if self._database is not None:
            with suppress(sqlite3.Error):
                self._database.close()
        self._database = None

    def _usual_limit(self) -> int:
        given = os.environ.get(LIMIT_VARIABLE)
        try:
            return parse_size(given) if given else DEFAULT_LIMIT
        except ValueError as error:
            self.problem = f"{LIMIT_VARIABLE}: {error}; the feature cache is limited to 10 GiB"
            return DEFAULT_LIMIT


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


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _as_bytes(vector: ArrayLike) -> bytes:
    array = np.asarray(vector, dtype="<f4")  # little-endian, so that machines can share the file
    if array.ndim != 1:
        raise ValueError(f"a feature vector has one dimension, not the shape {array.shape}")
    return array.tobytes()


def _checksum(key: str, vector: bytes) -> bytes:
    """The key is part of it: a vector that was mixed up with another is as bad as a broken one."""
    digest = hashlib.sha256(key.encode() + b"\0")  # done in silicon, unlike blake2b
    digest.update(vector)
    return digest.digest()


def _read(database: sqlite3.Connection, keys: Sequence[str]) -> Got:
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


def _note_use(database: sqlite3.Connection, got: Got) -> None:
    with _writing(database):
        database.execute(
            f"UPDATE entries SET used = ? WHERE number IN {LISTED}",
            (_next(database, "used"), json.dumps(got.whole)),
        )
        _remove(database, got.damaged)


def _write(database: sqlite3.Connection, contents: dict[str, bytes], limit: int) -> None:
    with _writing(database):
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
    if _pragma(database, "page_count") * _pragma(database, "page_size") > 2 * limit:
        with suppress(sqlite3.OperationalError):  # where there is no room for it
            database.execute("VACUUM")  # the limit is a lower one than before


def _drop_some(database: sqlite3.Connection, limit: int) -> bool:
    """Drop some of the least recently used, never too many; whether there may be more to drop."""
    with _writing(database):
        numbers = []
        excess = min(_bytes_used(database) - limit, STEP_BYTES)
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


def _empty(database: sqlite3.Connection) -> None:
    with _writing(database):
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


def _count(database: sqlite3.Connection) -> int:
    return int(database.execute("SELECT count(*) FROM entries").fetchone()[0])


def _bytes_used(database: sqlite3.Connection) -> int:
    pages = _pragma(database, "page_count") - _pragma(database, "freelist_count") - EMPTY_PAGES
    return max(pages, 0) * _pragma(database, "page_size")


def _pragma(database: sqlite3.Connection, name: str) -> int:
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def _writing(database: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing; it waits for other writers before it starts."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # after some errors SQLite has rolled back already
            database.rollback()
        raise


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(path)
    except sqlite3.OperationalError as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if not NO_SHARED_MEMORY & {code, code & 0xFF}:  # the low byte alone is the kind of error
            raise
        _leave_log_mode(path)
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        path, timeout=PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        for name, value in CONNECTION.items():
            database.execute(f"PRAGMA {name} = {value}")
        if _made_tables(database):
            _enter_log_mode(database)
            with _writing(database):  # where the log is impossible it is this that fails
                pass
        return database
    except BaseException:
        database.close()
        raise


def _made_tables(database: sqlite3.Connection) -> bool:
    """Make the tables of a new database; a transaction also finds out whether it can be written.

    Raises:
        sqlite3.DatabaseError: it is that of another version, or of another program.
    """
    with _writing(database):
        version = _pragma(database, "application_id"), _pragma(database, "user_version")
        if version == (APPLICATION, SCHEMA_VERSION):
            return False
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise sqlite3.DatabaseError("the database has another version")
        for statement in SCHEMA:
            database.execute(statement)
    return True


def _enter_log_mode(database: sqlite3.Connection) -> None:
    """Let readers and a writer work at the same time; without it they wait for each other."""
    for _ in range(20):
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not _is_busy(error):
                return
            time.sleep(0.01)  # SQLite itself does not wait here


def _leave_log_mode(path: Path) -> None:
    """Mend a database whose log needs memory shared by processes, which this disk does not give."""
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")  # so the log can be read without it
        database.execute("PRAGMA journal_mode = DELETE")


def _make_way(path: Path) -> None:
    """Remove our own broken file; one that is not known to be ours is only moved aside."""
    with suppress(FileNotFoundError):
        with path.open("rb") as file:
            is_ours = file.read(72)[68:] == APPLICATION.to_bytes(4, "big")
        aside = f"{path}.aside-{time.time_ns()}"
        for ending in ("", "-wal", "-shm", "-journal"):
            source = Path(f"{path}{ending}")
            if is_ours:
                source.unlink(missing_ok=True)
            elif source.exists():
                source.rename(aside + ending)


def _is_broken(error: Exception) -> bool:
    """Whether it is the file's fault; a lock, a full disk or a missing right is not."""
    if isinstance(error, sqlite3.OperationalError):  # such as a table that is missing
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return isinstance(error, sqlite3.DatabaseError)


def _is_busy(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
