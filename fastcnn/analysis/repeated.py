"""What several trainings of each strategy add to a comparison: the mean difference over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from fastcnn.analysis.intervals import Interval, mean_interval


@dataclass(frozen=True)
class Repeated:
    """That every strategy was trained several times."""

    first: str
    """The first of the repeats in words: seed 42, or fold 1."""
    seed_accuracies: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Of each strategy, the accuracy with every seed, in the same order; empty of folds, whose
    images are compared all together."""


def mean_accuracy_interval(accuracies: Sequence[float]) -> Interval | None:
    """Return Student's interval of a mean accuracy, as far as it lies in 0..1; None of one."""
    interval = mean_interval(list(accuracies))
    return interval and (max(0.0, interval[0]), min(1.0, interval[1]))


def paired_difference(
    first: Sequence[float], second: Sequence[float]
) -> tuple[float, Interval | None]:
    """Return the mean of the first less the second, and Student's interval of it.

    Pairs share split and seed, so what these do to both of them drops out. The interval takes the
    differences for independent, which splits of the same images are not quite: it is a little too
    narrow (Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 2003).

    Raises:
        ValueError: there are more of one than of the other.
    """
    differences = [a - b for a, b in zip(first, second, strict=True)]
    return fmean(differences), mean_interval(differences)


def add_seeds(pairs: Sequence[dict[str, Any]], winner: str, repeated: Repeated) -> str | None:
    """Give each pair its difference over the seeds, and return in a sentence those of the winner.

    None of folds, and as long as there is one seed.
    """
    accuracies = repeated.seed_accuracies
    if not accuracies:
        return None
    said = []
    for pair in pairs:
        difference, interval = paired_difference(accuracies[pair["a"]], accuracies[pair["b"]])
        pair |= {"seeds_difference": difference, "seeds_difference_ci": interval}
        if interval and winner in (pair["a"], pair["b"]):
            said.append(_against(pair, winner))
    if not said:
        return None
    n_seeds = len(accuracies[winner])
    return f"That is of {repeated.first}; over {n_seeds} seeds {winner} has {' and '.join(said)}."


def _against(pair: Mapping[str, Any], winner: str) -> str:
    is_first = pair["a"] == winner
    sign, other = (1, pair["b"]) if is_first else (-1, pair["a"])
    low, high = sorted(100 * sign * bound for bound in pair["seeds_difference_ci"])
    points = 100 * sign * pair["seeds_difference"] + 0.0  # and not -0
    return (
        f"{points:+.1f} points on average against {other} (95 % interval {low:+.1f} to {high:+.1f})"
    )
