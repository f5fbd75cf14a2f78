"""What several seeds add to a comparison, against scipy and statsmodels."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import table_of
from scipy.stats import ttest_rel

from fastcnn.analysis.comparison import compare
from fastcnn.analysis.predictions import classes_of, joined
from fastcnn.analysis.repeated import Repeated, mean_accuracy_interval, paired_difference

SECONDS = {"full": 75.4, "head": 3.21, "lp-ft": 80.0}
accuracies = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=9)


@given(accuracies)
@settings(deadline=None)
def test_the_difference_is_that_of_a_paired_t_test(pairs: list[tuple[float, float]]) -> None:
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    difference, interval = paired_difference(first, second)
    assert interval is not None
    assert difference == pytest.approx(sum(first) / len(first) - sum(second) / len(second))
    if len({a - b for a, b in pairs}) > 1:
        expected = ttest_rel(first, second).confidence_interval(0.95)
        assert interval == pytest.approx((expected.low, expected.high), abs=1e-9)
    swapped, mirrored = paired_difference(second, first)
    assert swapped == pytest.approx(-difference)
    assert mirrored == pytest.approx((-interval[1], -interval[0]))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_the_interval_of_an_accuracy_is_possible_and_holds_the_mean(values: list[float]) -> None:
    interval = mean_accuracy_interval(values)
    assert interval is not None
    assert 0 <= interval[0] <= sum(values) / len(values) + 1e-12
    assert sum(values) / len(values) - 1e-12 <= interval[1] <= 1


def test_one_seed_says_nothing_of_the_spread() -> None:
    assert mean_accuracy_interval([0.7]) is None
    assert paired_difference([0.7], [0.5]) == (pytest.approx(0.2), None)


def compared(**seed_accuracies: list[float]) -> dict[str, Any]:
    """Compare models of which the first is right on 19 of 20 images, the second on 18."""
    tables = {
        name: table_of(["a", "b"] * 10, [[0.9, 0.1], [0.1, 0.9]] * 10, ["a", "b"])
        for name in seed_accuracies
    }
    for table, n_right in zip(tables.values(), (19, 18, 17), strict=False):
        table["correct"] = [place < n_right for place in range(20)]
    result = compare(tables, SECONDS, repeated=Repeated("seed 42", seed_accuracies))
    assert result is not None
    return result


def test_the_seeds_stand_beside_the_test() -> None:
    result = compared(full=[0.75, 0.8, 0.79], head=[0.7, 0.74, 0.75])
    (pair,) = result["pairs"]
    assert pair["seeds_difference"] == pytest.approx(0.05)
    low, high = pair["seeds_difference_ci"]
    assert low == pytest.approx(0.05 - 0.0248, abs=1e-4) and high == pytest.approx(0.0748, abs=1e-4)
    assert "No detectable difference between full and head on 20 images" in result["verdict"]
    assert (
        "That is of seed 42; over 3 seeds full has +5.0 points on average against head "
        "(95 % interval +2.5 to +7.5). Cost of seed 42: full took 1 min 15 s, head took 3.2 s."
    ) in result["verdict"]


def test_seeds_that_say_otherwise_are_said_with_their_sign() -> None:
    result = compared(full=[0.75, 0.6, 0.61], head=[0.7, 0.74, 0.75])
    assert result["winner"] == "full"
    assert "over 3 seeds full has -7.7 points on average against head" in result["verdict"]


def test_each_pair_of_three_has_its_difference() -> None:
    accuracies = {"full": [0.75, 0.8], "head": [0.7, 0.74], "lp-ft": [0.65, 0.7]}
    result = compared(**accuracies)
    found = {(pair["a"], pair["b"]): pair["seeds_difference"] for pair in result["pairs"]}
    assert found == {
        ("full", "head"): pytest.approx(0.055),
        ("full", "lp-ft"): pytest.approx(0.1),
        ("head", "lp-ft"): pytest.approx(0.045),
    }
    assert result["verdict"].count("against") == 2


def test_folds_are_compared_by_their_images_alone() -> None:
    table = table_of(["a", "b"], [[0.9, 0.1], [0.8, 0.2]], ["a", "b"])
    result = compare({"full": table, "head": table}, SECONDS, repeated=Repeated("fold 1"))
    assert result is not None
    assert "seeds" not in result["verdict"] and "Cost of fold 1: " in result["verdict"]
    assert "seeds_difference" not in result["pairs"][0]


def test_tables_of_folds_are_joined_though_one_lacks_a_class() -> None:
    first = table_of(["a", "c"], [[0.9, 0.1], [0.8, 0.2]], ["a", "c"]).assign(path=["1", "2"])
    second = table_of(["b"], [[0.7, 0.3]], ["b", "c"]).assign(path=["3"])
    whole = joined([first, second])
    assert list(whole["path"]) == ["1", "2", "3"]
    assert classes_of(whole) == ["a", "b", "c"]
    assert list(whole.columns[:5]) == list(first.columns[:5])
    assert whole.filter(like="prob_").sum(axis=1).round(5).eq(1).all()
    pd.testing.assert_frame_equal(joined([first]), first)
