"""What a learning curve says: would more images help, and would more training?

The numbers behind it are which held-out images heads get right that learned from ever larger
subsets of the training images, several random ones of each size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import t as student

from fastcnn.analysis.intervals import CONFIDENCE, Interval
from fastcnn.analysis.learned import nothing_learned_sentence
from fastcnn.analysis.repeated import mean_accuracy_interval

LEVEL = 0.02
"""A doubling that brings less, surely, is called level: two images of a hundred."""
LOW_TRAINING_ACCURACY = 0.95
"""Below, a head does not even fit what it learned from."""

Right = npt.NDArray[np.bool_]
"""Which held-out images heads get right: (draws, images)."""


@dataclass(frozen=True)
class CurvePoint:
    """Heads that learned from equally many images."""

    n: int
    """How many; where groups stay whole, as near to it as they come."""
    share: float
    """Of all training images, 0 to 1."""
    right: Right
    """Which held-out images each gets right, (draws, images); a draw is a subset of this size."""
    training_accuracies: tuple[float, ...]
    """Part of its own training images that each gets right, 0 to 1."""

    @property
    def accuracies(self) -> list[float]:
        """Part of the held-out images that each gets right."""
        return [float(accuracy) for accuracy in self.right.mean(axis=1)]

    def to_json(self) -> dict[str, Any]:
        """Return what the record says of it; the interval is over the draws."""
        return {
            "n": self.n,
            "share": round(self.share, 4),
            "accuracies": self.accuracies,
            "accuracy": fmean(self.accuracies),
            "accuracy_ci": mean_accuracy_interval(self.accuracies),
            "training_accuracy": fmean(self.training_accuracies),
        }


def describe_curve(points: Sequence[CurvePoint], majority_baseline: float) -> dict[str, Any]:
    """Return the record's `learning_curve`.

    Args:
        points: in rising order, the last of all training images.
        majority_baseline: part of the held-out images that are of the commonest class.
    """
    half, last = half_of(points), points[-1]
    gain, interval = doubling_gain(half.right, last.right) if half else (None, None)
    n_valid = last.right.shape[1]
    metrics = {"accuracy": fmean(last.accuracies), "majority_baseline": majority_baseline}
    said = f"{_more_images(last, gain, interval)} {_more_training(last)}"
    if nothing := nothing_learned_sentence(metrics, n_valid):
        said = f"{nothing} So the curve cannot say what more images would bring."
    return {
        "strategy": "head",
        "n_valid": n_valid,
        "points": [point.to_json() for point in points],
        "doubling_gain": gain,
        "doubling_gain_ci": interval,
        "verdict": said,
    }


def half_of(points: Sequence[CurvePoint]) -> CurvePoint | None:
    """Return the point of half of the images; of few images there is none."""
    half = round(points[-1].n / 2)
    return next((point for point in points[:-1] if point.n == half), None)


def doubling_gain(half: Right, whole: Right) -> tuple[float, Interval]:
    """Return what the second half of the training images brought, and its 95 % interval.

    The interval is for other draws of the half and for other held-out images, both at once: the
    variances of the two add up, and their degrees of freedom are Satterthwaite's ("An Approximate
    Distribution of Estimates of Variance Components", Biometrics 1946). Two images are added of
    which one speaks for and one against, so that few images do not look certain: Bonett and Price,
    "Adjusted Wald Confidence Interval for a Difference of Binomial Proportions Based on Paired
    Data", Journal of Educational and Behavioral Statistics 2012.

    Args:
        half: of heads that learned from half of the images, (draws, images), two draws at least.
        whole: of the head that learned from all, (1, images).
    """
    gains = whole.astype(float) - half
    n_draws, n_images = gains.shape
    by_draw, by_image = gains.mean(axis=1), np.append(gains.mean(axis=0), (1.0, -1.0))
    parts = (by_draw.var(ddof=1) / n_draws, by_image.var() / len(by_image))
    freedom = sum(parts) ** 2 / (parts[0] ** 2 / (n_draws - 1) + parts[1] ** 2 / (n_images + 1))
    reach = float(student.ppf((1 + CONFIDENCE) / 2, freedom)) * math.sqrt(sum(parts))
    centre = float(by_image.mean())
    return float(gains.mean()), (max(-1.0, centre - reach), min(1.0, centre + reach))


def _more_images(last: CurvePoint, gain: float | None, interval: Interval | None) -> str:
    if gain is None or interval is None:
        return f"The {last.n} images to learn from are too few for half of them to say anything."
    low, high = interval
    brought = (
        f"the second half of the {last.n:,} training images brought {100 * gain:+.1f} points "
        f"(95 % interval {100 * low:+.1f} to {100 * high:+.1f})"
    )
    if low > 0:
        return f"More images would help: {brought}."
    if high < LEVEL:
        return f"It has levelled off: {brought}, so more of the same kind would help little."
    leaning = "More images may help" if gain > 0 else "More images may bring little"
    n_valid = last.right.shape[1]
    return f"{leaning}, but {n_valid:,} held-out ones are too few to tell: {brought}."


def _more_training(last: CurvePoint) -> str:
    learned, held_out = fmean(last.training_accuracies), fmean(last.accuracies)
    if learned < LOW_TRAINING_ACCURACY and 2 * (1 - learned) >= 1 - held_out:
        return (
            f"The head gets only {learned:.3f} of the images right that it learned from: the "
            "features of the frozen body are the limit, and fine-tuning (--strategy full) may go "
            "further."
        )
    return (
        f"The head gets {learned:.3f} of the images right that it learned from, and {held_out:.3f} "
        "of the held-out ones: it has capacity enough, and longer training would not close the gap."
    )
