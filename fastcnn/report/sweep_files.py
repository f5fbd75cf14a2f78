"""What a sweep leaves in its folder: `trials.csv`, `best.json`, and three pictures."""

import csv
import io
from pathlib import Path

from fastcnn.files import write_bytes, write_json, write_text
from fastcnn.report.sweep_importance import importance_figure, importances
from fastcnn.report.sweep_parallel import parallel_figure
from fastcnn.report.sweep_progress import progress_figure
from fastcnn.sweep.result import Result, best_document, row_of

TRIALS_FILE = "trials.csv"
BEST_FILE = "best.json"
PROGRESS_FILE = "progress.png"
IMPORTANCE_FILE = "importance.png"
PARALLEL_FILE = "parallel.png"


def write_report(result: Result) -> None:
    """Write every file, each of them whole; pictures that would show nothing are left out."""
    folder = result.folder
    _write_trials(result, folder)
    best = result.best
    if best is None:
        return
    write_json(folder / BEST_FILE, best_document(result, best))
    figures = {PROGRESS_FILE: progress_figure(result), PARALLEL_FILE: parallel_figure(result)}
    if found := importances(result):
        figures[IMPORTANCE_FILE] = importance_figure(result, found)
    for name, figure in figures.items():
        picture = io.BytesIO()
        figure.savefig(picture, format="png", dpi=120)
        write_bytes(folder / name, picture.getvalue())


def _write_trials(result: Result, folder: Path) -> None:
    rows = [row_of(trial, result.order) for trial in result.trials]
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(folder / TRIALS_FILE, text.getvalue())
