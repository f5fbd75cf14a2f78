"""What a range test found: a table and a chart on the terminal, and a picture."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich import box
from rich.table import Table

from fastcnn.errors import UsageError
from fastcnn.files import require_new_file
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path, user_path
from fastcnn.report.pictures import is_made_by, write_figure
from fastcnn.report.rate_chart import Curve, Mark, frame_of, loss_at, rate_chart, shown_losses

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from fastcnn.rate_finder import Rates

CURVE_FILE = "lr-find.png"
MADE_BY = "fastcnn lr-find"
"""Stands in the pictures written here, so that they are known again."""

MEANINGS = {
    "valley": "middle of the longest fall",
    "minimum": "a tenth of the rate where the loss is lowest",
    "steep": "where the loss falls fastest",
    "slide": "where the last even slope begins",
}
"""fastai's four readings of the curve, in the order that they are shown in."""
MARKS = {
    "valley": Mark("●", "o", "bold green"),
    "minimum": Mark("▼", "v", "bold cyan"),
    "steep": Mark("▲", "^", "bold yellow"),
    "slide": Mark("◆", "#", "bold magenta"),
}
DRAWN = {
    "valley": ("o", "#009e73"),
    "minimum": ("v", "#0072b2"),
    "steep": ("^", "#e69f00"),
    "slide": ("D", "#cc79a7"),
}
"""The same marks in a picture, in Okabe and Ito's colours."""


def require_free_picture(out: str | None, *, force: bool) -> Path:
    """Return where the picture goes: no file of another kind or another name is written over.

    A curve that an earlier call left under the usual name is replaced.

    Raises:
        UsageError: there is something else, or `out` is not the name of a picture.
    """
    path = user_path(out or CURVE_FILE)
    if path.suffix.lower() != ".png" or path.is_dir():
        raise UsageError(
            f"--out is {out or CURVE_FILE}, expected a picture's name that ends in .png",
            hint=f"for example --out {CURVE_FILE}",
        )
    if not force and not (out is None and is_made_by(path, MADE_BY)):
        require_new_file(path, "--out")
    return path


def rates_table(rates: "Rates", *, unicode: bool) -> Table:
    """Return the four readings, under 80 columns wide."""
    table = Table(
        title=f"{rates.data}: {rates.arch}, {rates.tested}",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="",
    )
    table.add_column("")
    table.add_column("reading")
    table.add_column("rate", justify="right")
    table.add_column("what it is")
    for name, meaning in MEANINGS.items():
        mark = MARKS[name].text(unicode=unicode)
        meaning += "; --lr auto takes it" if name == rates.reading else ""
        table.add_row(mark, name, f"{rates.suggestions[name]:.2g}", meaning)
    return table


def show_rates(rates: "Rates", picture: Path, following: str, narrator: Narrator) -> None:
    """Print the readings; where somebody looks the curve too; and what to do next."""
    console = narrator.console
    unicode = console.encoding.lower().startswith("utf")
    if console.is_terminal and not narrator.quiet:
        frame = frame_of(rates.curve, console.width, unicode=unicode)
        ordered = {name: rates.suggestions[name] for name in MEANINGS}
        narrator.show(rate_chart(rates.curve, ordered, MARKS, frame))
    narrator.show(rates_table(rates, unicode=unicode))
    narrator.say(f"curve: {shown_path(picture.absolute())}")
    narrator.say_command("next", following)


def write_rates(rates: "Rates", path: Path) -> None:
    """Write the curve as a PNG."""
    write_figure(rates_figure(rates), path, made_by=MADE_BY)


def rates_figure(rates: "Rates") -> "Figure":
    """Draw the loss over the rate, on a logarithmic axis, with the four readings marked."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 4), layout="constrained")
    axes = figure.subplots()
    draw_rates(axes, rates.curve, rates.suggestions)
    axes.set(xlabel="learning rate", ylabel="smoothed loss")
    axes.set_title(f"{rates.data}: {rates.arch}, {rates.tested}", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    return figure


def draw_rates(
    axes: Any, curve: Curve, suggestions: Mapping[str, float], markersize: float = 9
) -> None:
    """Draw the curve into `axes`, on a logarithmic axis, with a mark at each suggestion."""
    axes.plot(*zip(*curve, strict=True), color="#444444", linewidth=1.5, zorder=1)
    for name, (marker, colour) in DRAWN.items():
        rate = suggestions[name]
        look = {"color": colour, "markersize": markersize, "label": f"{name} {rate:.2g}"}
        axes.plot(rate, loss_at(curve, rate), marker, **look)
    low, high = shown_losses(curve)
    axes.set(xscale="log", ylim=(low - 0.05 * (high - low), high))
