"""Scores of a model and of its classes are those of scikit-learn, on any table."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import table_of, tables
from sklearn.metrics import f1_score, precision_recall_fscore_support, top_k_accuracy_score

from fastcnn.analysis.intervals import wilson_interval
from fastcnn.analysis.metrics import METRICS, metrics_of
from fastcnn.analysis.scores import all_scores, class_scores, f1, top_k_accuracy, top_losses

quick = settings(max_examples=30)


@pytest.mark.filterwarnings("ignore:'k' .* greater than or equal to 'n_classes'")
@given(tables(least_classes=3), st.integers(1, 6))
@quick
def test_top_k_is_that_of_scikit_learn(table: pd.DataFrame, k: int) -> None:
    """scikit-learn lets the last of equally likely classes win, so it gets them in reverse."""
    reverse = table.filter(like="prob_").to_numpy()[:, ::-1]
    n_classes = reverse.shape[1]
    targets = [n_classes - 1 - int(name.removeprefix("class ")) for name in table["target"]]
    expected = top_k_accuracy_score(targets, reverse, k=min(k, n_classes), labels=range(n_classes))
    assert top_k_accuracy(table, k) == pytest.approx(expected)


@given(tables())
@quick
def test_top_1_is_the_accuracy_and_more_is_never_worse(table: pd.DataFrame) -> None:
    found = [top_k_accuracy(table, k) for k in range(1, 7)]
    assert found[0] == pytest.approx(table["correct"].mean())
    assert found == sorted(found)
    assert found[-1] == 1


@given(tables())
@quick
def test_f1_is_that_of_scikit_learn(table: pd.DataFrame) -> None:
    codes = [table[name].str.removeprefix("class ").astype(int) for name in ("target", "predicted")]
    for average in ("macro", "weighted"):
        assert f1(table, average) == pytest.approx(f1_score(*codes, average=average))


@given(tables())
@quick
def test_scores_of_classes_are_those_of_scikit_learn(table: pd.DataFrame) -> None:
    scores = class_scores(table)
    occurring = sorted({*table["target"], *table["predicted"]})
    precision, recall, f1_each, n = precision_recall_fscore_support(
        table["target"], table["predicted"], labels=occurring, zero_division=np.nan
    )
    assert scores["class"].tolist() == occurring
    np.testing.assert_allclose(scores["precision"], precision)
    np.testing.assert_allclose(scores["recall"], recall)
    np.testing.assert_allclose(scores["f1"], f1_each)
    assert scores["n"].tolist() == n.tolist()
    assert scores["n_predicted"].sum() == len(table)


def test_undefined_scores_of_a_class_are_missing() -> None:
    """`a` is never predicted, `b` has no image, and `c` neither."""
    scores = class_scores(table_of(["a", "a"], [[0.1, 0.9, 0.0]] * 2, ["a", "b", "c"]))
    a, b = scores.to_dict("records")
    assert scores["class"].tolist() == ["a", "b"]
    assert np.isnan([a["precision"], a["precision_low"], b["recall"], b["recall_high"]]).all()
    assert (a["recall"], b["precision"], a["f1"], b["f1"]) == (0, 0, 0, 0)
    assert [a["recall_low"], a["recall_high"]] == list(wilson_interval(0, 2))
    assert [b["precision_low"], b["precision_high"]] == list(wilson_interval(0, 2))


def test_all_scores_hold_the_record_s_and_more() -> None:
    """Top 3 of three classes would always be 1: it is left away."""
    three = table_of(["a", "c"], [[0.5, 0.3, 0.2], [0.4, 0.5, 0.1]], ["a", "b", "c"])
    four = table_of(["a", "c"], [[0.1, 0.3, 0.2, 0.4], [0.4, 0.5, 0.1, 0.0]], list("abcd"))
    assert {*all_scores(three)} == {*METRICS, "f1_weighted"}
    assert all_scores(four)["top_3_accuracy"] == 0.5
    assert metrics_of(four).items() <= all_scores(four).items()


def test_top_losses_come_in_order_with_their_files() -> None:
    table = table_of(["a"] * 4, [[0.5, 0.5], [0.1, 0.9], [0.5, 0.5], [0.9, 0.1]], ["a", "b"])
    assert top_losses(table, 3)["path"].tolist() == [f"images/{n}.jpg" for n in (1, 0, 2)]
    assert len(top_losses(table, 9)) == 4
