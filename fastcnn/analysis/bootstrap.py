"""The bootstrap of a difference: Efron, "Bootstrap Methods: Another Look at the Jackknife" (1979).

The verdict does not rest on it; it is shown beside the test and the interval that it rests on.
"""

import numpy as np
import pandas as pd

from fastcnn.analysis.intervals import CONFIDENCE, Interval
from fastcnn.analysis.pairs import paired_counts

DRAWS = 10_000


def paired_bootstrap_interval(
    first: pd.DataFrame,
    second: pd.DataFrame,
    seed: int = 0,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the percentile interval of the first table's accuracy less the second's, -1 to 1.

    Images are drawn with replacement, for both models the same. All that the difference depends on
    is how many images only one of them gets right, so these counts are drawn, which is the same.
    Where the two agree on every image the interval is a point: no draw can show a disagreement.

    Args:
        first: table of predictions.
        second: of another model on the same images.
        seed: of the draws; the same seed gives the same interval.
        draws: how many samples of all images.
        confidence: part of the draws between the two bounds.

    Raises:
        ValueError: the tables are not of the same images.
    """
    counts = paired_counts(first, second)
    agreeing = counts.both_right + counts.both_wrong
    shares = np.array([counts.only_a, counts.only_b, agreeing]) / counts.total
    drawn = np.random.default_rng(seed).multinomial(counts.total, shares, size=draws)
    differences = (drawn[:, 0] - drawn[:, 1]) / counts.total
    outside = (1 - confidence) / 2
    low, high = np.quantile(differences, [outside, 1 - outside])
    return float(low), float(high)
