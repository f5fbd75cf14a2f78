"""The readings of a range test: table, chart in the terminal, and picture."""

import io
import math
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from fastcnn.errors import UsageError
from fastcnn.narrator import Narrator
from fastcnn.rate_finder import Rates
from fastcnn.report.rate_chart import loss_at, shown_losses
from fastcnn.report.rates import (
    MARKS,
    MEANINGS,
    rates_figure,
    require_free_picture,
    show_rates,
    write_rates,
)

Curve = list[tuple[float, float]]
SUGGESTIONS = {"valley": 0.0023, "slide": 0.12, "minimum": 0.02, "steep": 0.005}
"""In fastai's own order, which is not the one that is shown."""


def falling(n_steps: int = 96, runs_away: float = 30.0) -> Curve:
    """A curve as a head on good features gives it: level, down, and away at the end."""
    points = []
    for step in range(n_steps):
        rate = 1e-7 * 1e8 ** (step / (n_steps - 1))
        power = math.log10(rate)
        away = runs_away * (power + 0.5) ** 2 if power > -0.5 else 0.0
        points.append((rate, 3.6 - 2.8 / (1 + math.exp(-3 * (power + 2.3))) + away))
    return points


def rates(curve: Curve | None = None) -> Rates:
    return Rates(
        data="pets, drawn sample",
        arch="resnet18",
        tested="head on a frozen body",
        suggestions=SUGGESTIONS,
        reading="slide",
        curve=curve or falling(),
    )


def shown(
    found: Rates,
    *,
    encoding: str = "utf-8",
    terminal: bool = True,
    width: int = 80,
    quiet: bool = False,
) -> str:
    """What `show_rates` prints to a console of that kind."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    console = Console(
        file=file, width=width, force_terminal=terminal, no_color=True, highlight=False
    )
    show_rates(found, Path("lr-find.png"), "fastcnn recipe pets", Narrator(console, quiet=quiet))
    file.flush()
    return file.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]


def plain(text: str) -> list[str]:
    return text.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()


def chart_of(text: str, wall: str) -> list[str]:
    """The rows of the plot, without the names of the losses."""
    return [line.partition(wall)[2] for line in plain(text) if wall in line[:9]]


def test_the_table_gives_each_reading_with_its_rate_and_meaning() -> None:
    text = shown(rates(), terminal=False)
    assert "drawn sample" in text and "resnet18" in text
    for name, meaning in MEANINGS.items():
        (line,) = [line for line in text.splitlines() if f" {name} " in line]
        assert f"{SUGGESTIONS[name]:.2g}" in line and meaning in line
    assert set(MEANINGS) == set(MARKS) == set(SUGGESTIONS)


@pytest.mark.parametrize(("encoding", "wall"), [("utf-8", "┤"), ("ascii", "|"), ("latin-1", "|")])
def test_the_chart_falls_and_rises_where_the_curve_does(encoding: str, wall: str) -> None:
    text = shown(rates(), encoding=encoding)
    rows = chart_of(text, wall)[:10]
    drawn = {  # the topmost row of each column
        column: next(
            (r for r, row in enumerate(rows) if column < len(row) and row[column] != " "), 10
        )
        for column in range(72)
    }
    assert drawn[5] == drawn[25] == 1  # level, below the headroom
    assert drawn[55] == 9  # the bottom
    assert drawn[68] == 10  # beyond the top it is not drawn
    marks = [mark.symbol if encoding == "utf-8" else mark.plain for mark in MARKS.values()]
    for mark in marks:
        assert sum(row.count(mark) for row in rows) == 1
    assert max(map(len, plain(text))) <= 80
    assert len(rows) + 3 <= 14


def test_marks_stand_at_their_rates() -> None:
    rows = chart_of(shown(rates()), "┤")
    column = {name: max(row.find(MARKS[name].symbol) for row in rows) for name in MARKS}
    assert column["valley"] < column["steep"] < column["minimum"] < column["slide"]
    for name, place in column.items():
        assert place == pytest.approx((math.log10(SUGGESTIONS[name]) + 7) / 8 * 71, abs=1)


def test_what_auto_takes_is_marked() -> None:
    (marked,) = [line for line in plain(shown(rates())) if "--lr auto takes it" in line]
    assert "slide" in marked and "0.12" in marked


def test_the_rates_are_named_below() -> None:
    lines = plain(shown(rates()))
    names = next(line for line in lines if "1e-7" in line)
    ticks = next(line for line in lines if "└" in line)
    assert names.split() == [f"1e{power}" for power in range(-7, 2)]
    assert [place for place, sign in enumerate(ticks) if sign == "┬"][1] == names.index("1e-6") + 1


@pytest.mark.parametrize("width", [20, 40, 61])
def test_a_narrow_terminal_gets_a_narrow_chart(width: int) -> None:
    lines = plain(shown(rates(), width=width))
    assert max(map(len, lines[:13])) <= max(width, 22)


def test_nothing_is_drawn_for_a_pipe_or_in_quiet() -> None:
    for text in (shown(rates(), terminal=False), shown(rates(), quiet=True)):
        assert "┤" not in text and "smoothed loss" not in text
        assert "valley" in text
    assert "next: fastcnn recipe pets" in shown(rates(), terminal=False)
    assert "next:" not in shown(rates(), quiet=True)


@pytest.mark.parametrize(
    "curve",
    [
        [(1e-7, 1.0), (1e-6, 1.0), (1e-5, 1.0)],
        [(1e-7, 0.0), (1e-6, 0.0)],
        [(1e-7, 1.0), (1e-5, 2.0), (1e-3, 3000.0)],
        [(1e-7, 0.0), (1e-5, 2.0)],
        falling(12),
        falling(runs_away=1e9),
    ],
)
def test_any_curve_can_be_drawn(curve: Curve, tmp_path: Path) -> None:
    low, high = shown_losses(curve)
    assert low == min(loss for _, loss in curve) < high < 10
    assert chart_of(shown(rates(curve)), "┤")
    write_rates(rates(curve), tmp_path / "curve.png")


def test_a_loss_between_two_steps_is_read_along_the_logarithm() -> None:
    curve = [(1e-4, 2.0), (1e-2, 1.0)]
    assert loss_at(curve, 1e-3) == pytest.approx(1.5)
    assert loss_at(curve, 1e-5) == 2.0


def test_the_picture_has_a_logarithmic_axis_and_four_named_marks() -> None:
    (axes,) = rates_figure(rates()).axes
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "learning rate" and "loss" in axes.get_ylabel()
    assert "drawn sample" in axes.get_title(loc="left")
    curve, *marks = axes.lines
    assert list(zip(*curve.get_data(), strict=True)) == falling()
    assert [line.get_label() for line in marks] == [
        f"{name} {SUGGESTIONS[name]:.2g}" for name in MEANINGS
    ]
    for name, mark in zip(MEANINGS, marks, strict=True):
        assert float(mark.get_xdata()[0]) == SUGGESTIONS[name]
    low, high = shown_losses(falling())
    assert axes.get_ylim()[0] < low and axes.get_ylim()[1] == pytest.approx(high)


def test_an_earlier_curve_is_replaced_and_nothing_else(work: Path) -> None:
    assert require_free_picture(None, force=False) == Path("lr-find.png")
    write_rates(rates(), work / "lr-find.png")
    with Image.open("lr-find.png") as picture:
        assert picture.format == "PNG" and picture.width > picture.height > 400
    assert require_free_picture(None, force=False) == Path("lr-find.png")
    with pytest.raises(UsageError, match="is there already") as caught:  # it was named: kept
        require_free_picture("lr-find.png", force=False)
    assert caught.value.problems[0].hint.endswith("--out lr-find-2.png")
    assert require_free_picture("lr-find.png", force=True) == Path("lr-find.png")
    Image.new("RGB", (8, 8)).save("lr-find.png")
    with pytest.raises(UsageError, match="is there already"):
        require_free_picture(None, force=False)


@pytest.mark.parametrize("out", ["curve", "curve.jpg", ".", "folder.png"])
def test_only_the_name_of_a_picture_is_taken(work: Path, out: str) -> None:
    (work / "folder.png").mkdir()
    with pytest.raises(UsageError, match="ends in .png"):
        require_free_picture(out, force=True)
