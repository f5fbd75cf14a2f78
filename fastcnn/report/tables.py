"""The comparison as a table: on the terminal, and as `comparison.csv`."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from fastcnn.files import write_csv
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path
from fastcnn.report.ablation_table import show_ablation
from fastcnn.run_folder import COMPARISON_FILE, Run

Strategies = Mapping[str, Mapping[str, Any]]


def comparison_rows(strategies: Strategies) -> list[dict[str, Any]]:
    """Return a flat row a strategy, as `comparison.csv` holds them."""
    return [
        {
            "strategy": name,
            "accuracy": entry["metrics"]["accuracy"],
            "accuracy_low": entry["metrics"]["accuracy_ci"][0],
            "accuracy_high": entry["metrics"]["accuracy_ci"][1],
            "f1_macro": entry["metrics"]["f1_macro"],
            "loss": entry["metrics"]["loss"],
            "ece": entry["metrics"]["ece"],
            "seconds_train": entry["seconds"]["train"],
            "seconds_total": entry["seconds"]["total"],
            "images_per_second": entry["images_per_second"]["together"],
            "epochs": entry["epochs"],
            "trainable_parameters": entry["trainable_parameters"],
            "total_parameters": entry["total_parameters"],
        }
        for name, entry in strategies.items()
    ]


def write_comparison(strategies: Strategies, folder: Path) -> None:
    """Write `comparison.csv`, whole."""
    rows = comparison_rows(strategies)
    write_csv(folder / COMPARISON_FILE, rows[0], rows)


def comparison_table(run: Run) -> Table:
    """Return the table that ends a run, under 80 columns wide."""
    data = run.record["data"]
    table = Table(
        title=f"{run.title}: {data['n_valid']} held-out images, "
        f"{len(data['classes'])} classes, {run.record['weights']['arch']}",
        box=box.SIMPLE_HEAD,
        title_justify="left",
        title_style="",
    )
    table.add_column("strategy")
    for heading in ("accuracy", "95 % interval", "seconds", "trainable", "images/s"):
        table.add_column(heading, justify="right")
    for row in comparison_rows(run.record["strategies"]):
        best = row["strategy"] == run.winner and len(run.strategies) > 1
        table.add_row(
            row["strategy"],
            f"{row['accuracy']:.3f}",
            f"{row['accuracy_low']:.3f} to {row['accuracy_high']:.3f}",
            f"{row['seconds_total']:.0f}",
            f"{row['trainable_parameters']:,}",
            _speed(row["images_per_second"]),
            style="bold" if best else "",
        )
    return table


def show_run(run: Run, narrator: Narrator) -> None:
    """Print how a run ended: the table, the verdict, where everything lies, what to do next."""
    if "ablation" in run.record:
        show_ablation(run, narrator)
        return
    narrator.show(comparison_table(run))
    if run.verdict:
        narrator.always_say(run.verdict)
    where = shown_path(run.path)
    narrator.always_say(f"run: {where}")
    narrator.say(f"next: fastcnn predict {shlex.quote(where)} PICTURE.jpg")


def _speed(images_per_second: float | None) -> str:
    """Nothing was computed where all features were found."""
    return "cached" if images_per_second is None else f"{images_per_second:.1f}"
