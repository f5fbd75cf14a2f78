"""The curve of a range test in characters, for a terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

import numpy as np
from rich.text import Text

Curve = Sequence[tuple[float, float]]
"""Rates, rising, and the loss at each."""

ROWS = 10
WIDEST = 72
"""Columns of the plot itself; eight more name the losses."""
LABEL_WIDTH = 7
HEADROOM = 0.15
"""What is shown above the highest loss before the lowest one, as a part of the fall."""
BRAILLE = 0x2800
BRAILLE_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""Bit of each dot of a braille cell: left and right, from top to bottom (Unicode, chapter 21)."""


@dataclass(frozen=True)
class Mark:
    """How one reading shows."""

    symbol: str
    """In a terminal that knows Unicode."""
    plain: str
    """In one that does not."""
    style: str
    """Its colour, as rich calls it."""

    def text(self, *, unicode: bool) -> Text:
        """Return the mark."""
        return Text(self.symbol if unicode else self.plain, self.style)


@dataclass(frozen=True)
class Frame:
    """What part of the plane a chart shows, and how finely."""

    rates: tuple[float, float]
    """Decimal logarithms of the first and the last rate."""
    losses: tuple[float, float]
    """The lowest and the highest loss."""
    columns: int
    """Characters across."""
    unicode: bool
    """Whether a character is 2 x 4 dots of braille, or one star."""

    @property
    def dots(self) -> tuple[int, int]:
        """How many dots across and down a character has."""
        return (2, 4) if self.unicode else (1, 1)

    def across(self, rate: float, steps: int) -> int:
        """Return where a rate lies among so many steps from left to right."""
        low, high = self.rates
        return round((log10(rate) - low) / (high - low) * (steps - 1))

    def down(self, loss: float, steps: int) -> int:
        """Return where a loss lies among so many steps from the top; -1 is beyond it."""
        low, high = self.losses
        return max(round((high - loss) / (high - low) * (steps - 1)), -1)


def shown_losses(curve: Curve) -> tuple[float, float]:
    """Return the losses between which a curve is worth seeing.

    At the end of the test the loss may run away to any height, where the fall before it would be
    flat.
    """
    losses = [loss for _, loss in curve]
    low = min(losses)
    fall = max(losses[: losses.index(low) + 1]) - low
    if fall <= 0.05 * abs(low):  # it only rises, or stays
        fall = min(max(losses) - low, abs(low) or 1.0) or 1.0
    return low, low + (1 + HEADROOM) * fall


def loss_at(curve: Curve, rate: float) -> float:
    """Return the loss of the curve at a rate, between two steps along the logarithm."""
    rates, losses = zip(*curve, strict=True)
    return float(np.interp(log10(rate), np.log10(rates), losses))


def rate_chart(
    curve: Curve, suggestions: Mapping[str, float], marks: Mapping[str, Mark], frame: Frame
) -> Text:
    """Draw the curve with a mark at each suggestion, the first one on top."""
    cells = _curve_cells(curve, frame)
    for name, rate in reversed(list(suggestions.items())):
        row = frame.down(loss_at(curve, rate), ROWS)
        if row >= 0:
            column = min(max(frame.across(rate, frame.columns), 0), frame.columns - 1)
            cells[row][column] = marks[name].text(unicode=frame.unicode)
    wall = "┤" if frame.unicode else "|"
    chart = Text("smoothed loss, by learning rate\n")
    for row, line in enumerate(cells):
        chart.append(f"{_loss_label(row, frame):>{LABEL_WIDTH}}{wall}")
        chart.append_text(Text().join(line)).append("\n")
    return chart.append(_axis(frame))


def frame_of(curve: Curve, width: int, *, unicode: bool) -> Frame:
    """Return the frame that shows a curve in a terminal of that width."""
    ends = (log10(curve[0][0]), log10(curve[-1][0]))
    columns = max(min(WIDEST, width - LABEL_WIDTH - 1), 10)
    return Frame(ends, shown_losses(curve), columns, unicode)


def _curve_cells(curve: Curve, frame: Frame) -> list[list[Text]]:
    """Return the characters of the curve, row by row."""
    across, down = frame.dots
    bits = np.zeros((ROWS, frame.columns), int)
    above: int | None = None
    for x in range(frame.columns * across):
        part = x / (frame.columns * across - 1)
        rate = 10 ** (frame.rates[0] + part * (frame.rates[1] - frame.rates[0]))
        y = frame.down(loss_at(curve, rate), ROWS * down)
        for dot in _between(above, y):
            if dot >= 0:
                bits[dot // down, x // across] |= BRAILLE_DOTS[x % across][dot % down]
        above = y
    return [[_cell(int(cell), frame.unicode) for cell in row] for row in bits]


def _between(last: int | None, this: int) -> range:
    """Return the dots that join one column to the next, without the last one's own."""
    if last is None or last == this:
        return range(this, this + 1)
    return range(last + 1, this + 1) if last < this else range(this, last)


def _cell(bits: int, unicode: bool) -> Text:
    if not bits:
        return Text(" ")
    return Text(chr(BRAILLE + bits) if unicode else "*")


def _loss_label(row: int, frame: Frame) -> str:
    low, high = frame.losses
    return f"{high - row / (ROWS - 1) * (high - low):.3g} " if row % 3 == 0 else ""


def _axis(frame: Frame) -> str:
    """Return the axis with a tick a power of ten, and below it their names where there is room."""
    corner, line, tick = "└─┬" if frame.unicode else "+-+"
    ticks = [line] * frame.columns
    names = [" "] * frame.columns
    free = 0
    for power in range(ceil(frame.rates[0] - 1e-6), floor(frame.rates[1] + 1e-6) + 1):
        place = min(max(frame.across(10.0**power, frame.columns), 0), frame.columns - 1)
        ticks[place] = tick
        name = f"1e{power}"
        start = min(max(place - 1, 0), frame.columns - len(name))
        if start >= free:
            names[start : start + len(name)] = name
            free = start + len(name) + 1
    margin = " " * LABEL_WIDTH
    return f"{margin}{corner}{''.join(ticks)}\n{margin} {''.join(names).rstrip()}"
