"""How a run shows itself in a notebook: what came of it, the table, and the figures."""

import base64
import io
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from fastcnn.places import shown_path
from fastcnn.quantities import exact_duration
from fastcnn.report.run_figures import figures_of
from fastcnn.run_folder import REPORT_FILE, Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 80
"""Of the pictures in a notebook."""
STYLE = "display: inline-block; vertical-align: top; margin: 1em 1em 0 0"
"""Of a figure: those that are small stand side by side."""
CAPTIONS = {
    "curves": "Loss and accuracy by epoch",
    "confusion": "What is taken for what: a row a true class ({winner})",
    "reliability": "How often it is right, by how sure it is ({winner})",
    "learning_curve": "Accuracy against the number of training images",
    "repeats": "Accuracy of every repeat",
    "ablation": "Accuracy of every row, with its 95 % interval",
}
"""The figures that are shown, with what stands below each; `Run.figures` has more."""


def run_html(run: Run) -> str:
    """Return a run as HTML: sentences, a table, and figures as pictures inside of it."""
    parts = [f"<p><b>{escape(run.title)}</b>: {escape(_outcome(run))}</p>"]
    rows = _ablation_rows(run) if "ablation" in run.record else _rows(run)
    if rows:
        table = pd.DataFrame(rows).to_html(index=False, border=0, justify="left", col_space=110)
        parts.append(f'<div style="overflow-x: auto">{table}</div>')
    page = run.path / REPORT_FILE
    if page.is_file():
        parts.append(f"<p>The whole report: <code>{escape(shown_path(page))}</code></p>")
    return "\n".join([*parts, *_pictures(run)])


def _outcome(run: Run) -> str:
    """Say how a run ended, and what can be said of its strategies."""
    status, events = run.record["status"], run.record.get("events") or []
    ended = "" if status == "done" else f"{status}."
    if status == "failed" and events:
        ended = f"failed: {events[-1]}."
    said = run.verdict or ("" if ended else "done")
    return " ".join(filter(None, [ended, said]))


def _rows(run: Run) -> list[dict[str, Any]]:
    rows = []
    for name, entry in run.record["strategies"].items():
        metrics = entry["metrics"]
        low, high = metrics["accuracy_ci"]
        row = {
            "strategy": name,
            "accuracy": f"{metrics['accuracy']:.3f}",
            "95 % interval": f"{low:.3f} to {high:.3f}",
            "macro F1": f"{metrics['f1_macro']:.3f}",
            "loss": f"{metrics['loss']:.3f}",
            "calibration error": f"{metrics['ece']:.3f}",
            "took": exact_duration(entry["seconds"]["total"]),
            "parameters trained": f"{entry['trainable_parameters']:,}",
        }
        if entry.get("accuracy_mean") is not None:
            row["mean of repeats"] = f"{entry['accuracy_mean']:.3f} of {len(entry['repeats'])}"
        if entry.get("test"):
            row["test part"] = f"{entry['test']['metrics']['accuracy']:.3f}"
        rows.append(row)
    return rows


def _ablation_rows(run: Run) -> list[dict[str, Any]]:
    return [
        {
            "row": line["row"],
            "column": line["column"],
            "accuracy": "failed" if line["accuracy"] is None else f"{line['accuracy']:.3f}",
            "95 % interval": "{:.3f} to {:.3f}".format(*line["accuracy_ci"])
            if line["accuracy_ci"]
            else "none",
            "seconds": "" if line["seconds"] is None else f"{line['seconds']:.0f}",
        }
        for line in run.record["ablation"]
    ]


def _pictures(run: Run) -> Iterator[str]:
    figures = figures_of(run)
    for name, caption in CAPTIONS.items():
        if name not in figures or (name == "curves" and not _has_epochs(run)):
            continue
        text = escape(caption.format(winner=run.winner))
        try:
            yield _picture(figures[name](), text)
        except Exception as error:  # a damaged file is no reason to show nothing
            yield f"<p>{text}: cannot be drawn ({escape(f'{type(error).__name__}: {error}')})</p>"


def _has_epochs(run: Run) -> bool:
    """Whether anything was trained in epochs: the curves of solved heads are level lines."""
    return any(entry["epochs"] for entry in run.record["strategies"].values())


def _picture(figure: "Figure", text: str) -> str:
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=DPI, facecolor="white")
    content = base64.b64encode(file.getvalue()).decode("ascii")
    return (
        f'<figure style="{STYLE}"><img alt="{text}" style="max-width: 100%" '
        f'src="data:image/png;base64,{content}"><figcaption>{text}</figcaption></figure>'
    )
