"""A lesson on the terminal."""

from collections.abc import Mapping

from rich.console import RenderableType
from rich.constrain import Constrain
from rich.table import Table
from rich.text import Text

from fastcnn.learn.lesson import Lesson
from fastcnn.narrator import Narrator

WIDTH = 80
"""Columns: longer lines are hard to read."""


def show_lesson(lesson: Lesson, narrator: Narrator) -> None:
    """Print the steps of a lesson, unless the narrator is quiet."""
    if narrator.quiet:
        return
    files = iter(lesson.figures)
    _show(Text(f"\n{lesson.title}", "bold underline"), narrator)
    for position, step in enumerate(lesson.steps, 1):
        _show(Text(f"\n{position}. {step.title}", "bold"), narrator)
        for part in step.body:
            if not isinstance(part, Table):  # which begins with an empty line of its own
                _show(Text(""), narrator)
            _show(Text(part) if isinstance(part, str) else part, narrator)
        if step.figure is not None:
            _show(Text(f"\nfigure: {next(files)}", "dim"), narrator)
    _show(Text(""), narrator)


def show_topics(topics: Mapping[str, str], narrator: Narrator) -> None:
    """Print what can be learned."""
    for name, meaning in topics.items():
        narrator.always_say(f"fastcnn learn {name:<12} {meaning}")


def _show(part: RenderableType, narrator: Narrator) -> None:
    narrator.show(Constrain(part, WIDTH))
