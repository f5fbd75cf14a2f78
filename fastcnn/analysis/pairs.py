"""Two models on the same images."""

import pandas as pd

from fastcnn.analysis.intervals import PairedCounts


def paired_counts(first: pd.DataFrame, second: pd.DataFrame) -> PairedCounts:
    """Count how two tables of the same images agree.

    Raises:
        ValueError: the tables are not of the same images.
    """
    both = first.set_index("path")["correct"]
    other = second.set_index("path")["correct"].reindex(both.index)
    if len(first) != len(second) or other.isna().any():
        raise ValueError("the two tables are not of the same images")
    a, b = both.to_numpy(dtype=bool), other.to_numpy(dtype=bool)
    return PairedCounts(
        both_right=int((a & b).sum()),
        only_a=int((a & ~b).sum()),
        only_b=int((~a & b).sum()),
        both_wrong=int((~a & ~b).sum()),
    )
