"""The list of architectures on the terminal, in 80 columns."""

from collections.abc import Sequence

from rich import box
from rich.table import Table

from fastcnn.models.catalogue import RECOMMENDED, Entry, Wanted, known_names
from fastcnn.narrator import Narrator
from fastcnn.quantities import short_count

LONGEST = 42
"""Characters of a name in one line; timm's longest have more."""


def show_models(entries: Sequence[Entry], wanted: Wanted, narrator: Narrator) -> None:
    """Print the table, and what else there is."""
    if entries:
        narrator.show(models_table(entries))
    n_known = len(known_names())
    if wanted.name or wanted.all:
        narrator.always_say(f"{len(entries):,} of {n_known:,} architectures")
    else:
        narrator.always_say(
            f"{len(entries)} of {len(RECOMMENDED)} recommended; there are {n_known:,}: "
            "fastcnn models NAME finds by name, --all lists them"
        )
    narrator.say(
        "weights none: trained from scratch; fastcnn summary ARCH shows one block by block"
    )


def models_table(entries: Sequence[Entry]) -> Table:
    """Return a row an architecture."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("architecture", overflow="fold", max_width=LONGEST)
    for heading in ("parameters", "multiply-\nadds", "input\npx"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("weights", no_wrap=True)
    for entry in entries:
        table.add_row(
            entry.name,
            _count(entry.parameters),
            _count(entry.multiply_adds),
            str(entry.input_size),
            entry.weights,
        )
    return table


def _count(number: int | None) -> str:
    return "?" if number is None else short_count(number)
