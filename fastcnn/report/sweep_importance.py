"""Which of the searched settings the accuracy depends on."""

from typing import TYPE_CHECKING

import optuna
from optuna.trial import TrialState

from fastcnn.report.curves import COLOURS
from fastcnn.report.sweep_progress import title_of
from fastcnn.sweep.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST = 8
"""Complete trials from which on an importance means anything."""


def importances(result: Result) -> dict[str, float]:
    """Return the part of each setting in what tells good trials from others, most first.

    Of settings that not every trial has a use for it is judged among those trials that drew
    what the best one drew. Watanabe et al., "PED-ANOVA", arXiv 2304.10255, where Optuna is of
    version 5; functional ANOVA before. Empty where the trials are too few or all alike.
    """
    names = _of_the_best(result)
    having = _having(result, names)
    if len(names) < 2 or len(having) < FEWEST or len({trial.value for trial in having}) < 2:
        return {}
    try:
        found = optuna.importance.get_param_importances(result.study, params=names)
    except (ValueError, RuntimeError):  # a setting of which only one value was drawn
        return {}
    return dict(sorted(found.items(), key=lambda pair: -pair[1])) if any(found.values()) else {}


def importance_figure(result: Result, found: dict[str, float]) -> "Figure":
    """Draw a bar a setting, the most important on top."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 1.2 + 0.32 * len(found)), layout="constrained")
    axes = figure.subplots()
    names = list(found)[::-1]
    bars = axes.barh(names, [100 * found[name] for name in names], color=COLOURS[0], height=0.62)
    labels = [f"{100 * found[name]:.0f} %" for name in names]
    axes.bar_label(bars, labels, padding=4, fontsize=8)
    axes.set_xlim(0, 112 * max(found.values()))
    among = len(_having(result, list(found)))
    axes.set_xlabel(f"importance, among {among} complete trials with all of these", fontsize=9)
    axes.set_title(f"What the accuracy depends on\n{title_of(result)}", fontsize=10, loc="left")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xticks([])
    return figure


def _of_the_best(result: Result) -> list[str]:
    """Return what the best trial drew, of which more than one value was drawn."""
    best = result.best
    names = list(best.params) if best else []
    having = _having(result, names)
    return [name for name in names if len({trial.params[name] for trial in having}) > 1]


def _having(result: Result, names: list[str]) -> list["optuna.trial.FrozenTrial"]:
    complete = [trial for trial in result.trials if trial.state == TrialState.COMPLETE]
    return [trial for trial in complete if all(name in trial.params for name in names)]
