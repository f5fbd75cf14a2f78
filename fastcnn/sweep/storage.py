"""Where the trials are kept: a journal in the sweep's folder, or a database."""

import logging
import os
import warnings
from pathlib import Path

import optuna
from filelock import FileLock
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from fastcnn.errors import UsageError

JOURNAL_FILE = "journal.jsonl"


def open_storage(folder: Path, url: str | None) -> BaseStorage:
    """Return the storage that all processes of a sweep share.

    Variables of the environment in the URL, as `$PGPASSWORD`, are filled in here, so that no file
    holds a password.

    Raises:
        UsageError: the database cannot be opened.
    """
    optuna.logging.set_verbosity(logging.ERROR)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    if url is None:
        journal = str(folder / JOURNAL_FILE)
        return JournalStorage(JournalFileBackend(journal, lock_obj=KernelLock(journal)))
    try:
        return RDBStorage(os.path.expandvars(url))
    except Exception as error:  # whatever SQLAlchemy and the driver of the database raise
        raise UsageError(
            f"--storage {url} cannot be opened: {str(error).splitlines()[0]}",
            hint="for example --storage sqlite:///sweeps.db; a database server needs its driver, "
            "as pip install psycopg2-binary",
        ) from error


class KernelLock(JournalFileOpenLock):
    """The journal's lock, held by the operating system: it lets go when a process is killed.

    Optuna's own are files that a killed process leaves behind. A line that it was about to write
    may be half there: it is taken away before the next one is written.
    """

    def __init__(self, journal: str) -> None:
        """Lock a file beside the journal."""
        self._journal, self._lock = journal, FileLock(f"{journal}.lock")

    def acquire(self) -> bool:
        """Wait for the lock, and see to it that the journal ends with a whole line."""
        self._lock.acquire()
        drop_half_line(self._journal)
        return True

    def release(self) -> None:
        """Let go."""
        self._lock.release()


def drop_half_line(path: str) -> None:
    """Cut a file behind its last end of a line, where there is anything behind it."""
    with open(path, "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        if end == 0:
            return
        file.seek(end - 1)
        if file.read(1) == b"\n":
            return
        file.seek(0)
        file.truncate(file.read().rfind(b"\n") + 1)
