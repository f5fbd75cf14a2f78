"""The figures of a run by name, each a function that returns a matplotlib `Figure`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import pandas as pd

from fastcnn.analysis.calibration import reliability
from fastcnn.analysis.confusion import confusion_matrix
from fastcnn.analysis.coverage import coverage_curve
from fastcnn.errors import UsageError
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

Of = TypeVar("Of")
FigureOf = Callable[..., "Figure"]
"""Takes the name of a strategy, but for a learning curve and an ablation; left out, all are
drawn, or the winner's where a figure shows one."""
RATES = ["lr_head", "lr_body"]
"""The columns of a history that hold learning rates."""


@dataclass(frozen=True)
class RunFigures:
    """Draws what a run left."""

    run: Run
    """The run."""

    def curves(self, strategy: str | None = None) -> "Figure":
        """Draw loss and accuracy by epoch."""
        return curves_figure(self._chosen(self.histories, strategy), self.run.title)

    def rates(self, strategy: str | None = None) -> "Figure":
        """Draw the highest learning rate of head and body in each epoch.

        Raises:
            ValueError: no epoch had one, as where the head was solved.
        """
        figure = learning_rates_figure(self._chosen(self.with_rates, strategy))
        if figure is None:
            raise ValueError(f"no epoch of {strategy or 'any strategy'} had a learning rate")
        return figure

    def confusion(self, strategy: str | None = None) -> "Figure":
        """Draw which class was taken for which, of the classes that occur."""
        table = self.run.predictions(strategy)
        classes = sorted(set(table["target"]) | set(table["predicted"]))
        return confusion_figure(confusion_matrix(table, classes), classes)

    def reliability(self, strategy: str | None = None) -> "Figure":
        """Draw how often the model is right by how sure it is."""
        return reliability_figure(reliability(self.run.predictions(strategy)))

    def coverage(self, strategy: str | None = None) -> "Figure":
        """Draw accuracy against the part of the images that is answered."""
        tables = {name: self.run.predictions(name) for name in self.scored}
        chosen = self._chosen(tables, strategy)
        return coverage_figure({name: coverage_curve(table) for name, table in chosen.items()})

    def learning_curve(self) -> "Figure":
        """Draw accuracy against the number of training images."""
        return learning_curve_figure(self.run.record["learning_curve"], self.run.title)

    def repeats(self, strategy: str | None = None) -> "Figure":
        """Draw the accuracy of each seed or fold."""
        chosen = self._chosen(repeated_accuracies(self.run.record), strategy)
        return repeats_figure(chosen, repeat_noun(self.run.record))

    def ablation(self) -> "Figure":
        """Draw the accuracy of every row of an ablation."""
        return ablation_rows_figure(self.run.record["ablation"], self.run.title)

    @cached_property
    def histories(self) -> Mapping[str, pd.DataFrame]:
        """The history of each strategy that has one."""
        return {name: self.run.history(name) for name in self._with(HISTORY_FILE)}

    @property
    def with_rates(self) -> Mapping[str, pd.DataFrame]:
        """Those in which an epoch had a learning rate."""
        has_rates = {
            name: rows[RATES].notna().any(axis=None) for name, rows in self.histories.items()
        }
        return {name: rows for name, rows in self.histories.items() if has_rates[name]}

    @property
    def scored(self) -> list[str]:
        """The strategies that have a table of predictions."""
        return self._with(PREDICTIONS_FILE)

    def _with(self, file: str) -> list[str]:
        return [name for name in self.run.strategies if (self.run.path / name / file).is_file()]

    def _chosen(self, drawn: Mapping[str, Of], strategy: str | None) -> Mapping[str, Of]:
        """Return all, or that of one strategy.

        Raises:
            UsageError: the run has no such strategy, or nothing of this kind to draw of it.
        """
        if strategy is None:
            return drawn
        name = self.run.require(strategy)
        if name not in drawn:
            raise UsageError(
                f"{name} left nothing of this kind to draw",
                hint=f"it is there of {', '.join(drawn)}",
            )
        return {name: drawn[name]}


def figures_of(run: Run) -> dict[str, FigureOf]:
    """Return the figures that a run has: what is missing in its folder cannot be drawn.

    `curves`, `rates` (learning rates), `coverage` and `repeats` show all strategies or the one that
    is named, `confusion` and `reliability` the winner's or the one that is named; `learning_curve`
    and `ablation` are of the whole run.
    """
    drawn, record = RunFigures(run), run.record
    if "ablation" in record:
        return {"ablation": drawn.ablation}
    there: dict[str, tuple[FigureOf, object]] = {
        "curves": (drawn.curves, drawn.histories),
        "rates": (drawn.rates, drawn.with_rates),
        "confusion": (drawn.confusion, drawn.scored),
        "reliability": (drawn.reliability, drawn.scored),
        "coverage": (drawn.coverage, drawn.scored),
        "learning_curve": (drawn.learning_curve, record.get("learning_curve")),
        "repeats": (drawn.repeats, repeated_accuracies(record)),
    }
    return {name: figure for name, (figure, what) in there.items() if what}
