"""Telling the user what happens: notes, warnings and progress bars, all through one object."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text


class Advance(Protocol):
    """Moves a progress bar."""

    def __call__(self, done: int, note: str = "", total: int | None = None) -> None:
        """Set how many steps are done, a short note behind the bar, and a new total if known."""


LOUD = "LEAK"
"""What a warning begins with that nobody shall overlook."""
COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(bar_width=24),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
    TextColumn("[dim]{task.fields[note]}"),
)


@dataclass
class Narrator:
    """Prints to one console; bars appear only in a terminal, so that pipes and logs stay quiet."""

    console: Console = field(default_factory=Console)
    """Where notes and tables go."""
    quiet: bool = False
    """Whether notes are left out; warnings and results stay."""
    events: list[str] = field(default_factory=list)
    """Warnings said so far: they stand in the run's record too."""
    _bars: Progress | None = None

    def say(self, text: str) -> None:
        """Print a note."""
        if not self.quiet:
            self._print(Text(text))

    def say_command(self, what: str, command: str) -> None:
        """Print a command to copy: it is not folded, since a folded one pastes as two."""
        if not self.quiet:
            self.console.print(Text(f"{what}: {command}"), soft_wrap=True)

    def always_say(self, text: str) -> None:
        """Print a line that even `--quiet` shows: which data and which result."""
        self._print(Text(text))

    def warn(self, text: str) -> None:
        """Print a warning and remember it for the record."""
        self.events.append(text)
        loud = text.startswith(LOUD)
        self._print(Text.assemble(("note: ", "yellow"), (text, "bold red" if loud else "")))

    def show(self, renderable: RenderableType) -> None:
        """Print a table or panel."""
        self.console.print(renderable)

    @contextmanager
    def bar(self, title: str, total: int | None = None) -> Iterator[Advance]:
        """Show a progress bar of `total` steps, or as many as will turn out, around the block.

        A bar within the block of another stands below it.
        """
        with self._shown() as progress:
            task = progress.add_task(title, total=total, note="")

            def advance(done: int, note: str = "", total: int | None = None) -> None:
                progress.update(task, completed=done, note=note, total=total)

            try:
                yield advance
            finally:
                progress.remove_task(task)

    @contextmanager
    def _shown(self) -> Iterator[Progress]:
        """Return the bars that are on the screen, or begin with none: there is one set of them."""
        if self._bars is not None:
            yield self._bars
            return
        hidden = self.quiet or not self.console.is_interactive
        with Progress(*COLUMNS, console=self.console, transient=True, disable=hidden) as self._bars:
            try:
                yield self._bars
            finally:
                self._bars = None

    def _print(self, text: Text) -> None:
        # A log is searched and cut by line: only a terminal wants its lines folded.
        self.console.print(text, soft_wrap=not self.console.is_terminal)


class HushedNarrator(Narrator):
    """Shows bars; what it is told is remembered and not printed."""

    @classmethod
    def within(cls, outer: Narrator) -> "HushedNarrator":
        """Return one whose bars stand below those of `outer`."""
        return cls(outer.console, outer.quiet, _bars=outer._bars)

    def say(self, text: str) -> None:
        """Print nothing."""

    def always_say(self, text: str) -> None:
        """Print nothing."""

    def warn(self, text: str) -> None:
        """Remember the warning."""
        self.events.append(text)


def narrator_for(*, json: bool, quiet: bool) -> Narrator:
    """Return the narrator of a command: under `--json` stdout belongs to the document alone."""
    return Narrator(Console(stderr=json, highlight=False), quiet=quiet)


def is_interactive() -> bool:
    """Whether a person is looking at stderr."""
    return sys.stderr.isatty()
