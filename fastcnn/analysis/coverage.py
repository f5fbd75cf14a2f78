"""What a model scores where it may say that it does not know.

El-Yaniv and Wiener, "On the Foundations of Noise-free Selective Classification", Journal of Machine
Learning Research 11 (2010); Geifman and El-Yaniv, "Selective Classification for Deep Neural
Networks", arXiv 1705.08500, whose measure is the same probability of the predicted class.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from fastcnn.analysis.intervals import Interval, wilson_interval
from fastcnn.analysis.predictions import probabilities_of


@dataclass(frozen=True)
class AbstainPoint:
    """What abstaining below a confidence leaves."""

    threshold: float
    """The least confidence that is answered, 0 to 1."""
    coverage: float
    """Part of the images that is answered, 0 to 1."""
    accuracy: float
    """Part of those that is right, 0 to 1."""
    n: int
    """Images that are answered."""
    accuracy_ci: Interval
    """Wilson's 95 % interval; that the threshold was chosen on the same images it cannot know."""


def coverage_curve(table: pd.DataFrame) -> pd.DataFrame:
    """Return coverage and accuracy, 0 to 1, for each threshold that tells images apart.

    Columns: threshold (rising; images of at least this confidence are answered, all of them in the
    first row), coverage (falling) and accuracy.
    """
    confidence = probabilities_of(table).max(axis=1)
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    n_right = np.cumsum(table["correct"].to_numpy(dtype=np.int64)[order])
    last = np.flatnonzero(np.append(falling[1:] != falling[:-1], True))[::-1]
    n_answered = last + 1
    return pd.DataFrame(
        {
            "threshold": falling[last],
            "coverage": n_answered / len(table),
            "accuracy": n_right[last] / n_answered,
        }
    )


def abstain_threshold(table: pd.DataFrame, accuracy: float) -> AbstainPoint | None:
    """Return the point that answers the most images at no less than this accuracy.

    Args:
        table: of predictions.
        accuracy: that is wanted of what is answered, 0 to 1.

    Returns:
        None where no threshold reaches it.
    """
    curve = coverage_curve(table)
    enough = curve[curve["accuracy"] >= accuracy]
    if enough.empty:
        return None
    threshold, coverage, reached = (float(value) for value in enough.iloc[0])
    n = round(coverage * len(table))
    return AbstainPoint(threshold, coverage, reached, n, wilson_interval(round(reached * n), n))
