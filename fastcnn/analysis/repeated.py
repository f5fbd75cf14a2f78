"""What several trainings of each strategy add to a comparison: the mean difference over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

from fastcnn.analysis.intervals import SIGNIFICANT, Interval, mean_interval

SAME = 1e-9
"""Accuracies, and differences, that lie no farther apart are the same: they are quotients."""
ENOUGH_SEEDS = 3
"""Of fewer, Student's interval says next to nothing."""


@dataclass(frozen=True)
class Repeated:
    """That every strategy was trained several times."""

    first: str
    """The first of the repeats in words: seed 42, or fold 1."""
    seed_accuracies: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Of each strategy, the accuracy with every seed, in the same order; empty of folds, whose
    images are compared all together."""

    @property
    def n_seeds(self) -> int:
        """How many seeds are over; 0 of folds."""
        return min(map(len, self.seed_accuracies.values()), default=0)


def mean_accuracies(repeated: Repeated) -> dict[str, float]:
    """Return the mean accuracy of each strategy over the seeds, 0 to 1."""
    return {name: fmean(accuracies) for name, accuracies in repeated.seed_accuracies.items()}


def mean_accuracy_interval(accuracies: Sequence[float]) -> Interval | None:
    """Return Student's interval of a mean accuracy, as far as it lies in 0..1.

    None of one, and where all are the same: then nothing was drawn anew, or nothing that counts,
    and an interval of no width would claim that the accuracy is known.
    """
    interval = _interval(accuracies)
    return interval and (max(0.0, interval[0]), min(1.0, interval[1]))


def accuracy_margin(accuracies: Sequence[float]) -> float | None:
    """Return half the width of Student's interval, wherever that reaches; None as above."""
    interval = _interval(accuracies)
    return interval and (interval[1] - interval[0]) / 2


def paired_difference(
    first: Sequence[float], second: Sequence[float]
) -> tuple[float, Interval | None]:
    """Return the mean of the first less the second, and Student's interval of it.

    Pairs share split and seed, so what these do to both of them drops out. The interval takes the
    differences for independent, which splits of the same images are not quite: it is a little too
    narrow (Nadeau and Bengio, "Inference for the Generalization Error", Machine Learning 2003).
    It is None where all differences are the same.

    Raises:
        ValueError: there are more of one than of the other.
    """
    differences = [a - b for a, b in zip(first, second, strict=True)]
    return fmean(differences), _interval(differences)


def shown_by_first_alone(pair: Mapping[str, Any], repeated: Repeated) -> bool:
    """Return whether a pair's difference is significant with the first seed, but not over all.

    It is not where their mean has another sign, or where its interval holds 0. The interval of two
    seeds reaches so far that only their mean is asked. Folds, and one seed, have no say.

    Args:
        pair: as `add_seeds` leaves it.
        repeated: the trainings behind it.
    """
    if repeated.n_seeds < 2 or pair["p_holm"] >= SIGNIFICANT:
        return False
    if pair["difference"] * pair["seeds_difference"] <= 0:
        return True
    if pair["seeds_difference_ci"] is None:
        return False
    low, high = pair["seeds_difference_ci"]
    return repeated.n_seeds >= ENOUGH_SEEDS and low <= 0 <= high


def add_seeds(pairs: Sequence[dict[str, Any]], winner: str, repeated: Repeated) -> str | None:
    """Give each pair its difference over the seeds, and return in a sentence those of the winner.

    None of folds, and as long as there is one seed.
    """
    accuracies = repeated.seed_accuracies
    if not accuracies:
        return None
    for pair in pairs:
        difference, interval = paired_difference(accuracies[pair["a"]], accuracies[pair["b"]])
        pair |= {"seeds_difference": difference, "seeds_difference_ci": interval}
    if repeated.n_seeds < 2:
        return None
    against = [pair for pair in pairs if winner in (pair["a"], pair["b"])]
    said = " and ".join(_against(pair, winner) for pair in against)
    over = f"over {repeated.n_seeds} seeds {winner} has {said}."
    if all(shown_by_first_alone(pair, repeated) for pair in against):
        return over[0].upper() + over[1:]  # the verdict has named the first seed
    return f"That is of {repeated.first}; {over}"


def _against(pair: Mapping[str, Any], winner: str) -> str:
    is_first = pair["a"] == winner
    sign, other = (1, pair["b"]) if is_first else (-1, pair["a"])
    points = 100 * sign * pair["seeds_difference"] + 0.0  # and not -0
    if pair["seeds_difference_ci"] is None:
        return f"{points:+.1f} points against {other} with every one of them"
    low, high = sorted(100 * sign * bound for bound in pair["seeds_difference_ci"])
    return (
        f"{points:+.1f} points on average against {other} (95 % interval {low:+.1f} to {high:+.1f})"
    )


def _interval(values: Sequence[float]) -> Interval | None:
    return mean_interval(list(values)) if max(values) - min(values) > SAME else None
