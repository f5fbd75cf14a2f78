"""The SQLite file below the feature store: opened, mended, or replaced where it is broken."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

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


def open_database(path: Path) -> sqlite3.Connection:
    """Open the database at `path`, made where there is none; mend one whose log cannot be used."""
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
            with writing(database):  # where the log is impossible it is this that fails
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
    with writing(database):
        version = pragma(database, "application_id"), pragma(database, "user_version")
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
            if not is_busy(error):
                return
            time.sleep(0.01)  # SQLite itself does not wait here


def _leave_log_mode(path: Path) -> None:
    """Mend a database whose log needs memory shared by processes, which this disk does not give."""
    with closing(sqlite3.connect(path, timeout=1, isolation_level=None)) as database:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")  # so the log can be read without it
        database.execute("PRAGMA journal_mode = DELETE")


def make_way(path: Path) -> None:
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


def is_broken(error: Exception) -> bool:
    """Whether it is the file's fault; a lock, a full disk or a missing right is not."""
    if isinstance(error, sqlite3.OperationalError):  # such as a table that is missing
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
    return isinstance(error, sqlite3.DatabaseError)


def is_busy(error: Exception) -> bool:
    """Return whether another process holds the database."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF
    return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def pragma(database: sqlite3.Connection, name: str) -> int:
    """Return a number that SQLite keeps of a database."""
    return int(database.execute(f"PRAGMA {name}").fetchone()[0])


@contextmanager
def writing(database: sqlite3.Connection) -> Iterator[None]:
    """All of the block or nothing; it waits for other writers before it starts."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:  # after some errors SQLite has rolled back already
            database.rollback()
        raise
