"""Whether a model is as sure as it is right, and one number that mends it.

Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", arXiv 1706.04599.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from fastcnn.analysis.intervals import standard_error
from fastcnn.analysis.predictions import SMALLEST, classes_of, places_of, probabilities_of

BINS = 15
"""Bins of the calibration error, as in Guo et al."""
COLDEST, HOTTEST = 0.05, 20.0
"""The temperatures among which one is sought: where a model is always right, none is the best."""

SURE = 2.0
"""Standard errors by which the loss must fall to count."""

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ConfidenceBin:
    """The images of which a model was about equally sure."""

    low: float
    """Their confidence is above this, 0 to 1,"""
    high: float
    """and this at most."""
    n: int
    """How many there are."""
    confidence: float
    """Their mean confidence, the probability of the predicted class; NaN without images."""
    accuracy: float
    """Part of them that is right, 0 to 1; NaN without images."""


@dataclass(frozen=True)
class Calibration:
    """What temperature scaling does to a model's probabilities."""

    temperature: float
    """Divides the logits: above 1 the model was too sure, below 1 not sure enough."""
    ece_before: float
    """Expected calibration error as the model stands, 0 to 1."""
    ece_after: float
    """The same with scaled probabilities, on images to which the temperature was not fitted."""
    loss_before: float
    """Mean negative log-likelihood as the model stands, in nats."""
    loss_after: float
    """The same with scaled probabilities, on images to which the temperature was not fitted."""
    gain_error: float
    """Standard error of `loss_before - loss_after`, from the differences of single images."""

    @property
    def is_more_than_chance(self) -> bool:
        """Whether scaling lowers the loss by more than two standard errors.

        The calibration error cannot tell: of few images it is far from 0 by chance alone.
        """
        return self.loss_before - self.loss_after > SURE * self.gain_error


def reliability(table: pd.DataFrame, bins: int = BINS) -> list[ConfidenceBin]:
    """Return the bins of a reliability diagram, of equal width from 0 to 1, empty ones too."""
    probabilities = probabilities_of(table)
    return _bins(probabilities.max(axis=1), table["correct"].to_numpy(dtype=float), bins)


def expected_calibration_error(table: pd.DataFrame, bins: int = BINS) -> float:
    """Return how far confidence and accuracy lie apart, 0 to 1, over bins of equal width.

    Equation 3 of Guo et al.: in each bin of confidence, the distance between mean confidence and
    accuracy, weighted by its images.
    """
    return _error(reliability(table, bins))


def fit_temperature(probabilities: npt.ArrayLike, targets: npt.ArrayLike) -> float:
    """Return the temperature that makes the loss of these images the least, 0.05 to 20.

    Args:
        probabilities: (N, C), rows that add up to 1.
        targets: (N,), the number of each image's class.

    Returns:
        1.0, which changes nothing, where there are no images or no temperature is better.
    """
    logits = _log(np.asarray(probabilities, dtype=np.float64))
    places = np.asarray(targets, dtype=np.int64)
    if not len(places):
        return 1.0
    # The loss is convex in 1/T, so that the one valley in log T is the lowest.
    found = minimize_scalar(
        lambda exponent: _loss(logits / np.exp(exponent), places),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
    )
    return float(np.exp(found.x)) if found.fun < _loss(logits, places) else 1.0


def scaled(probabilities: npt.ArrayLike, temperature: float) -> Floats:
    """Return the probabilities, (N, C), that the logits divided by a temperature give."""
    logits = _log(np.asarray(probabilities, dtype=np.float64))
    return np.exp(_log_probabilities(logits / temperature))


def calibrate(table: pd.DataFrame, other: pd.DataFrame | None = None, seed: int = 0) -> Calibration:
    """Return what temperature scaling does to the scores of `table`.

    No image is scored by a temperature that it helped to fit. With `other` the temperature is
    fitted there; else each half of the table, dealt out class by class, is scored by that of the
    other half, and the temperature to use is that of all images.

    Args:
        table: of predictions, what is scored.
        other: of the same model on other images, for example the validation part where `table` is
            the test part.
        seed: deals the images out to the two halves.
    """
    probabilities, targets = probabilities_of(table), _targets(table)
    if other is None:
        temperature = fit_temperature(probabilities, targets)
        after = _cross_scaled(probabilities, targets, seed)
    else:
        temperature = fit_temperature(probabilities_of(other), _targets(other))
        after = scaled(probabilities, temperature)
    correct = table["correct"].to_numpy(dtype=float)
    before, rest = _losses(_log(probabilities), targets), _losses(_log(after), targets)
    return Calibration(
        temperature=temperature,
        ece_before=_error(_bins(probabilities.max(axis=1), correct, BINS)),
        ece_after=_error(_bins(after.max(axis=1), correct, BINS)),
        loss_before=float(before.mean()),
        loss_after=float(rest.mean()),
        gain_error=standard_error(before - rest),
    )


def _cross_scaled(probabilities: Floats, targets: Integers, seed: int) -> Floats:
    """Return the probabilities of each half, scaled by the temperature of the other."""
    shuffled = np.random.default_rng(seed).permutation(len(targets))
    by_class = shuffled[np.argsort(targets[shuffled], kind="stable")]
    after = np.empty_like(probabilities)
    for own, other in ((by_class[::2], by_class[1::2]), (by_class[1::2], by_class[::2])):
        temperature = fit_temperature(probabilities[other], targets[other])
        after[own] = scaled(probabilities[own], temperature)
    return after


def _bins(confidence: Floats, correct: Floats, bins: int) -> list[ConfidenceBin]:
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    n = np.bincount(place, minlength=bins)
    filled = np.where(n, n, np.nan)
    means = np.bincount(place, confidence, bins) / filled
    accuracies = np.bincount(place, correct, bins) / filled
    return [
        ConfidenceBin(i / bins, (i + 1) / bins, int(n[i]), float(means[i]), float(accuracies[i]))
        for i in range(bins)
    ]


def _error(bins: list[ConfidenceBin]) -> float:
    gaps = [one.n * abs(one.confidence - one.accuracy) for one in bins if one.n]
    return float(sum(gaps) / sum(one.n for one in bins))


def _targets(table: pd.DataFrame) -> Integers:
    return places_of(table["target"], classes_of(table))


def _log(probabilities: Floats) -> Floats:
    """Return logits that give these probabilities; float32 may have rounded some to 0."""
    return np.asarray(np.log(np.maximum(probabilities, SMALLEST)))


def _log_probabilities(logits: Floats) -> Floats:
    return np.asarray(log_softmax(logits, axis=1))


def _loss(logits: Floats, targets: Integers) -> float:
    return float(_losses(logits, targets).mean())


def _losses(logits: Floats, targets: Integers) -> Floats:
    """Return the negative log-likelihood of each image, (N,), in nats."""
    return np.asarray(-_log_probabilities(logits)[np.arange(len(targets)), targets])
