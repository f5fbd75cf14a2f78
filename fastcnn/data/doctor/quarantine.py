"""Moving faulty files out of the way, and back: nothing is ever deleted or written over."""

import csv
import errno
import os
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

from fastcnn.data.doctor.findings import Finding
from fastcnn.errors import DataError, UsageError
from fastcnn.files import friendly_disk_errors, write_csv
from fastcnn.places import shown_path

UNDO_FILE, UNDONE_FILE = "undo.csv", "undone.csv"
HARMFUL = frozenset(
    {"corrupt", "too-large", "too-small", "blank", "leak", "near-leak", "duplicate"}
    | {"conflicting-label"}
)
"""Findings whose files are moved: they cannot be used, or spoil what is learned or measured."""


def quarantine(folder: Path, findings: Iterable[Finding], aside: Path) -> list[Path]:
    """Move the faulty files below `folder` to the same places below `aside`.

    `aside/undo.csv` lists every move, written before the file moves, so that an interrupt loses
    none. Return where the files lie now.

    Raises:
        UsageError: see `require_apart`.
        TrainingError: a file cannot be moved.
    """
    require_apart(folder, aside)
    paths = sorted({finding.path for finding in findings if finding.finding in HARMFUL})
    moves = _moves(folder, aside, paths)
    if not moves:
        return []
    earlier = _read(aside / UNDO_FILE) if (aside / UNDO_FILE).exists() else []
    _write(aside / UNDO_FILE, [*earlier, *moves])
    for source, target in moves:
        _move(source, target)
    return [target for _, target in moves]


def _moves(folder: Path, aside: Path, paths: Iterable[str]) -> list[tuple[Path, Path]]:
    """Return from where to where, with a place of its own for each file."""
    taken: set[Path] = set()
    moves = []
    for path in paths:
        target = _free_name(aside / path, taken)
        taken.add(target)
        moves.append((folder / path, target))
    return moves


def require_apart(folder: Path, aside: Path) -> None:
    """Refuse a quarantine in the folder itself, where its files would be found again.

    Raises:
        UsageError: it lies there.
    """
    if aside.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"--quarantine {shown_path(aside)} lies in the folder that is examined",
            hint=f"give one beside it: --quarantine {folder.resolve().name}-quarantine",
        )


def restore(aside: Path) -> list[Path]:
    """Move everything that `aside/undo.csv` lists back; return where the files lie again.

    Raises:
        DataError: there is no such list, or a place is taken by another file.
        TrainingError: a file cannot be moved.
    """
    if not (aside / UNDO_FILE).exists() and (aside / UNDONE_FILE).exists():
        raise DataError(
            f"{aside} was restored already, as its {UNDONE_FILE} says",
            hint="there is nothing left to do",
        )
    listed = _read(aside / UNDO_FILE)
    moves = [(source, target) for source, target in listed if os.path.lexists(target)]
    taken = [source for source, _ in moves if os.path.lexists(source)]
    if taken:
        raise DataError(
            f"{taken[0]} is there again, so the file in quarantine cannot go back",
            hint="move one of the two away first",
        )
    for source, target in moves:
        _move(target, source)
    (aside / UNDO_FILE).rename(_free_name(aside / UNDONE_FILE))
    return [source for source, _ in moves]


def _move(source: Path, target: Path) -> None:
    with friendly_disk_errors(target, "give another folder with --quarantine DIR"):
        if os.path.lexists(target):  # something came there meanwhile
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)


def _free_name(path: Path, taken: Collection[Path] = ()) -> Path:
    """Return `path`, or where that is taken the first free name with a number."""
    number, free = 1, path
    while os.path.lexists(free) or free in taken:
        number += 1
        free = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return free


def _read(undo: Path) -> list[tuple[Path, Path]]:
    try:
        with undo.open(encoding="utf-8", newline="") as file:
            return [(Path(row["from"]), Path(row["to"])) for row in csv.DictReader(file)]
    except (OSError, KeyError) as error:
        raise DataError(
            f"{undo} is not the list of a quarantine: {error}",
            hint="give the folder that --quarantine was given",
        ) from error


def _write(undo: Path, moves: list[tuple[Path, Path]]) -> None:
    rows = ({"from": source.absolute(), "to": target.absolute()} for source, target in moves)
    write_csv(undo, ["from", "to"], rows)
