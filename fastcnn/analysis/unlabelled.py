"""What can be told of images whose classes nobody has said."""

import numpy as np
import pandas as pd

from fastcnn.analysis.predictions import classes_of, probabilities_of


def predicted_counts(table: pd.DataFrame) -> dict[str, int]:
    """Return how many images each class was predicted for, the most first, 0 for some at the end.

    Args:
        table: with the columns `predicted` and `prob_<class>`.
    """
    counts = table["predicted"].value_counts()
    found = {name: int(counts.get(name, 0)) for name in classes_of(table)}
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def least_sure(table: pd.DataFrame, n: int) -> pd.DataFrame:
    """Return the `n` images whose likeliest class is the least likely, the least sure first.

    Columns: path, predicted, probability, second and second_probability (the next likeliest class;
    None and NaN where the model knows one class only). Equally sure ones stand as in the table.
    """
    probabilities, names = probabilities_of(table), classes_of(table)
    rows = np.argsort(probabilities.max(axis=1), kind="stable")[:n]
    ranked = np.argsort(-probabilities[rows], axis=1, kind="stable")
    found = table.iloc[rows][["path", "predicted"]].reset_index(drop=True)
    found["probability"] = probabilities[rows].max(axis=1)
    second = ranked[:, 1] if len(names) > 1 else None
    return found.assign(
        second=None if second is None else np.asarray(names, dtype=object)[second],
        second_probability=np.nan if second is None else probabilities[rows, second],
    )
