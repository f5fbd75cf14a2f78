"""Which classes are taken for which, against scikit-learn."""

from random import Random

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import table_of, tables

from fastcnn.analysis.confusion import Confusion, confusion_matrix, most_confused
from fastcnn.analysis.predictions import classes_of

quick = settings(max_examples=30)


@pytest.mark.filterwarnings("ignore:A single label was found")
@given(tables(), st.randoms(use_true_random=False))
@quick
def test_it_is_that_of_scikit_learn(table: pd.DataFrame, random: Random) -> None:
    """In the model's order, in any other, and of some classes only."""
    names, some = classes_of(table), [table["target"][0]]
    shuffled = random.sample(names, len(names))
    for classes in (names, shuffled, some):
        expected = sklearn.metrics.confusion_matrix(
            table["target"], table["predicted"], labels=classes
        )
        found = confusion_matrix(table, classes)
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(confusion_matrix(table), confusion_matrix(table, names))


@given(tables(), st.integers(0, 3))
@quick
def test_most_confused_are_all_mistakes_the_most_frequent_first(
    table: pd.DataFrame, min_count: int
) -> None:
    pairs = most_confused(table, min_count)
    wrong = table[~table["correct"]].groupby(["target", "predicted"]).size()
    expected = wrong[wrong >= max(min_count, 1)]
    assert {(pair.target, pair.predicted): pair.count for pair in pairs} == expected.to_dict()
    assert [pair.count for pair in pairs] == sorted((pair.count for pair in pairs), reverse=True)
    assert all(0 < pair.share_of_target <= 1 for pair in pairs)


def test_of_equally_frequent_ones_the_greater_part_comes_first() -> None:
    as_a, as_b = [0.9, 0.1, 0.0], [0.1, 0.9, 0.0]
    table = table_of(["a", "a", "b", "c"], [as_b, as_a, as_b, as_a], ["a", "b", "c"])
    assert most_confused(table) == [Confusion("c", "a", 1, 1.0), Confusion("a", "b", 1, 0.5)]
