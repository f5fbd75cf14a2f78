"""What a lesson is: steps with words and figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import RenderableType

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Step:
    """One thing to understand."""

    title: str
    body: Sequence[RenderableType]
    """Paragraphs, which are folded; blocks (`words.block`), which are not; tables."""
    figure: "Figure | None" = None
    figure_name: str = ""
    """Its file name without number and suffix."""


@dataclass(frozen=True)
class Lesson:
    """A walk through a layer."""

    title: str
    steps: Sequence[Step]

    @property
    def figures(self) -> dict[str, "Figure"]:
        """The figures by file name, numbered in the order of the steps."""
        drawn = [step for step in self.steps if step.figure is not None]
        return {
            f"{number:02d}-{step.figure_name}.png": step.figure
            for number, step in enumerate(drawn, 1)
            if step.figure is not None
        }
