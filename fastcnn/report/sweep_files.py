"""What a sweep leaves in its folder: `trials.csv`, `best.json`, and three pictures."""

from fastcnn.files import write_csv, write_json
from fastcnn.report.pictures import write_figure
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
    rows = [row_of(trial, result.order) for trial in result.trials]
    write_csv(folder / TRIALS_FILE, rows[0], rows)
    best = result.best
    if best is None:
        return
    write_json(folder / BEST_FILE, best_document(result, best))
    figures = {PROGRESS_FILE: progress_figure(result), PARALLEL_FILE: parallel_figure(result)}
    if found := importances(result):
        figures[IMPORTANCE_FILE] = importance_figure(result, found)
    for name, figure in figures.items():
        write_figure(figure, folder / name)
