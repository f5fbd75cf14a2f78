"""A sweep on the terminal: the best few trials, and what to do with the best."""

import shlex
from typing import Any

from rich import box
from rich.table import Table

from fastcnn.narrator import Narrator
from fastcnn.places import shown_path
from fastcnn.sweep.order import resume_command
from fastcnn.sweep.result import Result, command_of, names_of_columns, values_of

SHOWN = 5
"""Trials in the table."""
WIDEST = 78
"""Columns of the terminal that the table may take."""
STATES = ("complete", "pruned", "repeated", "failed", "interrupted", "waiting", "running")


def show_sweep(result: Result, narrator: Narrator) -> None:
    """Print the best trials, how sure that is, where everything lies, and what to do next."""
    best = result.best
    if best is None:
        narrator.always_say("no trial is complete yet")
    else:
        narrator.always_say(
            f"{result.data}: the best of {len(result.ranked())} complete trials, scored on "
            f"{result.n_valid} held-out images"
        )
        narrator.show(best_table(result))
        narrator.say(
            "chosen by the images that it is scored on, so the accuracy is a little too good"
        )
    counts = [f"{result.counts[state]} {state}" for state in STATES if result.counts[state]]
    narrator.always_say(f"trials: {', '.join(counts)}")
    narrator.always_say(f"sweep: {shown_path(result.folder)}")
    if result.n_left:
        narrator.say_command("go on", shlex.join(resume_command(result.folder)))
    if best is not None:
        narrator.say_command("best", command_of(result, best))


def best_table(result: Result) -> Table:
    """Return the best trials, a column each: settings are many, and a terminal is narrow."""
    shown = result.ranked()[:SHOWN]
    names = names_of_columns(result.order)
    columns = [[_word(values_of(trial, result.order)[name]) for name in names] for trial in shown]
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("trial", overflow="ellipsis", no_wrap=True)
    fitting = _fitting(names, columns)
    for number, trial in enumerate(shown[:fitting]):
        style = "bold" if number == 0 else ""
        table.add_column(str(trial.number), justify="right", style=style, no_wrap=True)
    cells = [f"{trial.value:.3f}" for trial in shown[:fitting]]
    table.add_row("accuracy", *cells, end_section=True)
    table.add_row("seconds", *[f"{trial.user_attrs['seconds']:.0f}" for trial in shown[:fitting]])
    for place, name in enumerate(names):
        cells = [column[place] for column in columns[:fitting]]
        if any(cell != "" for cell in cells):
            table.add_row(name, *cells)
    return table


def _fitting(names: list[str], columns: list[list[str]]) -> int:
    """Return how many of the columns fit beside the names; one always does."""
    width = max(map(len, [*names, "accuracy"])) + 4
    fitting = 0
    for column in columns:
        width += max(map(len, [*column, "0.000"])) + 2
        if width > WIDEST:
            break
        fitting += 1
    return max(fitting, 1)


def _word(value: Any) -> str:
    """Return a value as it is typed; what had no use is blank."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
