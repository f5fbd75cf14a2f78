"""The figures of a run by name, each a function that returns a matplotlib `Figure`."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from fastcnn.analysis.calibration import reliability
from fastcnn.analysis.confusion import confusion_matrix
from fastcnn.analysis.coverage import coverage_curve
from fastcnn.report.curves import curves_figure
from fastcnn.report.figures.ablation import ablation_rows_figure
from fastcnn.report.figures.calibration import coverage_figure, reliability_figure
from fastcnn.report.figures.classes import confusion_figure
from fastcnn.report.figures.rates import learning_rates_figure
from fastcnn.report.figures.repeats import repeat_noun, repeated_accuracies, repeats_figure
from fastcnn.report.learning_curve import learning_curve_figure
from fastcnn.run_folder import HISTORY_FILE, PREDICTIONS_FILE, Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FigureOf = Callable[..., "Figure"]
"""Takes the name of a strategy where there is one to choose; the winner's if left out."""


def figures_of(run: Run) -> dict[str, FigureOf]:
    """Return the figures that a run has: what is missing in its folder cannot be drawn.

    `curves`, `rates` (learning rates) and `coverage` show all strategies, `confusion` and
    `reliability` one; `learning_curve`, `repeats` and `ablation` are there where the run has them.
    """
    if "ablation" in run.record:
        return {"ablation": lambda: ablation_rows_figure(run.record["ablation"], run.title)}
    names = run.strategies
    histories = {name: run.history(name) for name in names if _has(run, name, HISTORY_FILE)}
    scored = [name for name in names if _has(run, name, PREDICTIONS_FILE)]
    figures: dict[str, FigureOf] = {}
    if histories:
        figures["curves"] = lambda: curves_figure(histories, run.title)
    rates = {name: rows for name, rows in histories.items() if rows[RATES].notna().any(axis=None)}
    if rates:
        figures["rates"] = lambda: _rates(rates)
    if scored:
        figures["confusion"] = lambda strategy=None: _confusion(run.predictions(strategy))
        figures["reliability"] = lambda strategy=None: reliability_figure(
            reliability(run.predictions(strategy))
        )
        figures["coverage"] = lambda: coverage_figure(
            {name: coverage_curve(run.predictions(name)) for name in scored}
        )
    return figures | _of_repeats(run)


RATES = ["lr_head", "lr_body"]
"""The columns of a history that hold learning rates."""


def _has(run: Run, strategy: str, file: str) -> bool:
    return (run.path / strategy / file).is_file()


def _rates(histories: Mapping[str, pd.DataFrame]) -> "Figure":
    figure = learning_rates_figure(histories)
    if figure is None:  # as `figures_of` has seen to
        raise ValueError("no epoch had a learning rate")
    return figure


def _confusion(table: pd.DataFrame) -> "Figure":
    occurring = set(table["target"]) | set(table["predicted"])
    classes = sorted(occurring)
    return confusion_figure(confusion_matrix(table, classes), classes)


def _of_repeats(run: Run) -> dict[str, FigureOf]:
    figures: dict[str, FigureOf] = {}
    if curve := run.record.get("learning_curve"):
        figures["learning_curve"] = lambda: learning_curve_figure(curve, run.title)
    if accuracies := repeated_accuracies(run.record):
        noun = repeat_noun(run.record)
        figures["repeats"] = lambda: repeats_figure(accuracies, noun)
    return figures
