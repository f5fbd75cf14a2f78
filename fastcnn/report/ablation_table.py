"""The table of an ablation on the terminal."""

from typing import Any

from rich import box
from rich.table import Table

from fastcnn.narrator import Narrator
from fastcnn.places import shown_path
from fastcnn.run_folder import Run


def show_ablation(run: Run, narrator: Narrator) -> None:
    """Print a line a row with accuracy ± interval and seconds for each column."""
    lines = run.record["ablation"]
    columns = list(dict.fromkeys(line["column"] for line in lines))
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for column in columns:
        table.add_column(f"{column}\naccuracy", justify="right")
        table.add_column("seconds", justify="right")
    for row in dict.fromkeys(line["row"] for line in lines):
        of_row = {line["column"]: line for line in lines if line["row"] == row}
        cells = [text for column in columns for text in _cells(of_row.get(column))]
        table.add_row(row, *cells)
    narrator.show(table)
    n_seeds = max(len(line["seeds"]) for line in lines)
    said = "± is Student's 95 % interval" if n_seeds > 1 else "one seed says little"
    narrator.always_say(f"mean of {n_seeds} seeds on held-out images; {said}")
    if failed := sum(len(line["failed"]) for line in lines):
        narrator.always_say(f"{failed} trainings failed; ablation.csv says why")
    narrator.always_say(f"folder: {shown_path(run.path)}")


def _cells(line: dict[str, Any] | None) -> tuple[str, str]:
    if line is None:
        return "", ""
    if line["accuracy"] is None:
        return "failed", ""
    margin = line["accuracy_margin"]
    spread = f" ± {margin:.3f}" if margin is not None else ""
    return f"{line['accuracy']:.3f}{spread}", f"{line['seconds']:.0f}"
