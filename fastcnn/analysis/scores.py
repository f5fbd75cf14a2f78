"""The scores of one model and of each class, from its table of predictions."""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.metrics import f1_score

from fastcnn.analysis.calibration import expected_calibration_error
from fastcnn.analysis.confusion import confusion_matrix
from fastcnn.analysis.intervals import wilson_interval
from fastcnn.analysis.predictions import classes_of, places_of, probabilities_of

TOPS = (3, 5)
"""The k of the top-k accuracies that are reported where there are more classes than that."""

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def all_scores(table: pd.DataFrame) -> dict[str, Any]:
    """Return every score of a table, each in 0..1 but for the loss (in nats).

    `top_3_accuracy` and `top_5_accuracy` are there where the table has more classes than that.
    """
    right, total = int(table["correct"].sum()), len(table)
    n_classes = len(classes_of(table))
    return {
        "accuracy": right / total,
        "accuracy_ci": list(wilson_interval(right, total)),
        "error_rate": 1 - right / total,
        "loss": float(table["loss"].mean()),
        "f1_macro": f1(table, "macro"),
        "f1_weighted": f1(table, "weighted"),
        "ece": expected_calibration_error(table),
        "majority_baseline": float(table["target"].value_counts().iloc[0] / total),
        **{f"top_{k}_accuracy": top_k_accuracy(table, k) for k in TOPS if k < n_classes},
    }


def top_k_accuracy(table: pd.DataFrame, k: int) -> float:
    """Return the share of images whose class is among the `k` that the model finds likeliest.

    Of classes that are equally likely the first counts as likelier, as in `predicted`, so that
    the answer for 1 is the accuracy.
    """
    probabilities = probabilities_of(table)
    target = places_of(table["target"], classes_of(table))
    own = np.take_along_axis(probabilities, target[:, None], axis=1)
    is_before = np.arange(probabilities.shape[1]) < target[:, None]
    n_likelier = ((probabilities > own) | ((probabilities == own) & is_before)).sum(axis=1)
    return float((n_likelier < k).mean())


def f1(table: pd.DataFrame, average: Literal["macro", "weighted"]) -> float:
    """Return the mean F1 over the classes that have an image or a prediction, 0 to 1.

    Args:
        table: of predictions.
        average: macro gives every class the same weight, weighted as much as it has images.
    """
    return float(f1_score(table["target"], table["predicted"], average=average, zero_division=0))


def class_scores(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each class that has an image or a prediction, in the model's order.

    Columns: class, n (images), n_predicted, precision, recall and f1, each 0 to 1, and Wilson's
    95 % interval of the first two (precision_low, precision_high, recall_low, recall_high). NaN is
    the precision of a class that was never predicted, and the recall of one without images.
    """
    confusion = confusion_matrix(table)
    right, n, n_predicted = np.diag(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    precision, precision_low, precision_high = _proportions(right, n_predicted)
    recall, recall_low, recall_high = _proportions(right, n)
    occurs = n + n_predicted > 0
    scores = pd.DataFrame(
        {
            "class": classes_of(table),
            "n": n,
            "n_predicted": n_predicted,
            "precision": precision,
            "precision_low": precision_low,
            "precision_high": precision_high,
            "recall": recall,
            "recall_low": recall_low,
            "recall_high": recall_high,
            "f1": 2 * right / np.maximum(n + n_predicted, 1),
        }
    )
    occurring: pd.DataFrame = scores[occurs]
    return occurring.reset_index(drop=True)


def top_losses(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the `n` rows with the greatest loss, the greatest first; equal ones as they stand."""
    return table.nlargest(n, "loss", keep="first")


def _proportions(right: Counts, total: Counts) -> tuple[Floats, Floats, Floats]:
    """Return each proportion with the bounds of its interval, NaN where nothing was counted."""
    nothing = (np.nan, np.nan, np.nan)
    rows = [
        (hits / count, *wilson_interval(hits, count)) if count else nothing
        for hits, count in zip(right.tolist(), total.tolist(), strict=True)
    ]
    proportion, low, high = np.array(rows, dtype=np.float64).T
    return proportion, low, high
