"""`fastcnn learn`: which lessons there are, and giving one."""

import importlib
from collections.abc import Callable
from pathlib import Path

from fastcnn.data.parts import is_hidden
from fastcnn.errors import Problem, UsageError, did_you_mean
from fastcnn.learn.lesson import Lesson
from fastcnn.learn.page import show_lesson
from fastcnn.learn.pictures import Picture, find_picture
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path, user_path
from fastcnn.report.pictures import is_made_by, write_figure

TOPICS = {
    "conv": "convolution: stride, padding, ReLU, the way back",
    "pool": "max pooling: windows, the way back, ties",
    "first-layer": "what a trained network looks for first",
}
"""What can be learned, in a line each."""


def teach(
    topic: str,
    narrator: Narrator,
    *,
    image: str | None = None,
    out: str | None = None,
    force: bool = False,
) -> Path:
    """Give a lesson: print its steps, write its figures, and return their folder.

    Args:
        topic: one of `TOPICS`.
        narrator: where the steps are printed.
        image: the user's own picture; None takes a photograph that is installed.
        out: folder of the figures; None takes `learn-<topic>` here.
        force: write into `out` even if something is in it.

    Raises:
        UsageError: there is no such topic, or something else is in the folder.
        DataError: the picture cannot be read.
        WeightsError: the trained network of `first-layer` is not installed as it should be.
        TrainingError: a figure cannot be written.
    """
    folder = user_path(out or f"learn-{topic}")
    problems = [*_no_topic(topic), *([] if force else _taken(folder, topic, given=out is not None))]
    if problems:
        raise UsageError.of(problems)
    lesson = _lesson_on(topic)(find_picture(image))
    for name, figure in lesson.figures.items():
        write_figure(figure, folder / name, made_by=made_by(topic))
    show_lesson(lesson, narrator)
    narrator.always_say(f"{len(lesson.figures)} figures: {shown_path(folder.absolute())}")
    return folder


def made_by(topic: str) -> str:
    """Return what stands in the figures of a lesson, so that they are known again."""
    return f"fastcnn learn {topic}"


def _lesson_on(topic: str) -> Callable[[Picture], Lesson]:
    """Only the lesson that is given is imported: one of them needs torch."""
    name = topic.replace("-", "_")
    lesson: Callable[[Picture], Lesson] = getattr(
        importlib.import_module(f"fastcnn.learn.{name}"), f"{name}_lesson"
    )
    return lesson


def _no_topic(topic: str) -> list[Problem]:
    if topic in TOPICS:
        return []
    near = did_you_mean(topic, list(TOPICS))
    message = f"there is no lesson {topic!r}{near}, expected {', '.join(TOPICS)}"
    return [Problem(message, "fastcnn learn lists the lessons")]


def _taken(folder: Path, topic: str, *, given: bool) -> list[Problem]:
    """Say why the figures cannot go there; an earlier lesson's in the usual folder are replaced."""
    another = f"{folder}-2" if folder.name else f"learn-{topic}"
    if folder.exists() and not folder.is_dir():
        message = f"{shown_path(folder.absolute())} is a file, expected a folder for the figures"
        return [Problem(message, f"give another: --out {another}")]
    inside = [path for path in folder.glob("*") if not is_hidden(path.name)]
    if not inside or (not given and all(is_made_by(path, made_by(topic)) for path in inside)):
        return []
    message = f"the folder {shown_path(folder.absolute())} is not empty, expected a new one"
    return [Problem(message, f"add --force to write into it, or give another: --out {another}")]
