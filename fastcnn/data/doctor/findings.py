"""What a look at a data set can find, and how grave each finding is."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

ERROR, WARNING, NOTE = "error", "warning", "note"
SEVERITIES: Mapping[str, str] = {
    "corrupt": ERROR,
    "too-large": ERROR,
    "leak": ERROR,
    "conflicting-label": ERROR,
    "too-small": WARNING,
    "wrong-extension": WARNING,
    "duplicate": WARNING,
    "near-leak": WARNING,
    "near-duplicate": WARNING,
    "no-classes": WARNING,
    "empty-class": WARNING,
    "single-image": WARNING,
    "stray": WARNING,
    "unseen-class": WARNING,
    "unscored-class": WARNING,
    "blank": WARNING,
    "dark": NOTE,
    "blurred": NOTE,
    "ignored": NOTE,
    "imbalance": NOTE,
}
"""Every finding, the gravest first. Notes alone leave the exit code 0."""
UNUSABLE = frozenset({"corrupt", "too-large", "too-small"})
"""Findings of files that training leaves out."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is the matter with a file, a folder or the whole set."""

    path: str
    """Relative to the folder that was looked at, with forward slashes; `.` is the whole of it."""
    finding: str
    """A key of `SEVERITIES`."""
    detail: str
    """In words: what it is like, or what it is the same as."""

    @property
    def severity(self) -> str:
        """error, warning or note."""
        return SEVERITIES[self.finding]

    def to_json(self) -> dict[str, str]:
        """Return it as `fastcnn doctor --json` has it."""
        return {**asdict(self), "severity": self.severity}


@dataclass(frozen=True)
class Examination:
    """All that was found."""

    folder: str
    """What was looked at, as the user gave it."""
    n_files: int
    """Image files, by their names or their content."""
    n_usable: int
    """Those that training can use."""
    classes: Mapping[str, int]
    """Usable images of each class, in all parts together."""
    findings: Sequence[Finding]
    """The gravest kind first, then by path."""
    sizes: Mapping[str, float]
    """Of the usable images: smallest, median and largest width, height and aspect ratio."""
    images_per_second: float
    """Files that were read and decoded."""
    left_out: Sequence[str] = ()
    """Checks that could not be made here, and what would make them possible."""

    @property
    def is_clean(self) -> bool:
        """Whether nothing but notes was found."""
        return all(finding.severity == NOTE for finding in self.findings)

    def counts(self) -> dict[str, int]:
        """Return how often each finding was made, the gravest first."""
        found = Counter(finding.finding for finding in self.findings)
        return {name: found[name] for name in SEVERITIES if found[name]}

    def to_json(self) -> dict[str, Any]:
        """Return the document of `fastcnn doctor --json`."""
        return {
            "n_files": self.n_files,
            "n_usable": self.n_usable,
            "classes": dict(self.classes),
            "findings": [finding.to_json() for finding in self.findings],
            "sizes": dict(self.sizes),
            "images_per_second": round(self.images_per_second, 1),
            "left_out": list(self.left_out),
        }


def in_order(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings the gravest kind first, then by path."""
    rank = {name: place for place, name in enumerate(SEVERITIES)}
    return sorted(findings, key=lambda finding: (rank[finding.finding], finding.path))
