"""A network's summary on the terminal: a row a block under its parameter group, in 80 columns."""

import re
from itertools import groupby

from rich import box
from rich.table import Table
from rich.text import Text

from fastcnn.models.summary.describe import Row, Summary
from fastcnn.narrator import Narrator
from fastcnn.quantities import short_count

FLOAT = 4
"""Bytes of a float32 number."""
MEGABYTE = 1e6
NOTHING = "-"
BATCH = 32
"""Pictures that the memory of a batch is told for: the default of `--bs`."""
MOST_LISTED = 4
"""Kernels of a block in the table; `--json` has all."""
WIDTHS = {"block": 12, "kind": 16, "kernel": 7, "pad": 5}
"""Characters of the columns whose words are broken where they are longer."""


def show_summary(summary: Summary, kept_bytes: int | None, narrator: Narrator) -> None:
    """Print the table and, around it, totals, memory and what the marks mean.

    `kept_bytes` is what training keeps of each picture, None where that is not known.
    """
    side = summary.input_size
    narrator.always_say(
        f"{summary.arch} for pictures of {side} x {side} px: {short_count(summary.parameters)} "
        f"parameters, {short_count(summary.multiply_adds)} multiply-adds a picture"
    )
    narrator.show(summary_table(summary))
    narrator.always_say(memory_line(summary, kept_bytes))
    for note in notes(summary):
        narrator.say(note)


def summary_table(summary: Summary) -> Table:
    """Return the table: the groups in bold with their parameters, below each its blocks."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    for heading in ("block", "kind", "output", "kernel"):
        table.add_column(heading, no_wrap=True)
    for heading in ("stride", "pad", "param-\neters", "mult-\nadds", "sees\npx"):
        table.add_column(heading, justify="right", no_wrap=True)
    for group, members in groupby(summary.rows, key=lambda row: row.group):
        rows = list(members)
        size = short_count(sum(row.parameters for row in rows))
        is_one = [row.name for row in rows] == [group]
        if not is_one:
            name = _broken(group, WIDTHS["block"])
            table.add_row(Text(name, "bold"), *[""] * 5, Text(size, "bold"))
        for row in rows:
            table.add_row(*_cells(row, group), style="bold" if is_one else "")
    return table


def memory_line(summary: Summary, kept_bytes: int | None) -> str:
    """Return one line: megabytes of the parameters, and of what training keeps of a picture."""
    line = f"memory: {summary.parameters * FLOAT / MEGABYTE:,.1f} MB of parameters in float32"
    if kept_bytes is None:
        return line
    picture = kept_bytes / MEGABYTE
    return (
        f"{line}; training keeps {picture:,.1f} MB of each picture in a batch "
        f"({picture * BATCH:,.0f} MB for {BATCH})"
    )


def notes(summary: Summary) -> list[str]:
    """Return what the columns and marks of this table mean, as far as they are not plain."""
    rows = summary.rows
    said = ["sees: side of the part of the picture that one number of the output depends on"]
    if any(row.sees_all for row in rows):
        said.append("all: every number depends on the whole picture")
    if any(row.is_gated for row in rows):
        said.append(
            "*: scales its map by means of the whole picture (squeeze-excite, a norm), which is "
            "not counted, here and below"
        )
    if any(row.receptive_field is None and row.output for row in rows):
        said.append("?: not known, as behind attention in windows")
    if any(row.kernels and "same" in row.kernels.paddings for row in rows):
        said.append("s: as many rows as the output needs to be the input over the stride")
    return said


def _cells(row: Row, group: str) -> list[str | Text]:
    kernels = row.kernels
    inside = row.name.startswith(f"{group}.")
    return [
        _broken(row.name.removeprefix(group) if inside else row.name, WIDTHS["block"]),
        _broken(row.kind, WIDTHS["kind"]),
        "x".join(map(str, row.output)) if row.output else NOTHING,
        _broken(_short(kernels.sizes), WIDTHS["kernel"]) if kernels else NOTHING,
        str(kernels.stride or "?") if kernels else NOTHING,
        _broken(_short(kernels.paddings), WIDTHS["pad"]) if kernels else NOTHING,
        short_count(row.parameters) if row.parameters else NOTHING,
        short_count(row.multiply_adds) if row.multiply_adds else NOTHING,
        _sees(row),
    ]


def _sees(row: Row) -> str:
    if row.output is None:
        return NOTHING
    if row.receptive_field is None:
        return "?"
    return "all" if row.sees_all else f"{row.receptive_field}{'*' * row.is_gated}"


def _short(listed: str) -> str:
    """Write `1x1, 3x3, 1x1` as `1,3,1`: nearly all kernels are square; a long list is cut."""
    repeated = re.fullmatch(r"\d+ x \(?(.*?)\)?", listed)
    parts = (repeated[1] if repeated else listed).split(", ")
    short = [re.sub(r"^(\d+)x\1$", r"\1", part).replace("same", "s") for part in parts]
    is_cut = repeated or len(short) > MOST_LISTED
    return ",".join([*short[: MOST_LISTED - 1 if is_cut else None], *(["…"] if is_cut else [])])


def _broken(text: str, width: int) -> str:
    """Break a long name behind a space, a dot or a comma, else before a capital."""
    lines = [""]
    for word in re.split(r"(?<=[ .,])", text):
        pieces = [word] if len(word) <= width else re.split(r"(?<=[_a-z0-9])(?=[A-Z])|(?<=_)", word)
        for piece in pieces:
            if lines[-1] and len((lines[-1] + piece).rstrip()) > width:
                lines.append("")
            lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)
