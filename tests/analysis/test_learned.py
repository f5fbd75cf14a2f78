"""Whether anything was learned at all, against answering the commonest class."""

import pandas as pd
import pytest
from hypothesis import given, settings
from random_tables import table_of, tables
from scipy.stats import binom

from fastcnn.analysis.comparison import compare
from fastcnn.analysis.learned import learned_nothing, nothing_learned_sentence
from fastcnn.analysis.metrics import metrics_of

quick = settings(max_examples=25)
SECONDS = {"full": 9.0, "head": 1.0}


def table(n_right: int, n_wrong: int, n_other: int) -> pd.DataFrame:
    """Images of `a`, some of them taken for `b`, and images of `b` that are all right."""
    as_a, as_b = [0.9, 0.1], [0.1, 0.9]
    targets = ["a"] * (n_right + n_wrong) + ["b"] * n_other
    return table_of(targets, [as_a] * n_right + [as_b] * (n_wrong + n_other), ["a", "b"])


@given(tables())
@quick
def test_it_is_the_one_sided_exact_binomial_test(table: pd.DataFrame) -> None:
    n, right = len(table), int(table["correct"].sum())
    share = table["target"].value_counts().iloc[0] / n
    as_many_by_chance = float(binom.sf(right - 1, n, share))
    expected = share < 1 and as_many_by_chance >= 0.05
    assert learned_nothing(table) == expected
    assert (nothing_learned_sentence(metrics_of(table), n) is None) == (not expected)


def test_always_answering_the_commonest_class_is_nothing() -> None:
    said = nothing_learned_sentence(metrics_of(table(70, 0, 0)) | {"majority_baseline": 0.7}, 70)
    assert said is None
    constant = table_of(["a"] * 70 + ["b"] * 30, [[0.9, 0.1]] * 100, ["a", "b"])
    assert nothing_learned_sentence(metrics_of(constant), 100) == (
        "Nothing was learned that accuracy shows: 0.700 on 100 images, where always answering the "
        "commonest class scores 0.700 (the majority baseline)."
    )


def test_a_little_better_may_be_chance_and_is_said_so() -> None:
    """No proof of nothing: with more images the same accuracy would be something."""
    few, many = table(6, 1, 3), table(600, 100, 300)
    said = nothing_learned_sentence(metrics_of(few), len(few))
    assert said is not None and said.startswith(
        "Perhaps nothing was learned: accuracy 0.900 on 10 images may be chance (p = 0.15)"
    )
    assert not learned_nothing(many)


@pytest.mark.parametrize("right", [0, 5, 10])
def test_images_of_one_class_cannot_tell(right: int) -> None:
    assert not learned_nothing(table(right, 10 - right, 0))


def test_the_verdict_of_a_comparison_begins_with_it() -> None:
    something = table(50, 0, 50)
    mixed = something.assign(correct=[True] * 50 + [False] * 50)
    both = compare({"full": mixed, "head": mixed}, SECONDS)
    one = compare({"full": mixed, "head": something}, SECONDS)
    assert both is not None and one is not None
    assert both["verdict"].startswith(
        "Nothing was learned that accuracy shows: full 0.500 and head 0.500 on 100 images, where "
        "always answering the commonest class scores 0.500 (the majority baseline). "
        "No detectable difference"
    )
    assert one["verdict"].startswith(
        "Nothing was learned that accuracy shows: full 0.500 on 100 images, where always "
        "answering the commonest class scores 0.500 (the majority baseline). head is better"
    )
