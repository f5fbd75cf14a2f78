"""The whole examination: walk, decode every file in all processes, compare, list the findings."""

import os
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from fastcnn.data.doctor.classes import class_counts, class_findings
from fastcnn.data.doctor.copies import same_bytes, same_look
from fastcnn.data.doctor.facts import facts_of
from fastcnn.data.doctor.findings import Examination, Finding, in_order
from fastcnn.data.doctor.ledger import Ledger
from fastcnn.data.processes import map_in_processes
from fastcnn.data.walk import Seen, walk
from fastcnn.errors import DataError
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path

TOGETHER = 4_096
"""Files that are handed to the processes in one go; an interrupt waits for none of them."""
BLANK, DARK, BLURRED = 4.0, 20.0, 15.0
"""Contrast, brightness and sharpness below which a picture is called so; see `Facts`."""
USABLE = "SELECT {} FROM images WHERE problem IS NULL"
QUALITIES = USABLE.format("path, contrast, brightness, sharpness") + (
    f" AND (contrast < {BLANK} OR brightness < {DARK} OR sharpness < {BLURRED})"
)
STRAYS = USABLE.format("path") + (
    " AND label IS NULL AND EXISTS (SELECT 1 FROM images WHERE label IS NOT NULL)"
)
NO_LOOKS = "near duplicates: pip install imagehash looks for them"


def examine(folder: Path, narrator: Narrator) -> Examination:
    """Look at everything below `folder`. It may be larger than memory: nothing of it is kept.

    Raises:
        DataError: there is no image below it.
    """
    started = time.perf_counter()
    with Ledger() as ledger:
        findings = list(_write_down(folder, ledger, narrator))
        seconds = time.perf_counter() - started
        n_files = ledger.one("SELECT count(*) FROM images")
        if not n_files:
            raise DataError(
                f"{shown_path(folder)} holds no images, expected a folder of images",
                hint="look at the path with ls",
            )
        counts = class_counts(ledger)
        findings += [*_of_files(ledger), *same_bytes(ledger), *class_findings(ledger, counts)]
        with narrator.bar("near duplicates"):
            findings += same_look(ledger)
        return Examination(
            folder=shown_path(folder),
            n_files=n_files,
            n_usable=ledger.one(USABLE.format("count(*)")),
            classes={label: sum(of_class.values()) for label, of_class in counts.items()},
            findings=in_order(findings),
            sizes=_sizes(ledger),
            images_per_second=n_files / seconds,
            left_out=[] if ledger.one("SELECT count(look) FROM images") else [NO_LOOKS],
        )


def _write_down(folder: Path, ledger: Ledger, narrator: Narrator) -> Iterator[Finding]:
    """Fill the ledger with all images; yield what is no image."""
    files, done = walk(folder), 0
    with narrator.bar("examining") as advance:
        while batch := list(islice(files, TOGETHER)):
            images = [seen for seen in batch if seen.is_image]
            yield from (_aside(seen) for seen in batch if not seen.is_image)
            paths = [folder / seen.path for seen in images]
            for pair in zip(images, map_in_processes(facts_of, paths, os.cpu_count()), strict=True):
                ledger.add([pair])
                done += 1
                advance(done)
    ledger.index()


def _aside(seen: Seen) -> Finding:
    if seen.is_empty_class:
        return Finding(seen.path, "empty-class", f"class {seen.label} has no images")
    return Finding(seen.path, "ignored", seen.ignored or "")


def _of_files(ledger: Ledger) -> Iterator[Finding]:
    """Yield what is the matter with single files."""
    damaged = "SELECT path, problem, detail FROM images WHERE problem IS NOT NULL"
    for path, problem, detail in ledger.ask(damaged):
        yield Finding(path, problem, detail)
    for path, name in ledger.ask(USABLE.format("path, format") + " AND misnamed"):
        yield Finding(path, "wrong-extension", f"the file is a {name}; it is used all the same")
    for (path,) in ledger.ask(STRAYS):
        yield Finding(path, "stray", "no folder says what it shows")
    for path, contrast, brightness, sharpness in ledger.ask(QUALITIES):
        if contrast < BLANK:
            yield Finding(path, "blank", "one colour all over")
        elif brightness < DARK:
            yield Finding(path, "dark", f"mean brightness {brightness:.0f} of 255")
        elif sharpness < BLURRED:
            yield Finding(path, "blurred", "no sharp edge in it")


def _sizes(ledger: Ledger) -> dict[str, float]:
    """Return smallest, median and largest of width, height and aspect ratio."""
    n_images = ledger.one(USABLE.format("count(*)"))
    found = {}
    for name, column in {
        "width": "width",
        "height": "height",
        "aspect": "1.0*width/height",
    }.items():
        ordered = USABLE.format(f"{column} AS it") + " ORDER BY it LIMIT 1 OFFSET ?"
        for which, place in {
            "smallest": 0,
            "median": n_images // 2,
            "largest": n_images - 1,
        }.items():
            if n_images:
                found[f"{which} {name}"] = round(float(ledger.one(ordered, [place])), 3)
    return found
