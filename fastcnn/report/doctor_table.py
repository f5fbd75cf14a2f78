"""What an examination found: a summary on the terminal, and all of it as a CSV."""

from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from fastcnn.data.doctor.findings import ERROR, SEVERITIES, WARNING, Examination
from fastcnn.data.doctor.quarantine import HARMFUL
from fastcnn.files import write_csv
from fastcnn.narrator import Narrator

MEANINGS = {
    "corrupt": "cannot be decoded",
    "too-large": "a decompression bomb",
    "leak": "copy of one learned from",
    "conflicting-label": "same image, two labels",
    "too-small": "shows nothing",
    "wrong-extension": "another format in truth",
    "duplicate": "same bytes as another",
    "near-leak": "like one learned from",
    "near-duplicate": "looks like another",
    "no-classes": "less than two classes",
    "empty-class": "class without images",
    "single-image": "only image of its class",
    "stray": "in no folder of a class",
    "unseen-class": "nothing learned of it",
    "unscored-class": "nothing held out of it",
    "blank": "one colour all over",
    "dark": "hardly anything to see",
    "blurred": "no sharp edge",
    "ignored": "no image of the set",
    "imbalance": "classes of unequal size",
}
"""Every finding in a few words."""
STYLES = {ERROR: "bold red", WARNING: "yellow"}
COLUMNS = ("path", "finding", "severity", "detail")
"""Of the CSV."""
SHOWN = 3
"""Paths of each finding on the terminal; `--json` and `--csv` have all."""
LONGEST = 20
"""Characters of a path on the terminal; the middle of a longer one is left out."""


def show_examination(found: Examination, narrator: Narrator) -> None:
    """Print what was looked at, the findings and the verdict, in 80 columns."""
    narrator.always_say(
        f"{found.folder}: {found.n_files:,} images, {found.n_usable:,} usable, "
        f"{len(found.classes)} classes, looked at {found.images_per_second:,.0f} a second"
    )
    if found.sizes:
        narrator.say(_sizes(found))
    if found.findings:
        narrator.show(findings_table(found))
    for check in found.left_out:
        narrator.say(f"not looked for: {check}")
    narrator.always_say(verdict(found))


def findings_table(found: Examination) -> Table:
    """Return a row a kind of finding, with the first paths."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("finding", no_wrap=True)
    table.add_column("files", justify="right", no_wrap=True, min_width=5)
    table.add_column("what it is", no_wrap=True)
    table.add_column("where", no_wrap=True)
    for name, count in found.counts().items():
        paths = [finding.path for finding in found.findings if finding.finding == name]
        shown = [_short(path) for path in paths[:SHOWN]] + (["…"] if count > SHOWN else [])
        style = STYLES.get(SEVERITIES[name], "")
        table.add_row(Text(name, style), f"{count:,}", MEANINGS[name], Text("\n".join(shown)))
    return table


def verdict(found: Examination) -> str:
    """Return one line: how much of what was found, and what can be done."""
    counts = {
        severity: sum(finding.severity == severity for finding in found.findings)
        for severity in (ERROR, WARNING)
    }
    if not any(counts.values()):
        return "nothing is wrong with it"
    named = [f"{n:,} {name}{'s' if n > 1 else ''}" for name, n in counts.items() if n]
    movable = len({one.path for one in found.findings if one.finding in HARMFUL})
    moves = f"; --quarantine DIR moves {movable:,} files aside" if movable else ""
    return f"{' and '.join(named)}{moves}"


def write_findings(found: Examination, path: Path) -> None:
    """Write all findings as a CSV of path, finding, severity and detail."""
    write_csv(path, COLUMNS, (finding.to_json() for finding in found.findings))


def _sizes(found: Examination) -> str:
    sizes = found.sizes
    sides = " x ".join(
        f"{sizes[f'smallest {side}']:.0f}-{sizes[f'largest {side}']:.0f}"
        for side in ("width", "height")
    )
    return (
        f"{sides} pixels; width / height {sizes['smallest aspect']:.2f} to "
        f"{sizes['largest aspect']:.2f}, median {sizes['median aspect']:.2f}"
    )


def _short(path: str) -> str:
    if len(path) <= LONGEST:
        return path
    half = LONGEST // 2
    return f"{path[: half - 1]}…{path[-half:]}"
