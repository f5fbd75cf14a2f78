"""All trials at a glance: an axis a setting, a line a trial, coloured by its accuracy."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optuna.trial import FrozenTrial, TrialState

from fastcnn.report.sweep_progress import shown_range, title_of
from fastcnn.sweep.result import Result
from fastcnn.sweep.space import Choices, Range, Values

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOT_DRAWN = -0.12
"""Height of what a trial had no use for, below the axes' foot."""
INCHES_AN_AXIS = 1.25
LONGEST_WORD = 16
STEPS = 24
"""Points of a line between two axes."""
BEST = "#d55e00"


@dataclass(frozen=True)
class Scale:
    """Where the values of one setting stand on its axis, from 0 to 1."""

    values: Values
    """All that are searched."""

    def height(self, value: Any) -> float:
        """Return the height of a drawn value."""
        if isinstance(self.values, Choices):
            return self.values.values.index(value) / (len(self.values.values) - 1)
        low, high = self.values.low, self.values.high
        if self.values.is_log:
            return math.log(value / low) / math.log(high / low)
        return float((value - low) / (high - low))

    def ticks(self) -> list[tuple[float, str]]:
        """Return heights and words of what is written beside the axis."""
        if isinstance(self.values, Choices):
            return [(self.height(value), _short(value)) for value in self.values.values]
        return [(self.height(value), f"{value:.3g}") for value in _round_numbers(self.values)]


def parallel_figure(result: Result) -> "Figure":
    """Draw the complete trials, the better ones darker and above the others, the best in orange."""
    from matplotlib import colormaps
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    space = result.order.parsed_space()
    complete = [trial for trial in result.trials if trial.state == TrialState.COMPLETE]
    scales = {name: Scale(values) for name, values in space.items() if _varies(name, complete)}
    percents = [100 * (trial.value or 0.0) for trial in complete]
    colours = Normalize(*shown_range(percents), clip=True)
    figure = Figure(figsize=(max(7.5, INCHES_AN_AXIS * (len(scales) + 1)), 4.2))
    figure.subplots_adjust(left=0.06, right=0.93, top=0.80, bottom=0.08)
    axes: Any = figure.subplots()
    best = result.best
    for trial in sorted(complete, key=lambda one: one.value or 0.0):
        height = colours(100 * (trial.value or 0.0))
        is_best = best is not None and trial.number == best.number
        look = (
            {"color": BEST, "linewidth": 2.4, "zorder": 5}
            if is_best
            else {"color": colormaps["Blues"](0.15 + 0.75 * height), "linewidth": 1.1}
        )
        axes.plot(*_curve([*_heights(trial, scales), height]), alpha=1 if is_best else 0.8, **look)
    accuracy = Scale(Range(float(colours.vmin or 0), float(colours.vmax or 100)))
    _draw_axes(axes, {**scales, "accuracy (%)": accuracy})
    if any(NOT_DRAWN in _heights(trial, scales) for trial in complete):
        axes.text(-0.12, NOT_DRAWN, "no use", fontsize=7, ha="right", va="center", color="#555555")
    title = f"{title_of(result)}; complete ones drawn, the best in orange"
    figure.suptitle(title, fontsize=10, x=0.02, y=0.97, ha="left")
    return figure


def _draw_axes(axes: Any, scales: dict[str, Scale]) -> None:
    """Draw an upright line a setting, with its name above and its values beside it."""
    for place, (name, scale) in enumerate(scales.items()):
        axes.plot([place, place], [0, 1], color="#333333", linewidth=1, zorder=6)
        axes.text(place, 1.06, name, fontsize=8.5, ha="center", va="bottom", fontweight="bold")
        for height, word in scale.ticks():
            axes.plot([place, place + 0.03], [height, height], color="#333333", lw=1, zorder=6)
            box = {"facecolor": "white", "alpha": 0.92, "edgecolor": "none", "pad": 0.6}
            at = {"fontsize": 7.5, "va": "center", "zorder": 7, "bbox": box}
            axes.text(place + 0.05, height, word, **at)
    axes.set_xlim(-0.1, len(scales) - 0.55)
    axes.set_ylim(NOT_DRAWN - 0.05, 1.05)
    axes.axis("off")


def _heights(trial: FrozenTrial, scales: dict[str, Scale]) -> list[float]:
    return [
        scale.height(trial.params[name]) if name in trial.params else NOT_DRAWN
        for name, scale in scales.items()
    ]


def _curve(heights: list[float]) -> tuple[list[float], list[float]]:
    """Return the points of a line that leaves every axis level, so that crossings can be read."""
    across, up = [0.0], [heights[0]]
    for place, (before, after) in enumerate(zip(heights, heights[1:], strict=False)):
        for step in range(1, STEPS + 1):
            part = step / STEPS
            across.append(place + part)
            up.append(before + (after - before) * part * part * (3 - 2 * part))
    return across, up


def _varies(name: str, trials: list[FrozenTrial]) -> bool:
    return len({trial.params.get(name) for trial in trials}) > 1


def _short(word: str) -> str:
    return word if len(word) <= LONGEST_WORD else f"{word[: LONGEST_WORD - 1]}…"


def _round_numbers(values: Range) -> list[float]:
    """Return both ends, and powers of ten or the middle between them."""
    low, high = values.low, values.high
    if not values.is_log:
        return [low, (low + high) / 2, high]
    powers = range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)
    between = [10.0**power for power in powers]
    apart = 1.6
    return [low, *(one for one in between if low * apart < one < high / apart), high]
