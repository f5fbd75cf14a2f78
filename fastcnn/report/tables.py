"""The comparison as a table: on the terminal, and as `comparison.csv`."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.table import Table

from fastcnn.files import write_csv
from fastcnn.narrator import Narrator
from fastcnn.places import shown_path
from fastcnn.report.ablation_table import show_ablation
from fastcnn.report.learning_curve import learning_curve_table
from fastcnn.run_folder import COMPARISON_FILE, REPORT_FILE, Run

Strategies = Mapping[str, Mapping[str, Any]]


def comparison_rows(strategies: Strategies) -> list[dict[str, Any]]:
    """Return a flat row a strategy, as `comparison.csv` holds them.

    Where trainings were repeated, with the mean accuracy over the repeats.
    """
    return [
        {
            "strategy": name,
            "accuracy": entry["metrics"]["accuracy"],
            "accuracy_low": entry["metrics"]["accuracy_ci"][0],
            "accuracy_high": entry["metrics"]["accuracy_ci"][1],
            **_over_repeats(entry),
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


def _over_repeats(entry: Mapping[str, Any]) -> dict[str, Any]:
    if not entry.get("repeats"):
        return {}
    low, high = entry["accuracy_mean_ci"] or (None, None)  # of one, or of equal ones, there is none
    return {
        "repeats": len(entry["repeats"]),
        "accuracy_mean": entry["accuracy_mean"],
        "accuracy_mean_low": low,
        "accuracy_mean_high": high,
        "seconds_all_repeats": entry["seconds"]["all_repeats"],
    }


def write_comparison(strategies: Strategies, folder: Path) -> None:
    """Write `comparison.csv`, whole."""
    rows = comparison_rows(strategies)
    write_csv(folder / COMPARISON_FILE, rows[0], rows)


def comparison_table(run: Run) -> Table:
    """Return the table that ends a run, under 80 columns wide."""
    data = run.record["data"]
    table = Table(
        title=f"{run.title}: {_scored(run)}, "
        f"{len(data['classes'])} classes, {run.record['weights']['arch']}",
        caption=_caption(run),
        box=box.SIMPLE_HEAD,
        title_justify="left",
        caption_justify="left",
        title_style="",
        caption_style="",
    )
    table.add_column("strategy")
    for heading in ("accuracy", "95 % interval", "seconds", "trainable", "images/s"):
        table.add_column(heading, justify="right")
    for row in comparison_rows(run.record["strategies"]):
        best = row["strategy"] == run.winner and len(run.strategies) > 1
        table.add_row(
            row["strategy"],
            *_accuracy(row),
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
    if run.record["comparison"]:
        narrator.say(bootstrap_line(run.record["comparison"]["pairs"]))
    if curve := run.record.get("learning_curve"):
        narrator.show(learning_curve_table(curve))
        narrator.always_say(curve["verdict"])
    where = shown_path(run.path)
    narrator.always_say(f"run: {where}")
    if (run.path / REPORT_FILE).is_file():
        narrator.say(f"report: {shown_path(run.path / REPORT_FILE)}")
    narrator.say(f"next: fastcnn predict {shlex.quote(where)} PICTURE.jpg")


def bootstrap_line(pairs: Sequence[Mapping[str, Any]]) -> str:
    """Return a line with the bootstrap's intervals, which stand beside the verdict's test."""
    said = [
        f"{pair['a']} against {pair['b']} {100 * low:+.1f} to {100 * high:+.1f} points"
        for pair in pairs
        for low, high in [pair["bootstrap_ci"]]
    ]
    return f"paired bootstrap, 95 % interval: {'; '.join(said)}"


def _scored(run: Run) -> str:
    """Say which images the accuracies are of."""
    repeats, n_valid = run.repeats, run.record["data"]["n_valid"]
    if not repeats:
        return f"{n_valid} held-out images"
    if run.record["settings"]["folds"]:
        return f"{run.n_scored} images in {len(repeats)} folds"
    return f"{n_valid} held-out images, {len(repeats)} seeds"


def _caption(run: Run) -> str | None:
    """Say what the numbers are where trainings were repeated."""
    if not run.repeats:
        return None
    first = run.repeats[0]["name"].replace("-", " ")
    kind = "folds" if run.record["settings"]["folds"] else "seeds"
    intervals = [one.get("accuracy_mean_ci") for one in run.record["strategies"].values()]
    if not any(intervals):
        return f"all {kind} score the same; the interval is Wilson's, for other images"
    equal = "" if all(intervals) else ", or Wilson's where all are the same"
    return (
        f"accuracy: mean over the {kind}, with Student's interval{equal}; "
        f"seconds and images/s: of {first}"
    )


def _accuracy(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return the accuracy and its interval: of the mean where repeats differ, else Wilson's."""
    kind = "accuracy_mean" if row.get("accuracy_mean_low") is not None else "accuracy"
    low, high = row[f"{kind}_low"], row[f"{kind}_high"]
    return f"{row[kind]:.3f}", f"{low:.3f} to {high:.3f}"


def _speed(images_per_second: float | None) -> str:
    """Nothing was computed where all features were found."""
    return "cached" if images_per_second is None else f"{images_per_second:.1f}"
