"""The table of predictions and the scores that derive from it, against scikit-learn and loops."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_tables import table_of, tables
from sklearn.metrics import accuracy_score, f1_score, log_loss

from fastcnn.analysis.calibration import expected_calibration_error
from fastcnn.analysis.intervals import wilson_interval
from fastcnn.analysis.metrics import metrics_of
from fastcnn.analysis.predictions import classes_of, write_table

METRICS = ["accuracy", "accuracy_ci", "error_rate", "loss", "f1_macro", "ece", "majority_baseline"]
quick = settings(max_examples=30)


def ece_by_loop(confidence: npt.NDArray[np.float64], correct: list[bool], bins: int) -> float:
    """Guo et al., equation 3, word by word."""
    total = 0.0
    for number in range(bins):
        low, high = number / bins, (number + 1) / bins
        members = [i for i, value in enumerate(confidence) if low < value <= high]
        if members:
            accuracy = sum(correct[i] for i in members) / len(members)
            mean = sum(confidence[i] for i in members) / len(members)
            total += len(members) / len(correct) * abs(accuracy - mean)
    return total


@given(tables())
@quick
def test_metrics_are_those_of_scikit_learn(table: pd.DataFrame) -> None:
    """Classes that never occur are left out of the macro F1, as scikit-learn's default does."""
    metrics = metrics_of(table)
    accuracy = accuracy_score(table["target"], table["predicted"])
    f1 = f1_score(table["target"], table["predicted"], average="macro")
    assert list(metrics) == METRICS
    assert metrics["accuracy"] == pytest.approx(accuracy)
    assert metrics["error_rate"] == pytest.approx(1 - accuracy)
    assert metrics["f1_macro"] == pytest.approx(f1)
    assert metrics["accuracy_ci"] == list(wilson_interval(table["correct"].sum(), len(table)))


@given(tables(), st.sampled_from([1, 10, 15]))
@quick
def test_calibration_error_is_that_of_a_plain_loop(table: pd.DataFrame, bins: int) -> None:
    confidence = table.filter(like="prob_").max(axis=1).to_numpy(np.float64)
    by_loop = ece_by_loop(confidence, table["correct"].tolist(), bins)
    assert expected_calibration_error(table, bins) == pytest.approx(by_loop, abs=1e-9)
    assert metrics_of(table)["ece"] == pytest.approx(expected_calibration_error(table, 15))


def test_calibration_error_by_hand() -> None:
    """Sure and always right: 0. Sure and always wrong: 1. 0.8 sure and half right: 0.3."""
    sure, rather = [1.0, 0.0], [0.8, 0.2]
    right = table_of(["a", "a"], [sure, sure], ["a", "b"])
    wrong = table_of(["b", "b"], [sure, sure], ["a", "b"])
    half = table_of(["a", "b"], [rather, rather], ["a", "b"])
    errors = [expected_calibration_error(table) for table in (right, wrong, half)]
    assert errors == pytest.approx([0, 1, 0.3], abs=1e-6)


@given(tables())
@quick
def test_loss_is_the_mean_negative_log_of_the_target(table: pd.DataFrame) -> None:
    of_target = [row[f"prob_{row['target']}"] for row in table.to_dict("records")]
    by_hand = np.mean([-np.log(max(float(p), np.finfo(np.float32).tiny)) for p in of_target])
    assert metrics_of(table)["loss"] == pytest.approx(by_hand, rel=1e-5, abs=1e-6)


def test_loss_is_that_of_scikit_learn() -> None:
    probabilities = [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]]
    table = table_of(["a", "b", "b"], probabilities, ["a", "b", "c"])
    expected = log_loss(["a", "b", "b"], probabilities, labels=["a", "b", "c"])
    assert metrics_of(table)["loss"] == pytest.approx(expected, rel=1e-5)


def test_a_probability_of_zero_gives_a_large_but_finite_loss() -> None:
    """Float32 underflows to 0 for a confident mistake; one image must not make the loss inf."""
    table = table_of(["a", "b"], [[0.0, 1.0], [0.0, 1.0]], ["a", "b"])
    assert 80 < table["loss"][0] < 100
    assert table["loss"][1] == 0
    assert np.isfinite(metrics_of(table)["loss"])


def test_majority_baseline_is_the_share_of_the_commonest_target() -> None:
    """What always answering the commonest class would score, whatever the model says."""
    table = table_of(["a", "b", "b", "c", "b"], [[1.0, 0.0, 0.0]] * 5, ["a", "b", "c"])
    assert metrics_of(table)["majority_baseline"] == pytest.approx(0.6)
    assert metrics_of(table)["accuracy"] == pytest.approx(0.2)


def test_a_tie_goes_to_the_first_class() -> None:
    table = table_of(["a", "b"], [[0.5, 0.5], [0.5, 0.5]], ["a", "b"])
    assert table["predicted"].tolist() == ["a", "a"]
    assert table["correct"].tolist() == [True, False]


def test_columns_are_those_of_the_contract_in_order() -> None:
    """Classes keep the order of the model's vocabulary, which need not be the alphabet's."""
    table = table_of(["zebra", "ant"], [[0.75, 0.25], [0.5, 0.5]], ["zebra", "ant"])
    assert list(table) == [
        *("path", "target", "predicted", "correct", "loss"),
        *("prob_zebra", "prob_ant"),
    ]
    assert table["path"].tolist() == ["images/0.jpg", "images/1.jpg"]
    assert table[["prob_zebra", "prob_ant"]].to_numpy().tolist() == [[0.75, 0.25], [0.5, 0.5]]
    assert table["correct"].dtype == bool


def test_the_written_table_reads_back_the_same(tmp_path: Path) -> None:
    """Class names with spaces, umlauts, other scripts, and such as look like our own columns."""
    classes = ["golden retriever", "Größe XL", "猫", "prob_prob_", "path"]
    probabilities = np.random.default_rng(0).dirichlet([1] * 5, size=9).tolist()
    table = table_of([*classes, *classes[:4]], probabilities, classes)
    write_table(table, tmp_path / "full" / "predictions.parquet")
    again = pd.read_parquet(tmp_path / "full" / "predictions.parquet")
    pd.testing.assert_frame_equal(again, table)
    assert classes_of(again) == classes
    assert metrics_of(again) == metrics_of(table)
