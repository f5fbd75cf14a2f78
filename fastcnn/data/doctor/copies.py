"""Findings about images that occur more than once: in a part, in two parts, under two labels."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fastcnn.data.doctor.findings import Finding
from fastcnn.data.doctor.ledger import Ledger
from fastcnn.data.doctor.near import near_pairs
from fastcnn.data.parts import PARTS

MOST_DIFFERENT = 12.0
"""Mean difference of two copies' thumbnails, whose levels have a standard deviation of 32."""
ORDER = (None, *PARTS)
"""The held-out parts come last: it is their copy that is named."""
SAME = "SELECT digest FROM images WHERE problem IS NULL GROUP BY digest HAVING count(*) > 1"
MEMBERS = "SELECT path, label, part FROM images WHERE digest = ? AND problem IS NULL"
SAME_BYTES, SAME_LOOK = "same bytes as ", "looks the same as "
"""What the detail of a finding begins with; the path of the other copy follows."""
LOOK = "SELECT path, label, part, digest, thumb FROM images WHERE rowid = ?"


@dataclass(frozen=True)
class Copy:
    """One of several images with the same content."""

    path: str
    label: str | None
    part: str | None

    @property
    def rank(self) -> tuple[int, str]:
        """What orders copies: the one to keep comes first."""
        return ORDER.index(self.part), self.path


def same_bytes(ledger: Ledger) -> Iterator[Finding]:
    """Yield a finding for each file that has the same bytes as another."""
    for (digest,) in ledger.ask(SAME):
        copies = sorted((Copy(*row) for row in ledger.ask(MEMBERS, [digest])), key=_rank)
        if len({copy.label for copy in copies} - {None}) > 1:
            yield from _conflicts(copies)
            yield from (found for found in _repeats(copies) if found.finding == "leak")
        else:
            yield from _repeats(copies)


def same_look(ledger: Ledger) -> Iterator[Finding]:
    """Yield a finding for each image that looks like an earlier one, but has other bytes.

    Of several that it looks like, one across the parts counts more.
    """
    rows, looks = ledger.looks()
    named: dict[str, Finding] = {}
    for one, other in near_pairs(looks):
        (*first, digest, thumb), (*second, other_digest, other_thumb) = (
            next(ledger.ask(LOOK, [int(rows[place])])) for place in (one, other)
        )
        if digest == other_digest or _apart(thumb, other_thumb) > MOST_DIFFERENT:
            continue
        kept, copy = sorted((Copy(*first), Copy(*second)), key=_rank)
        if copy.path not in named or kept.part != copy.part:
            named[copy.path] = _near(kept, copy)
    yield from named.values()


def _rank(copy: Copy) -> tuple[int, str]:
    return copy.rank


def _conflicts(copies: list[Copy]) -> Iterator[Finding]:
    for copy in copies:
        other = next(one for one in copies if one.label != copy.label)
        yield Finding(
            copy.path, "conflicting-label", f"{SAME_BYTES}{other.path}, which is {other.label}"
        )


def _repeats(copies: list[Copy]) -> Iterator[Finding]:
    """The first of a part is no duplicate; the first that is held out is a leak."""
    first = copies[0]
    for copy in copies[1:]:
        finding = "duplicate" if copy.part == first.part else "leak"
        yield Finding(copy.path, finding, f"{SAME_BYTES}{first.path}")


def _near(kept: Copy, copy: Copy) -> Finding:
    label = f", which is {kept.label}" if kept.label != copy.label else ""
    finding = "near-duplicate" if copy.part == kept.part else "near-leak"
    return Finding(copy.path, finding, f"{SAME_LOOK}{kept.path}{label}")


def _apart(thumb: bytes, other: bytes) -> float:
    one, two = (np.frombuffer(each, np.int8).astype(np.float32) for each in (thumb, other))
    return float(np.abs(one - two).mean())
