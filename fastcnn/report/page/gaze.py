"""Where the model looked, for the pictures of a page that ask for it."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Protocol

from fastcnn.narrator import Narrator
from fastcnn.report.page.album import LARGE, Album
from fastcnn.report.page.subject import ScoredModel


class Answered(Protocol):
    """An image with what the model said of it."""

    @property
    def file(self) -> Path:
        """Where it lies."""

    @property
    def predicted(self) -> str:
        """What the model said."""


def gaze_key(file: Path) -> Hashable:
    """Return what the album calls the picture of where the model looked in an image."""
    return "gaze", file


def add_gazes(
    album: Album, model: ScoredModel, images: Sequence[Answered], narrator: Narrator
) -> None:
    """Add where the model saw what it predicted, in each image that is still there.

    Of folds, only in those that its own fold held out: another model has answered the others.
    What cannot be drawn is warned of and left out: it is no reason to have no page.
    """
    own = model.held_out_paths
    answered = None if own is None else {model.folder / path for path in own}
    there = [
        shown
        for shown in images
        if shown.file.is_file() and (answered is None or shown.file in answered)
    ]
    if model.model_file is None or not there:
        return
    from fastcnn.analysis.saliency import saliency_of
    from fastcnn.report.saliency_pictures import overlaid

    try:
        with narrator.bar("where it looked"):
            found = saliency_of(
                model.model_file,
                [shown.file for shown in there],
                [shown.predicted for shown in there],
            )
    except Exception as error:
        narrator.warn(f"where {model.name} looked cannot be drawn: {type(error).__name__}: {error}")
        return
    for shown, (picture, heat) in zip(there, found, strict=True):
        album.add_pixels(gaze_key(shown.file), overlaid(picture, heat), LARGE)
