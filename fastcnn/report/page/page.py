"""The page itself: everything is gathered, the pictures are made, the templates are filled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastcnn.narrator import HushedNarrator, Narrator
from fastcnn.report.page.album import BUDGET, LARGE, SMALL, WHOLE, Album
from fastcnn.report.page.closer import Closer, closer_look
from fastcnn.report.page.data import DataSummary, data_summary
from fastcnn.report.page.gaze import add_gazes, gaze_key
from fastcnn.report.page.labels import (
    Disagreement,
    Suspects,
    disagreements_of,
    suspects_of,
)
from fastcnn.report.page.next_steps import Step, next_steps
from fastcnn.report.page.provenance import Provenance, provenance_of
from fastcnn.report.page.subject import Subject
from fastcnn.report.page.templating import template
from fastcnn.report.page.training import Panel, repeat_panels, training_panels
from fastcnn.report.page.verdict import Verdict, verdict_of

LARGEST = 4_900_000
"""Bytes of a page."""


@dataclass(frozen=True)
class Contents:
    """What the templates tell, from top to bottom."""

    subject: Subject
    verdict: Verdict
    steps: list[Step]
    training: list[Panel]
    repeats: list[Panel]
    data: DataSummary
    closer: Closer
    suspects: Suspects | None
    disagreements: list[Disagreement]
    others: list[Closer]
    provenance: Provenance


def render_page(
    subject: Subject,
    *,
    saliency: bool = True,
    narrator: Narrator | None = None,
    largest: int = LARGEST,
) -> str:
    """Return a page about models that were scored: one HTML file that needs no other.

    Args:
        subject: what it is about.
        saliency: whether the best model is asked where it looked.
        narrator: where warnings go.
        largest: bytes that the page may have; pictures are left out until it has no more.
    """
    narrator = narrator or HushedNarrator(quiet=True)
    contents = gather(subject)
    album = Album(min(BUDGET, largest))
    fill(album, contents, narrator if saliency else None)
    page = _render(contents, album)
    excess = len(page.encode()) - largest
    if excess > 0:
        album.shrink(excess)
        page = _render(contents, album)
    return page


def gather(subject: Subject) -> Contents:
    """Compute all that a page tells from the tables: no model is asked anything."""
    closer = closer_look(subject, subject.best, "m0")
    data = data_summary(subject, closer.examples)
    suspects = suspects_of(subject)
    return Contents(
        subject=subject,
        verdict=verdict_of(subject),
        steps=next_steps(subject, closer, data, suspects),
        training=training_panels(subject),
        repeats=repeat_panels(subject),
        data=data,
        closer=closer,
        suspects=suspects,
        disagreements=disagreements_of(subject),
        others=[
            closer_look(subject, model, f"m{number}")
            for number, model in enumerate(subject.others, 1)
        ],
        provenance=provenance_of(subject),
    )


def fill(album: Album, contents: Contents, narrator: Narrator | None) -> None:
    """Make the pictures, the most telling first: the room is for them.

    Args:
        album: to be filled.
        contents: of the page.
        narrator: hears why it cannot be drawn where the model looked; None draws nothing of that.
    """
    album.add_files(contents.closer.files(), LARGE)
    if narrator is not None:
        images = [*contents.closer.losses, *contents.closer.examples]
        add_gazes(album, contents.subject.best, images, narrator)
    if contents.suspects:
        album.add_files(contents.suspects.files(), LARGE)
    album.add_files(contents.data.files(), LARGE)
    if contents.data.sheet:
        album.add_files([contents.data.sheet], WHOLE)
    for disagreement in contents.disagreements:
        album.add_files(disagreement.files(), LARGE)
    album.add_files(contents.closer.matrix.files(), SMALL)
    for other in contents.others:
        album.add_files(other.files(), LARGE)
    for other in contents.others:
        album.add_files(other.matrix.files(), SMALL)


def _render(contents: Contents, album: Album) -> str:
    told: Mapping[str, Any] = vars(contents)
    return template().render(
        album=album, gaze_key=gaze_key, is_scored=True, heading=heading(contents.subject), **told
    )


def heading(subject: Subject) -> str:
    """Return the title of a page: which images, which strategies."""
    asked = str(((subject.record or {}).get("settings") or {}).get("strategy", ""))
    names = asked.split("-vs-") if asked else [model.name for model in subject.models]
    if len(names) > 2:
        return f"{subject.title}: {', '.join(names[:-1])} and {names[-1]} compared"
    return f"{subject.title}: {' against '.join(names)}"
