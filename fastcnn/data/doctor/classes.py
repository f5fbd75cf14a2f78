"""Findings about classes: without images, in one part only, or far from as large as the others."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from fastcnn.data.doctor.findings import Finding
from fastcnn.data.doctor.ledger import Ledger

UNEVEN = 3.0
"""How many times as many images as the smallest the largest class may have without a note."""
COUNTS = """SELECT label, part, count(*) FROM images
    WHERE problem IS NULL AND label IS NOT NULL GROUP BY label, part"""
OF_CLASS = "SELECT path FROM images WHERE label = ? AND problem IS NULL ORDER BY path"

Counts = Mapping[str, Mapping[str | None, int]]


def class_counts(ledger: Ledger) -> Counts:
    """Return the usable images of each class and part."""
    counts: dict[str, dict[str | None, int]] = defaultdict(dict)
    for label, part, count in ledger.ask(COUNTS):
        counts[label][part] = count
    return dict(sorted(counts.items()))


def class_findings(ledger: Ledger, counts: Counts) -> Iterator[Finding]:
    """Yield what is the matter with the classes."""
    parts = {part for of_class in counts.values() for part in of_class}
    for label, of_class in counts.items():
        learned = "train" if "train" in parts else None
        if learned not in of_class:
            where = " and ".join(sorted(f"{part}/" for part in of_class))
            for (path,) in ledger.ask(OF_CLASS, [label]):
                yield Finding(path, "unseen-class", f"class {label} only in {where}")
        elif parts - {None, *of_class}:
            lacking = " and ".join(sorted(f"{part}/" for part in parts - {None, *of_class}))
            yield Finding(
                _folder_of(ledger, label), "unscored-class", f"class {label} not in {lacking}"
            )
        elif sum(of_class.values()) == 1:
            path = next(ledger.ask(OF_CLASS, [label]))[0]
            yield Finding(path, "single-image", f"the only image of class {label}")
    if len(counts) < 2:
        known = f"one class, {next(iter(counts))}" if counts else "no folder for each class"
        said = "; names that say the class are read by fastcnn train --label-regex"
        yield Finding(".", "no-classes", known + ("" if counts else said))
    yield from _imbalance(counts)


def _imbalance(counts: Counts) -> Iterator[Finding]:
    sizes = {label: sum(of_class.values()) for label, of_class in counts.items()}
    if not sizes:
        return
    largest, smallest = max(sizes, key=sizes.__getitem__), min(sizes, key=sizes.__getitem__)
    if sizes[largest] > UNEVEN * sizes[smallest]:
        yield Finding(
            ".",
            "imbalance",
            f"{sizes[largest]:,} images of {largest}, {sizes[smallest]:,} of {smallest}; "
            "--balance weights or sampling makes up for it",
        )


def _folder_of(ledger: Ledger, label: str) -> str:
    path: str = next(ledger.ask(OF_CLASS, [label]))[0]
    return path.rpartition("/")[0]
