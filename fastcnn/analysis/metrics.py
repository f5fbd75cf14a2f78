"""The scores of one model, from its table of predictions."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score

from fastcnn.analysis.intervals import wilson_interval
from fastcnn.analysis.predictions import classes_of

BINS = 15
"""Bins of the calibration error, as in Guo et al."""


def metrics_of(table: pd.DataFrame) -> dict[str, Any]:
    """Return the metrics of the contract, each a number in 0..1 but for the loss (in nats)."""
    right, total = int(table["correct"].sum()), len(table)
    return {
        "accuracy": right / total,
        "accuracy_ci": list(wilson_interval(right, total)),
        "error_rate": 1 - right / total,
        "loss": float(table["loss"].mean()),
        "f1_macro": float(
            f1_score(table["target"], table["predicted"], average="macro", zero_division=0)
        ),
        "ece": expected_calibration_error(table),
        "majority_baseline": float(table["target"].value_counts().iloc[0] / total),
    }


def expected_calibration_error(table: pd.DataFrame, bins: int = BINS) -> float:
    """Return how far confidence and accuracy lie apart, 0 to 1, over bins of equal width.

    Guo et al., "On Calibration of Modern Neural Networks", arXiv 1706.04599: in each bin of
    confidence, the distance between mean confidence and accuracy, weighted by its images.
    """
    columns = [f"prob_{name}" for name in classes_of(table)]
    confidence = table[columns].to_numpy(dtype=float).max(axis=1)
    correct = table["correct"].to_numpy(dtype=float)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    gaps = np.bincount(place, weights=confidence - correct, minlength=bins)
    return float(np.abs(gaps).sum() / len(table))
