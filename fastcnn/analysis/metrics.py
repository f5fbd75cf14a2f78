"""The metrics that the record of a run holds."""

from typing import Any

import pandas as pd

from fastcnn.analysis.scores import all_scores

METRICS = (
    *("accuracy", "accuracy_ci", "error_rate", "loss", "f1_macro", "ece"),
    "majority_baseline",
)
"""Of `run.json`, by contract."""


def metrics_of(table: pd.DataFrame) -> dict[str, Any]:
    """Return the metrics of the contract, each a number in 0..1 but for the loss (in nats)."""
    scores = all_scores(table)
    return {name: scores[name] for name in METRICS}
