"""Coverage against accuracy, on any table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import table_of, tables

from fastcnn.analysis.coverage import abstain_threshold, coverage_curve
from fastcnn.analysis.intervals import wilson_interval

quick = settings(max_examples=30)


def confidence_of(table: pd.DataFrame) -> np.ndarray:
    return table.filter(like="prob_").max(axis=1).to_numpy(np.float64)


@given(tables())
@quick
def test_the_curve_is_that_of_a_plain_loop(table: pd.DataFrame) -> None:
    """From all images on, fewer with each step; equally sure ones go together."""
    curve, confidence = coverage_curve(table), confidence_of(table)
    assert curve["threshold"].tolist() == sorted(set(confidence))
    assert curve["coverage"].iloc[0] == 1
    assert curve["accuracy"].iloc[0] == pytest.approx(table["correct"].mean())
    assert (curve["coverage"].diff().dropna() < 0).all()
    for threshold, coverage, accuracy in curve.itertuples(index=False):
        answered = confidence >= threshold
        assert coverage == pytest.approx(answered.mean())
        assert accuracy == pytest.approx(table["correct"][answered].mean())


@given(tables(), st.floats(0, 1))
@quick
def test_the_threshold_answers_as_many_as_can_be(table: pd.DataFrame, accuracy: float) -> None:
    point, curve = abstain_threshold(table, accuracy), coverage_curve(table)
    enough = curve[curve["accuracy"] >= accuracy]
    assert (point is None) == enough.empty
    if point:
        answered = confidence_of(table) >= point.threshold
        right = int(table["correct"][answered].sum())
        assert point.coverage == pytest.approx(enough["coverage"].max())
        assert (point.n, point.accuracy) == (answered.sum(), pytest.approx(right / point.n))
        assert point.accuracy >= accuracy
        assert point.accuracy_ci == wilson_interval(right, point.n)


def test_a_threshold_by_hand() -> None:
    """Surest and right, less sure and wrong, least sure and right."""
    table = table_of(["a", "b", "a"], [[0.9, 0.1], [0.75, 0.25], [0.625, 0.375]], ["a", "b"])
    half, all_right = abstain_threshold(table, 0.6), abstain_threshold(table, 1.0)
    assert half is not None and (half.threshold, half.coverage) == (0.625, 1)
    assert all_right is not None and all_right.threshold == pytest.approx(0.9)
    assert all_right.coverage == pytest.approx(1 / 3)
    assert abstain_threshold(table_of(["b"], [[0.9, 0.1]], ["a", "b"]), 0.1) is None
