"""Comparing strategies: the sentence a user reads, and the numbers behind it."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.multitest import multipletests

from fastcnn.analysis.comparison import compare
from fastcnn.analysis.intervals import PairedCounts
from fastcnn.analysis.pairs import paired_counts
from fastcnn.analysis.predictions import prediction_table

SECONDS = {"full": 75.4, "head": 3.21, "lp-ft": 80.0}


def table(right: list[bool]) -> pd.DataFrame:
    """Make the table of a model that is right where `right` says so; every image is a cat."""
    paths = [f"cat_{number}.jpg" for number in range(len(right))]
    probabilities = np.array([[0.9, 0.1] if hit else [0.1, 0.9] for hit in right], np.float32)
    return prediction_table(paths, ["cat"] * len(right), probabilities, ["cat", "dog"])


def right_first(count: int, total: int) -> list[bool]:
    """Right on the first `count` images of `total`."""
    return [number < count for number in range(total)]


def test_a_cost_that_an_earlier_run_has_paid_is_said() -> None:
    same = table([True, False])
    result = compare({"full": same, "head": same}, SECONDS, found_features=["head"])
    assert result is not None
    assert result["verdict"].endswith("head took 3.2 s (features from the cache).")


def test_one_strategy_has_nothing_to_compare() -> None:
    assert compare({"full": table([True])}, {"full": 1.0}) is None


def test_equal_tables_show_no_difference_and_what_each_cost() -> None:
    same = table(right_first(15, 20))
    result = compare({"full": same, "head": same}, SECONDS)
    assert result is not None
    assert result["verdict"] == (
        "No detectable difference between full and head on 20 images (p = 1); "
        "head is the cheaper one. Cost: full took 1 min 15 s, head took 3.2 s."
    )
    (pair,) = result["pairs"]
    assert (pair["a"], pair["b"], pair["difference"]) == ("full", "head", 0)
    assert pair["difference_ci"][0] < 0 < pair["difference_ci"][1]
    assert pair["p_value"] == pair["p_holm"] == 1


def test_a_clear_difference_names_the_winner_with_its_interval() -> None:
    tables = {"full": table(right_first(90, 100)), "head": table(right_first(70, 100))}
    result = compare(tables, SECONDS)
    assert result is not None and result["winner"] == "full"
    (pair,) = result["pairs"]
    low, high = pair["difference_ci"]
    assert pair["difference"] == pytest.approx(0.2) and 0.1 < low < 0.2 < high < 0.3
    assert result["verdict"] == (
        "full is better than head: 0.900 against 0.700, +20.0 points "
        f"(95 % interval +{100 * low:.1f} to +{100 * high:.1f}, p = 1.9e-06). "
        "Cost: full took 1 min 15 s, head took 3.2 s."
    )
    assert "McNemar" in result["test"]


def test_the_order_asked_for_changes_no_finding() -> None:
    """The numbers of the pair are mirrored; winner and sentence stay."""
    full, head = table(right_first(90, 100)), table(right_first(70, 100))
    one = compare({"full": full, "head": head}, SECONDS)
    other = compare({"head": head, "full": full}, SECONDS)
    assert one is not None and other is not None
    assert one["winner"] == other["winner"] == "full"
    assert one["verdict"].split(". ")[0] == other["verdict"].split(". ")[0]
    first, mirrored = one["pairs"][0], other["pairs"][0]
    assert (mirrored["a"], mirrored["b"]) == ("head", "full")
    assert mirrored["difference"] == pytest.approx(-first["difference"])
    assert mirrored["difference_ci"] == pytest.approx([-x for x in first["difference_ci"][::-1]])
    assert mirrored["p_value"] == pytest.approx(first["p_value"])


def test_three_strategies_are_corrected_by_holm() -> None:
    """Six images apart are significant for two strategies, not for three."""
    better, worse = table(right_first(96, 100)), table(right_first(90, 100))
    two = compare({"full": better, "head": worse}, SECONDS)
    three = compare({"full": better, "head": worse, "lp-ft": worse}, SECONDS)
    assert two is not None and three is not None
    assert two["verdict"].startswith("full is better than head")
    p_values = [pair["p_value"] for pair in three["pairs"]]
    assert p_values == pytest.approx([2 / 64, 2 / 64, 1])
    corrected = multipletests(p_values, method="holm")[1]
    assert [pair["p_holm"] for pair in three["pairs"]] == pytest.approx(list(corrected))
    assert three["verdict"].startswith(
        "No detectable difference between full and head, nor between full and lp-ft on 100 images "
        "(p = 0.094); "
        "head is the cheapest of them."
    )
    names = [(pair["a"], pair["b"]) for pair in three["pairs"]]
    assert names == [("full", "head"), ("full", "lp-ft"), ("head", "lp-ft")]


def test_one_beaten_and_one_equal_are_told_apart() -> None:
    tables = {
        "head": table(right_first(60, 100)),
        "full": table(right_first(91, 100)),
        "lp-ft": table(right_first(90, 100)),
    }
    result = compare(tables, SECONDS)
    assert result is not None and result["winner"] == "full"
    better, equal, _ = result["verdict"].split(". ")
    assert better.startswith("full is better than head: 0.910 against 0.600, +31.0 points")
    assert equal == (
        "No detectable difference between full and lp-ft on 100 images (p = 1); "
        "full is the cheaper one"
    )


@pytest.mark.parametrize("cheap", ["full", "head"])
def test_a_tie_in_accuracy_goes_to_the_cheaper(cheap: str) -> None:
    """Right on different images, but on as many."""
    first = table(right_first(10, 20))
    last = table(right_first(10, 20)[::-1])
    seconds = {"full": 9.0, "head": 9.0} | {cheap: 8.0}
    result = compare({"full": first, "head": last}, seconds)
    assert result is not None and result["winner"] == cheap
    assert f"{cheap} is the cheaper one" in result["verdict"]


def test_more_accurate_wins_over_cheaper() -> None:
    """Even where the difference cannot be told from chance, which the verdict says."""
    tables = {"full": table(right_first(16, 20)), "head": table(right_first(15, 20))}
    result = compare(tables, SECONDS)
    assert result is not None and result["winner"] == "full"
    assert "head is the cheaper one" in result["verdict"]


def test_images_are_paired_by_path_not_by_row() -> None:
    full = table([True, True, False, False, False])
    head = table([True, False, True, False, False])
    expected = PairedCounts(both_right=1, only_a=1, only_b=1, both_wrong=2)
    assert paired_counts(full, head) == expected
    shuffled = head.sample(frac=1, random_state=3)
    assert shuffled["path"].tolist() != head["path"].tolist()
    assert paired_counts(full, shuffled) == expected


def test_different_images_cannot_be_compared() -> None:
    full = table([True] * 5)
    other = full.assign(path=full["path"].str.replace("cat_4", "dog_1"))
    for different in (other, full.iloc[:4], table([True] * 6)):
        with pytest.raises(ValueError, match="not of the same images"):
            compare({"full": full, "head": different}, SECONDS)
