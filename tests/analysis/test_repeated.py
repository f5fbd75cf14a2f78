"""What several seeds add to a comparison, against scipy and statsmodels."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_tables import table_of
from scipy.stats import ttest_rel

from fastcnn.analysis.comparison import compare
from fastcnn.analysis.predictions import classes_of, joined
from fastcnn.analysis.repeated import Repeated, mean_accuracy_interval, paired_difference

SECONDS = {"full": 75.4, "head": 3.21, "lp-ft": 80.0}
accuracies = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=9)


@given(accuracies)
def test_the_difference_is_that_of_a_paired_t_test(pairs: list[tuple[float, float]]) -> None:
    first, second = ([pair[side] for pair in pairs] for side in (0, 1))
    difference, interval = paired_difference(first, second)
    assert difference == pytest.approx(sum(first) / len(first) - sum(second) / len(second))
    swapped, mirrored = paired_difference(second, first)
    assert swapped == pytest.approx(-difference)
    differences = [a - b for a, b in pairs]
    assert (interval is None) == (max(differences) - min(differences) <= 1e-9)
    if interval is not None and mirrored is not None:
        expected = ttest_rel(first, second).confidence_interval(0.95)
        assert interval == pytest.approx((expected.low, expected.high), abs=1e-9)
        assert mirrored == pytest.approx((-interval[1], -interval[0]))


@given(st.lists(st.floats(0, 1), min_size=2, max_size=9))
def test_the_interval_of_an_accuracy_is_possible_and_holds_the_mean(values: list[float]) -> None:
    interval = mean_accuracy_interval(values)
    if interval is None:
        assert max(values) - min(values) <= 1e-9
        return
    assert 0 <= interval[0] <= sum(values) / len(values) + 1e-12
    assert sum(values) / len(values) - 1e-12 <= interval[1] <= 1


def test_one_seed_says_nothing_of_the_spread() -> None:
    assert mean_accuracy_interval([0.7]) is None
    assert paired_difference([0.7], [0.5]) == (pytest.approx(0.2), None)


def test_what_is_the_same_every_time_has_no_interval() -> None:
    """One of no width would say that the accuracy is known exactly."""
    assert mean_accuracy_interval([0.85, 0.85, 0.85]) is None
    assert paired_difference([0.75, 0.8], [0.7, 0.75]) == (pytest.approx(0.05), None)
    result = compared(full=[0.75, 0.8, 0.79], head=[0.7, 0.75, 0.74])
    assert "full has +5.0 points against head with every one of them" in result["verdict"]


def compared(
    *, right: tuple[int, ...] = (19, 18, 17), n: int = 20, **seed_accuracies: list[float]
) -> dict[str, Any]:
    """Compare models that are right on so many of the `n` images of the first seed."""
    tables = {
        name: table_of(["a", "b"] * (n // 2), [[0.9, 0.1], [0.1, 0.9]] * (n // 2), ["a", "b"])
        for name in seed_accuracies
    }
    for table, n_right in zip(tables.values(), right, strict=False):
        table["correct"] = [place < n_right for place in range(n)]
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


def test_the_mean_over_the_seeds_decides_who_wins() -> None:
    """Not the first seed, with which the other was right more often."""
    result = compared(full=[0.95, 0.6, 0.61], head=[0.9, 0.74, 0.75])
    assert result["winner"] == "head"
    assert "over 3 seeds head has +7.7 points on average against full" in result["verdict"]
    assert "better" not in result["verdict"]


@pytest.mark.parametrize(
    ("full", "head", "winner"),
    [
        ([0.95, 0.7, 0.72], [0.65, 0.9, 0.91], "head"),  # the mean has the other sign
        ([0.95, 0.7], [0.65, 0.9], "full"),  # two seeds, of which the mean has the same sign
        ([0.95, 0.5], [0.65, 0.9], "head"),  # and not
        ([0.95, 0.7, 0.72], [0.65, 0.7, 0.71], "full"),  # the interval holds 0
    ],
)
def test_what_one_seed_shows_and_the_others_do_not_is_no_verdict(
    full: list[float], head: list[float], winner: str
) -> None:
    result = compared(right=(95, 65), n=100, full=full, head=head)
    said = result["verdict"]
    assert result["winner"] == winner and result["pairs"][0]["p_holm"] < 0.05
    if (len(full), winner) == (2, "full"):
        assert said.startswith("full is better than head: 0.950 against 0.650, +30.0 points")
        return
    assert said.startswith(
        "On seed 42 full is more accurate than head: 0.950 against 0.650, +30.0 points (95 % "
    )
    assert f"; over the {len(full)} seeds it cannot be told which is better. Over " in said
    assert f"Over {len(full)} seeds {winner} has +" in said
    assert "is better than" not in said and "That is of" not in said


def test_what_all_seeds_show_is_one() -> None:
    result = compared(right=(95, 65), n=100, full=[0.95, 0.93, 0.94], head=[0.65, 0.55, 0.61])
    assert result["winner"] == "full"
    assert result["verdict"].startswith("full is better than head: 0.950 against 0.650")
    assert "That is of seed 42; over 3 seeds full has +33.7 points" in result["verdict"]


def test_of_three_only_what_all_seeds_show_is_called_better() -> None:
    accuracies = {"full": [0.95, 0.8, 0.81], "head": [0.65, 0.85, 0.86], "lp-ft": [0.62, 0.5, 0.51]}
    result = compared(right=(95, 65, 62), n=100, **accuracies)
    said = result["verdict"]
    assert "On seed 42 full is more accurate than head" in said
    assert "full is better than lp-ft" in said
    assert "That is of seed 42; over 3 seeds full has" in said


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
