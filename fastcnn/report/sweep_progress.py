"""How a sweep went: every trial's accuracy, and the best so far."""

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from optuna.trial import FrozenTrial, TrialState

from fastcnn.report.curves import COLOURS
from fastcnn.sweep.result import Result, state_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BLUE, ORANGE, GREEN = COLOURS[:3]
GREY = "#999999"
FARTHEST = 3.0
"""Times the height of the upper half of the scores that the lower half gets at most."""


def progress_figure(result: Result) -> "Figure":
    """Draw the accuracy of the trials over their number, and the highest until each."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 3.8), layout="constrained")
    axes: Any = figure.subplots()
    complete = [trial for trial in result.trials if trial.state == TrialState.COMPLETE]
    pruned = [one for one in result.trials if one.state == TrialState.PRUNED and one.value]
    best = list(accumulate((_percent(trial) for trial in complete), max))
    axes.plot(*_points(complete), "o", color=BLUE, markersize=5, label="complete")
    if pruned:
        axes.plot(*_points(pruned), "x", color=GREY, markersize=5, label="given up early")
    numbers = [*(trial.number for trial in complete), max(one.number for one in result.trials)]
    axes.step(
        numbers, [*best, best[-1]], where="post", color=ORANGE, linewidth=1.5, label="best so far"
    )
    _mark_failures(axes, [one.number for one in result.trials if state_of(one) == "failed"])
    low, high = shown_range([_percent(trial) for trial in [*complete, *pruned]])
    axes.set_ylim(low, high)
    axes.set(xlabel="trial", ylabel="accuracy on held-out images (%)")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_title(title_of(result), fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    axes.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def title_of(result: Result) -> str:
    """Return what stands above the pictures of a sweep."""
    n_trials = sum(result.counts[state] for state in ("complete", "pruned", "repeated"))
    return f"{result.data}: {n_trials} trials, {result.n_valid} held-out images"


def shown_range(percents: list[float]) -> tuple[float, float]:
    """Return what the axis of accuracies spans: a few very bad trials must not press the rest."""
    ordered = sorted(percents)
    top, middle = ordered[-1], ordered[len(ordered) // 2]
    low = max(ordered[0], middle - FARTHEST * max(top - middle, 1.0))
    room = 0.05 * max(top - low, 1.0)
    return low - room, top + room


def _mark_failures(axes: Any, numbers: list[int]) -> None:
    """Draw a small triangle at the foot for each trial that failed."""
    if numbers:
        foot = axes.get_xaxis_transform()
        axes.plot(numbers, [0.02] * len(numbers), "^", color=GREEN, transform=foot, label="failed")


def _points(trials: list[FrozenTrial]) -> tuple[list[int], list[float]]:
    return [trial.number for trial in trials], [_percent(trial) for trial in trials]


def _percent(trial: FrozenTrial) -> float:
    return 100 * (trial.value or 0.0)
