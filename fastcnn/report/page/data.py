"""The images of a run: how many of what, what they look like, what is the matter with them."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

from markupsafe import Markup

from fastcnn.data.doctor.findings import NOTE, SEVERITIES, UNUSABLE
from fastcnn.data.looks import look_at
from fastcnn.report.doctor_table import MEANINGS
from fastcnn.report.figures.classes import class_counts_figure
from fastcnn.report.page.cells import Shown
from fastcnn.report.page.copies import copies_across, copy_of
from fastcnn.report.page.subject import Subject
from fastcnn.report.page.svg import inline_svg
from fastcnn.run_folder import CONTACT_SHEET_FILE, DOCTOR_FILE

MOST_SIZED = 300
"""Images whose size is read, spread over all of them."""
OF_FOLDERS = ("no-classes",)
"""Findings about folders that make no classes: the run found classes all the same."""
SHOWN, NAMED = 6, 10
"""Pictures, and names, of each kind of finding."""


@dataclass(frozen=True)
class Kind:
    """All findings of one kind."""

    name: str
    """As the doctor calls it."""
    severity: str
    """error, warning or note."""
    meaning: str
    """In a few words."""
    findings: Sequence[Mapping[str, str]]
    """Path and detail of each."""
    files: Sequence[Path]
    """Some of the pictures, where they can be shown."""

    @property
    def named(self) -> Sequence[Mapping[str, str]]:
        """Those that are named."""
        return self.findings[:NAMED]


@dataclass(frozen=True)
class Sizes:
    """The pictures' sizes, in pixels."""

    n: int
    """Pictures that were looked at."""
    smallest: tuple[int, int]
    """Width and height of the one with the fewest pixels."""
    largest: tuple[int, int]
    """And with the most."""
    median_side: int
    """Median of the shorter side."""


@dataclass(frozen=True)
class DataSummary:
    """What there is to say of the images."""

    facts: Mapping[str, Any]
    """`data` of the record; empty where there is none."""
    sizes: Sizes | None
    """None where the images are gone."""
    counts: Markup | None
    """The images of each class that are learned from, as a figure; of folds, all of them."""
    samples: Sequence[Shown]
    """An image of each class."""
    kinds: Sequence[Kind] | None
    """What the doctor found, the gravest first; None where it did not look."""
    across: Sequence[tuple[str, str]]
    """Held-out images, each with its copy on the other side of the split."""
    doctor_command: str
    """What to ask the doctor, so that a page made again shows what it found."""
    sheet: Path | None
    """The sheet of what training makes of the pictures."""

    def files(self) -> list[Path]:
        """Return the images to show."""
        of_kinds = (file for kind in self.kinds or () for file in kind.files)
        return [*(shown.file for shown in self.samples), *of_kinds]


def data_summary(subject: Subject, samples: Sequence[Shown]) -> DataSummary:
    """Sum up the images of a page; `samples` has one of each class."""
    facts = (subject.record or {}).get("data") or {}
    counts = subject.learned
    sheet = subject.run_path and subject.run_path / CONTACT_SHEET_FILE
    figure = None
    if counts:
        kind = "Images" if subject.folds else "Training images"
        text = f"{kind} of each class: {min(counts.values())} to {max(counts.values())}"
        figure = inline_svg(class_counts_figure(counts, kind.lower()), "counts", text)
    return DataSummary(
        facts=facts,
        sizes=_sizes(subject),
        counts=figure,
        samples=samples,
        kinds=None if subject.findings is None else list(_kinds(subject)),
        across=copies_across(subject),
        doctor_command=_doctor_command(subject),
        sheet=sheet if sheet and sheet.is_file() else None,
    )


def _doctor_command(subject: Subject) -> str:
    command = ["fastcnn", "doctor", str(subject.best.folder)]
    if subject.run_path is None:
        return shlex.join(command)
    kept = str(subject.run_path / DOCTOR_FILE)
    report = ["fastcnn", "report", str(subject.run_path)]
    return f"{shlex.join([*command, '--csv', kept])} ; {shlex.join(report)}"


def _paths(finding: Mapping[str, str]) -> tuple[str, ...]:
    """Return the file of a finding; of copies both."""
    return copy_of(finding) or (finding["path"],)


def _kinds(subject: Subject) -> Iterator[Kind]:
    findings = list(subject.findings or ())
    for name, severity in SEVERITIES.items():
        of_kind = [finding for finding in findings if finding["finding"] == name]
        if not of_kind or name in OF_FOLDERS:
            continue
        is_shown = name not in UNUSABLE and (severity != NOTE or name in ("dark", "blurred"))
        paths = (path for finding in of_kind if is_shown for path in _paths(finding))
        files = map(subject.best.picture, dict.fromkeys(paths))
        shown = list(islice((file for file in files if file.is_file()), SHOWN))
        yield Kind(name, severity, MEANINGS[name], of_kind, shown)


def _sizes(subject: Subject) -> Sizes | None:
    """Read the headers of some held-out images, spread over all of them."""
    paths = sorted(subject.best.table["path"])
    files = map(subject.best.picture, paths[:: len(paths) // MOST_SIZED + 1])
    sides = [(look.width, look.height) for look in map(look_at, files) if not look.problem]
    if not sides:
        return None
    ordered = sorted(sides, key=lambda side: side[0] * side[1])
    return Sizes(len(sides), ordered[0], ordered[-1], round(median(map(min, sides))))
