"""The paired bootstrap, against drawing images one by one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import table_of

from fastcnn.analysis.bootstrap import paired_bootstrap_interval
from fastcnn.analysis.comparison import compare

quick = settings(max_examples=20)
answers = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def table(right: list[bool]) -> pd.DataFrame:
    probabilities = [[0.9, 0.1] if hit else [0.1, 0.9] for hit in right]
    return table_of(["a"] * len(right), probabilities, ["a", "b"])


def by_loop(first: list[bool], second: list[bool], draws: int) -> np.ndarray:
    """Draw images with replacement and take the difference, again and again."""
    random, gaps = np.random.default_rng(9), np.subtract(first, second, dtype=int)
    drawn = [gaps[random.integers(0, len(gaps), len(gaps))].mean() for _ in range(draws)]
    return np.quantile(drawn, [0.025, 0.975])


@given(answers)
@quick
def test_it_is_an_interval_around_what_was_found(pairs: list[tuple[bool, bool]]) -> None:
    first, second = (table(list(column)) for column in zip(*pairs, strict=True))
    low, high = paired_bootstrap_interval(first, second)
    assert -1 <= low <= first["correct"].mean() - second["correct"].mean() <= high <= 1
    assert (low, high) == paired_bootstrap_interval(first, second), "the seed does not hold"
    one, other = paired_bootstrap_interval(second, first)
    assert (-other, -one) == pytest.approx((low, high), abs=2.01 / len(pairs))


def test_it_is_that_of_drawing_images_one_by_one() -> None:
    random = np.random.default_rng(1)
    first, second = random.random(150) < 0.85, random.random(150) < 0.7
    expected = by_loop(list(first), list(second), 4000)
    found = paired_bootstrap_interval(table(list(first)), table(list(second)))
    assert found == pytest.approx(tuple(expected), abs=0.014)  # two images of 150


def test_a_pair_of_the_record_has_it_beside_newcombe_s() -> None:
    better, worse = table([True] * 90 + [False] * 10), table([True] * 70 + [False] * 30)
    result = compare({"full": better, "head": worse}, {"full": 2.0, "head": 1.0})
    assert result is not None
    (pair,) = result["pairs"]
    assert pair["bootstrap_ci"] == list(paired_bootstrap_interval(better, worse))
    assert pair["bootstrap_ci"] == pytest.approx(pair["difference_ci"], abs=0.02)
