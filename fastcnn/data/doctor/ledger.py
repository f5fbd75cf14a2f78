"""What is known of every image of a set, kept in a file: millions of them need no memory."""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.data.doctor.facts import Facts
from fastcnn.data.walk import Seen
from fastcnn.files import friendly_disk_errors
from fastcnn.places import cache_folder

COLUMNS = (
    *("path", "label", "part", "problem", "detail", "format", "width", "height", "misnamed"),
    *("brightness", "contrast", "sharpness", "digest", "look", "thumb"),
)


class Ledger:
    """A table with a row an image, in a temporary file that goes with it."""

    def __init__(self) -> None:
        """Begin an empty table."""
        with friendly_disk_errors(cache_folder(), "name another folder in FASTCNN_CACHE"):
            cache_folder().mkdir(parents=True, exist_ok=True)  # /tmp is memory on many systems
            self._folder = tempfile.TemporaryDirectory(prefix=".doctor-", dir=cache_folder())
        self._database = sqlite3.connect(Path(self._folder.name) / "ledger.sqlite")
        self._database.execute("PRAGMA synchronous = OFF")  # nobody reads it after a crash
        self._database.execute(f"CREATE TABLE images ({', '.join(COLUMNS)})")

    def __enter__(self) -> "Ledger":
        """Keep the file for the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the file."""
        self._database.close()
        self._folder.cleanup()

    def add(self, rows: Iterable[tuple[Seen, Facts]]) -> None:
        """Write down images and what they are like."""
        marks = ", ".join("?" * len(COLUMNS))
        self._database.executemany(f"INSERT INTO images VALUES ({marks})", map(_row, rows))

    def index(self) -> None:
        """Make looking up by content quick; once, when everything is written down."""
        self._database.execute("CREATE INDEX by_digest ON images (digest)")

    def ask(self, question: str, given: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows that an SQL query finds in the table `images`."""
        yield from self._database.execute(question, given)

    def one(self, question: str, given: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row that a query finds."""
        return next(self.ask(question, given))[0]

    def looks(self) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
        """Return the row numbers and perceptual hashes of the usable images that have one."""
        rows = list(self.ask("SELECT rowid, look FROM images WHERE look IS NOT NULL"))
        numbers = np.fromiter((row[0] for row in rows), np.int64, len(rows))
        looks = np.fromiter((row[1] for row in rows), np.int64, len(rows)).view(np.uint64)
        return numbers, looks


def _row(pair: tuple[Seen, Facts]) -> tuple[Any, ...]:
    seen, facts = pair
    problem, detail = facts.problem or (None, None)
    look = None if facts.look is None else int(np.uint64(facts.look).view(np.int64))
    return (
        *(seen.path, seen.label, seen.part, problem, detail),
        *(facts.format, facts.width, facts.height, facts.is_misnamed),
        *(facts.brightness, facts.contrast, facts.sharpness),
        *(facts.digest, look, facts.thumb),
    )
