"""What `--dry-run` prints: a table a strategy, and what everything together will cost."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from fastcnn.narrator import Narrator
from fastcnn.training.phases import Method
from fastcnn.training.preview import PhasePreview, Preview, StrategyPreview

HOW = {Method.FIT: "fit", Method.FIT_FEATURES: "features", Method.SOLVE: "solve"}
"""The methods in a word."""
GIGABYTE = 1e9


def show_preview(preview: Preview, narrator: Narrator) -> None:
    """Print the tables, and below them the groups, the minutes and the memory."""
    for strategy in preview.strategies:
        narrator.show(strategy_table(strategy, preview.n_images))
    groups = ", ".join(f"{name} {size:,}" for name, size in preview.groups.items())
    if any(phase.rate_body for one in preview.strategies for phase in one.phases):
        narrator.say("body rate: that of the block below the head; blocks below it have less")
    narrator.always_say(f"groups of {preview.arch}: {groups}")
    narrator.always_say(cost_line(preview))
    free = preview.available_memory
    if free is not None and preview.peak_memory > free:
        narrator.warn("that is more memory than there is; give a smaller --bs or --size")


def strategy_table(strategy: StrategyPreview, n_images: int) -> Table:
    """Return the phases of a strategy as a table of at most 80 columns, a row a phase."""
    table = Table(
        title=strategy.name,
        caption=_caption(strategy, n_images),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        title_style="bold",
        caption_style="",
        show_edge=False,
        padding=0,
    )
    for heading in ("phase", "how", "frozen"):
        table.add_column(heading, overflow="fold")  # a name is needed whole, for --freeze-until
    for heading in ("epochs", "body\nrate", "head\nrate", "trainable", "minutes"):
        table.add_column(heading, justify="right", no_wrap=True)
    for phase in strategy.phases:
        table.add_row(*_cells(phase))
    return table


def cost_line(preview: Preview) -> str:
    """Return one line: minutes and memory of the whole run."""
    kind = preview.repeats[0].partition("-")[0] if preview.repeats else ""
    all_of_them = f" for all {len(preview.repeats)} {kind}s" if preview.repeats else ""
    line = (
        f"estimated: {_minutes(preview.seconds)} minutes{all_of_them}, "
        f"{preview.peak_memory / GIGABYTE:.1f} GB of memory at most"
    )
    if preview.available_memory is None:
        return line
    return f"{line} ({preview.available_memory / GIGABYTE:.1f} GB are free)"


def _cells(phase: PhasePreview) -> list[str]:
    return [
        phase.name,
        HOW[phase.method],
        _frozen(phase.frozen),
        str(phase.epochs) if phase.epochs else "-",
        _rate(phase.rate_body),
        _rate(phase.rate_head),
        f"{phase.trainable_numbers:,}",
        _minutes(phase.seconds),
    ]


def _frozen(groups: Sequence[str]) -> str:
    """Name the last: a network has up to two dozen groups, and all below it are frozen too."""
    return f"to {groups[-1]}" if groups else "none"


def _rate(rate: float | str | None) -> str:
    if rate is None:
        return "-"
    return rate if isinstance(rate, str) else f"{rate:.2g}"


def _minutes(seconds: float) -> str:
    minutes = seconds / 60
    if minutes >= 10:
        return f"{minutes:,.0f}"
    return f"{minutes:.1f}" if minutes >= 0.1 else "<0.1"


def _caption(strategy: StrategyPreview, n_images: int) -> str | None:
    said = []
    if strategy.features_to_compute == 0:
        said.append("all features are in the cache")
    elif strategy.features_to_compute:
        said.append(f"features to compute: {strategy.features_to_compute:,} of {n_images:,} images")
    if strategy.search_seconds:
        said.append(f"rate search: {_minutes(strategy.search_seconds)} minutes")
    return "; ".join(said) or None
