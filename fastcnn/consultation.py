"""A whole consultation, as `fastcnn doctor` holds it: examine, write down, move aside."""

from pathlib import Path

from fastcnn.data.doctor.examine import examine
from fastcnn.data.doctor.findings import Examination
from fastcnn.data.doctor.quarantine import quarantine as move_aside
from fastcnn.data.doctor.quarantine import require_apart, restore
from fastcnn.errors import DataError, UsageError
from fastcnn.files import require_new_file
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path, user_path
from fastcnn.report.doctor_sheet import write_sheet
from fastcnn.report.doctor_table import write_findings


def consult(
    given: str | None,
    narrator: Narrator,
    *,
    csv: str | None = None,
    sheet: str | None = None,
    quarantine: str | None = None,
    force: bool = False,
) -> Examination:
    """Examine a folder; write the findings to `csv`, draw the worst to `sheet`, move them aside.

    Raises:
        UsageError: a name of a file or folder cannot be what it shall be.
        DataError: there is no such folder, or no image in it.
        TrainingError: something cannot be written.
    """
    folder = _folder(given)
    if sheet is not None and user_path(sheet).suffix.lower() != ".png":
        raise UsageError(
            f"--sheet is {sheet}, expected a picture's name that ends in .png",
            hint="for example --sheet worst.png",
        )
    _require_free({"--csv": csv, "--sheet": sheet}, force=force)
    if quarantine is not None:
        require_apart(folder, user_path(quarantine))
    found = examine(folder, narrator)
    if csv is not None:
        write_findings(found, user_path(csv))
        narrator.say(f"findings: {csv}")
    if sheet is not None:
        n_drawn = write_sheet(found, folder, user_path(sheet))
        narrator.say(f"the worst: {sheet}" if n_drawn else "there is no picture to draw")
    if quarantine is not None:
        moved = move_aside(folder, found.findings, user_path(quarantine))
        narrator.say(f"{len(moved)} files moved to {quarantine}")
        if moved:
            narrator.say_command("undo", f"fastcnn doctor --restore {quarantine}")
    return found


def take_back(path: str | None, aside: str, narrator: Narrator) -> int:
    """Undo a quarantine; return how many files went back.

    Raises:
        UsageError: a folder to examine was given besides.
        DataError: there is nothing to undo, or a place is taken.
    """
    if path is not None:
        raise UsageError(
            f"both {path} and --restore {aside} were given, expected one of them",
            hint=f"fastcnn doctor --restore {aside}",
        )
    back = restore(user_path(aside))
    narrator.say(f"{len(back)} files moved back")
    return len(back)


def _require_free(files: dict[str, str | None], *, force: bool) -> None:
    """Refuse to write over a file that is there, or into a folder that is not.

    Raises:
        UsageError: a file is there, or its folder is not.
    """
    for option, given in files.items():
        path = user_path(given) if given else None
        if path is None:
            continue
        if not force:
            require_new_file(path, option)
        if not path.parent.is_dir():
            raise UsageError(
                f"{option} {given} lies in a folder that does not exist",
                hint=f"mkdir -p {path.parent} makes it",
            )


def _folder(given: str | None) -> Path:
    if given is None:
        raise UsageError("no folder was given", hint="fastcnn doctor FOLDER")
    folder = user_path(given)
    if not folder.is_dir():
        state = "is not a folder" if folder.exists() else "does not exist"
        raise DataError(
            f"{shown_path(folder)} {state}, expected a folder of images",
            hint="unpack an archive first; of a table give the folder that its images lie in",
        )
    return folder
