"""What the doctor finds in the images of a run, told as the run has labelled and split them."""

import csv
import os
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

from fastcnn.data.doctor.examine import examine
from fastcnn.errors import FastcnnError, TrainingError
from fastcnn.narrator import HushedNarrator, Narrator
from fastcnn.places import shown_path
from fastcnn.report.doctor_table import COLUMNS, write_findings
from fastcnn.report.page.copies import restated
from fastcnn.report.page.subject import NOT_OWN, Subject
from fastcnn.run_folder import DOCTOR_FILE

MOST_EXAMINED = 4_000
"""Files of a folder that is examined for a report: some ten seconds; of more the doctor tells."""

Findings = Sequence[Mapping[str, str]]


def findings_of(subject: Subject, narrator: Narrator) -> Findings | None:
    """Return what is the matter with a run's images, from `doctor.csv` where the doctor looked.

    None where the run is not the user's own, where the images are gone, or so many that the report
    would have to wait for it.
    """
    if subject.run_path is None:
        return None
    if not subject.best.is_own:
        narrator.warn(NOT_OWN)
    kept = subject.run_path / DOCTOR_FILE
    found = _read(kept, narrator) if kept.is_file() else None
    if found is None and subject.best.is_own:
        found = _examined(subject, kept, narrator)
    return None if found is None else restated(found, subject)


def _read(kept: Path, narrator: Narrator) -> Findings | None:
    """Read what the doctor wrote; None, and a warning, of a file that is something else."""
    try:
        with kept.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, ValueError, csv.Error) as error:
        narrator.warn(f"{shown_path(kept)} cannot be read and is left out: {error}")
        return None
    if any(row.get(name) is None for row in rows for name in COLUMNS):
        narrator.warn(
            f"{shown_path(kept)} is left out: expected the columns {', '.join(COLUMNS)}, as "
            "fastcnn doctor --csv writes them"
        )
        return None
    return rows


def _examined(subject: Subject, kept: Path, narrator: Narrator) -> Findings | None:
    """Let the doctor look at the images, and keep what it says where nothing is kept."""
    data = (subject.record or {}).get("data") or {}
    folder = subject.best.folder
    if not data.get("path") or not _is_worth_a_look(folder, data.get("n_images", 0)):
        return None
    try:
        found = examine(folder, HushedNarrator.within(narrator))
    except FastcnnError as error:
        narrator.warn(f"the doctor could not look at the images: {error}")
        return None
    try:
        if not kept.exists():
            write_findings(found, kept)
    except TrainingError:  # a run that may not be written to: the next report looks again
        pass
    return [finding.to_json() for finding in found.findings]


def _is_worth_a_look(folder: Path, n_images: int) -> bool:
    """Return whether a folder is there, and holds few files that are none of the run's images."""
    if not folder.is_dir():
        return False
    most = min(MOST_EXAMINED, 2 * n_images + 100)
    files = (name for _, _, names in os.walk(folder) for name in names)
    return sum(1 for _ in islice(files, most + 1)) <= most
