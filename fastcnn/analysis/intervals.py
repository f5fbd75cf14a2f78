"""Honest statistics for scores on a few hundred images: intervals and tests of differences."""

import math
from dataclasses import dataclass
from statistics import fmean, stdev

import numpy as np
import numpy.typing as npt
from scipy.stats import binomtest, fisher_exact, sem
from scipy.stats import t as student

Interval = tuple[float, float]

CONFIDENCE = 0.95
SIGNIFICANT = 0.05
"""A p-value below this counts as more than chance."""


@dataclass(frozen=True)
class Score:
    """How many images a model got right."""

    right: int
    """Images that it gets right."""
    total: int
    """All images, at least one."""

    @property
    def accuracy(self) -> float:
        """The part that is right, 0 to 1."""
        return self.right / self.total


@dataclass(frozen=True)
class PairedCounts:
    """How two models fared on the same images."""

    both_right: int
    """Images that both get right."""
    only_a: int
    """Images that only the first gets right."""
    only_b: int
    """Images that only the second gets right."""
    both_wrong: int
    """Images that both get wrong."""

    @property
    def total(self) -> int:
        """All images."""
        return self.both_right + self.only_a + self.only_b + self.both_wrong

    @property
    def difference(self) -> float:
        """Accuracy of the first less that of the second, -1 to 1."""
        return (self.only_a - self.only_b) / self.total


def wilson_interval(right: int, total: int, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's score interval of a proportion (Wilson, JASA 1927).

    Unlike the usual plus-or-minus it stays inside 0..1 and is honest near both ends.
    """
    interval = binomtest(right, total).proportion_ci(confidence, method="wilson")
    return float(interval.low), float(interval.high)


def mcnemar_p_value(counts: PairedCounts) -> float:
    """Return the p-value of McNemar's exact test (McNemar, Psychometrika 1947), two-sided.

    Only images on which the two disagree say anything; with none, the answer is 1.
    """
    disagreeing = counts.only_a + counts.only_b
    if disagreeing == 0:
        return 1.0
    return float(binomtest(counts.only_a, disagreeing, 0.5).pvalue)


def newcombe_paired_interval(counts: PairedCounts, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of a difference between two proportions of the same images.

    Method 10 of Newcombe, "Improved confidence intervals for the difference between binomial
    proportions based on paired data", Statistics in Medicine 17 (1998): the two Wilson
    intervals, combined with the correlation of the two models.
    """
    n = counts.total
    right_a = counts.both_right + counts.only_a
    right_b = counts.both_right + counts.only_b
    p_a, p_b = right_a / n, right_b / n
    low_a, high_a = wilson_interval(right_a, n, confidence)
    low_b, high_b = wilson_interval(right_b, n, confidence)
    phi = _correlation(counts)
    difference = p_a - p_b
    below = _combined(p_a - low_a, high_b - p_b, phi)
    above = _combined(high_a - p_a, p_b - low_b, phi)
    return max(-1.0, difference - below), min(1.0, difference + above)


def fisher_p_value(first: Score, second: Score) -> float:
    """Return the p-value of Fisher's exact test (Fisher, JRSS 1922), two-sided.

    How often two scores on different images differ as much or more, were the two as good.
    """
    table = [[score.right, score.total - score.right] for score in (first, second)]
    return float(fisher_exact(table).pvalue)


def newcombe_interval(first: Score, second: Score, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of a difference between two proportions of different images.

    Method 10 of Newcombe, "Interval estimation for the difference between independent
    proportions: comparison of eleven methods", Statistics in Medicine 17 (1998): the two Wilson
    intervals, combined.
    """
    (low_a, high_a), (low_b, high_b) = (
        wilson_interval(score.right, score.total, confidence) for score in (first, second)
    )
    p_a, p_b = first.accuracy, second.accuracy
    below = math.hypot(p_a - low_a, high_b - p_b)
    above = math.hypot(high_a - p_a, p_b - low_b)
    return max(-1.0, p_a - p_b - below), min(1.0, p_a - p_b + above)


def mean_interval(values: list[float], confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's interval of a mean (Biometrika 1908), None of less than two values.

    It takes the values for draws from a normal distribution, such as scores of several seeds.
    """
    if len(values) < 2:
        return None
    mean, error = fmean(values), stdev(values) / math.sqrt(len(values))
    reach = float(student.ppf((1 + confidence) / 2, len(values) - 1)) * error
    return mean - reach, mean + reach


def standard_error(values: npt.ArrayLike) -> float:
    """Return the standard error of a mean of (N,) values; of one infinity, which it cannot tell."""
    of_all = np.asarray(values, dtype=np.float64)
    return float(sem(of_all)) if len(of_all) > 1 else float("inf")


def holm(p_values: list[float]) -> list[float]:
    """Return the p-values corrected for there being several (Holm, Scand. J. Statist. 1979)."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def _combined(first: float, second: float, phi: float) -> float:
    return math.sqrt(max(0.0, first**2 - 2 * phi * first * second + second**2))


def _correlation(counts: PairedCounts) -> float:
    """Newcombe's phi, with his continuity correction where the two agree more than by chance."""
    a, b = counts.both_right, counts.only_a
    c, d = counts.only_b, counts.both_wrong
    margins = (a + b) * (c + d) * (a + c) * (b + d)
    if margins == 0:
        return 0.0
    numerator = float(a * d - b * c)
    if numerator > 0:
        numerator = max(numerator - counts.total / 2, 0.0)
    return numerator / math.sqrt(margins)
