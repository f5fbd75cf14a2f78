"""The record of a run, `run.json`: begun before anything is trained, kept true at every step."""

import contextlib
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from fastcnn.errors import UsageError
from fastcnn.files import friendly_disk_errors, write_json
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path, user_path
from fastcnn.run_folder import OWN_FILES, RUN_FILE
from fastcnn.setting_checks import STRATEGY_NAMES

SCHEMA_VERSION = 1


def require_free(out: str | Path | None, *, force: bool) -> None:
    """Raise where `out` holds a run that is not to be replaced.

    Raises:
        UsageError: it does, and `force` is not given.
    """
    if out is not None and not force and (user_path(out) / RUN_FILE).exists():
        raise UsageError(
            f"--out {out} holds a run already, expected a new folder",
            hint=f"add --force to replace it, or give another: --out {out}-2",
        )


def run_folder(recipe: str, strategy: str, out: str | Path | None) -> Path:
    """Make and return the folder of a new run; a run that `out` holds is removed.

    Raises:
        TrainingError: the folder cannot be made.
    """
    if out is not None:
        folder = user_path(out).absolute()
        with friendly_disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            _remove_run(folder)
        return folder
    stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
    return new_folder(Path("runs").absolute(), f"{stamp}-{safe_name(recipe)}-{strategy}")


class RunRecord:
    """The document of a run that is under way."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        """Begin the record in `folder`, with status `running`."""
        self.folder = folder
        self.document: dict[str, Any] = {
            "schema_version": SCHEMA_VERSION,
            "status": "running",
            "created": datetime.now().astimezone().isoformat(timespec="seconds"),
            **sections,
            "events": [],
            "strategies": {},
            "comparison": None,
        }
        self.save()

    @property
    def strategies(self) -> dict[str, Any]:
        """The strategies that are finished so far."""
        finished: dict[str, Any] = self.document["strategies"]
        return finished

    def save(self) -> None:
        """Write the document, whole."""
        write_json(self.folder / RUN_FILE, self.document)

    @contextmanager
    def kept(self, narrator: Narrator) -> Iterator[None]:
        """Write how the block ended: done, interrupted or failed; and the events until then."""
        events = narrator.events
        try:
            yield
            self.document["status"], self.document["events"] = "done", list(events)
            self.save()
        except KeyboardInterrupt:
            self._end("interrupted", events)
            narrator.always_say(self._what_is_left())
            raise
        except Exception as error:
            self._end("failed", [*events, f"{type(error).__name__}: {error}"])
            if self.strategies:
                narrator.always_say(self._what_is_left())
            raise

    def _what_is_left(self) -> str:
        """Say where it lies and, where a strategy was finished, how to look at it."""
        where = shown_path(self.folder)
        page = f"; fastcnn report {shlex.quote(where)} makes a page of it"
        return f"what there is lies in {where}{page if self.strategies else ''}"

    def _end(self, status: str, events: list[str]) -> None:
        self.document["status"], self.document["events"] = status, list(events)
        with contextlib.suppress(Exception):  # the reason for the end is what shall be heard
            self.save()


def _remove_run(folder: Path) -> None:
    """Remove what an earlier run left, and nothing else that lies in its folder."""
    for name in STRATEGY_NAMES:  # not the names in run.json: a stranger's may point elsewhere
        if (folder / name).is_dir():
            shutil.rmtree(folder / name)
    for name in OWN_FILES:
        (folder / name).unlink(missing_ok=True)


def new_folder(parent: Path, name: str) -> Path:
    """Make and return a folder of this name below `parent`, numbered where there is one.

    Raises:
        TrainingError: it cannot be made.
    """
    with friendly_disk_errors(parent):
        parent.mkdir(parents=True, exist_ok=True)
        for number in range(1, 1000):
            folder = parent / (name if number == 1 else f"{name}-{number}")
            with contextlib.suppress(FileExistsError):  # two runs in the same second
                folder.mkdir()
                return folder
    raise UsageError(f"{parent} holds a thousand runs of this second", hint="give --out DIR")


def safe_name(name: str) -> str:
    """Return a name in which what no folder should be called is replaced."""
    return re.sub(r"[^\w.-]+", "-", name)
