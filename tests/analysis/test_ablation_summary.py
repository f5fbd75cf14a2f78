"""What the rows of an ablation make of their seeds, failed trainings among them."""

import csv
from pathlib import Path

import pytest

from fastcnn.analysis.ablation import Cell, summary
from fastcnn.report.ablation_files import write_ablation
from fastcnn.training.history import EpochRow
from fastcnn.trials.score import TrialScore


def scored(accuracy: float) -> TrialScore:
    history = tuple(
        EpochRow("all", epoch, 1.0, 0.9 / epoch, accuracy * epoch / 2, 0.01, 0.01, 3.0)
        for epoch in (1, 2)
    )
    return TrialScore(accuracy, 0.45, 2, {"training": "bf16"}, history, 6.0)


CELLS = [
    Cell("plain", "64", 42, {"bs": 64}, "three-conv:kernel=3", scored(0.6)),
    Cell("sgd", "64", 42, {"bs": 64, "opt": "sgd"}, None, None, "the loss is not finite"),
    Cell("plain", "64", 43, {"bs": 64}, "three-conv:kernel=3", scored(0.7)),
    Cell("sgd", "64", 43, {"bs": 64, "opt": "sgd"}, None, scored(0.5)),
    Cell("mish", "64", 42, {"bs": 64}, None, None, "no memory"),
]


def test_a_mean_is_that_of_the_trainings_that_ended() -> None:
    plain, sgd, mish = summary(CELLS)
    assert plain["accuracy"] == pytest.approx(0.65) and plain["seeds"] == [42, 43]
    assert plain["settings"] == {"bs": 64} and plain["network"] == "three-conv:kernel=3"
    assert plain["accuracy_margin"] == pytest.approx(12.706 * 0.05, rel=1e-4)  # Student's t, n = 2
    assert plain["accuracy_ci"] == (pytest.approx(0.65 - 12.706 * 0.05, abs=1e-3), 1.0)
    assert plain["precisions"] == {"training": "bf16"} and plain["failed"] == []
    assert (sgd["seeds"], sgd["accuracies"]) == ([43], [0.5])
    assert sgd["failed"] == [{"seed": 42, "reason": "the loss is not finite"}]
    assert mish["accuracy"] is mish["accuracy_ci"] is mish["seconds"] is None


def test_a_training_that_failed_is_listed_with_its_reason(tmp_path: Path) -> None:
    write_ablation(CELLS, tmp_path, "rows")
    with (tmp_path / "ablation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["reason"] for row in rows] == ["", "the loss is not finite", "", "", "no memory"]
    assert [row["accuracy"] for row in rows] == ["0.6", "", "0.7", "0.5", ""]
    with (tmp_path / "ablation_history.csv").open() as file:
        epochs = list(csv.DictReader(file))
    assert len(epochs) == 6
    assert {(row["row"], row["seed"]) for row in epochs} == {
        *(("plain", "42"), ("plain", "43"), ("sgd", "43"))
    }
    assert (tmp_path / "ablation.png").stat().st_size > 10_000


def test_where_all_failed_there_is_nothing_to_draw(tmp_path: Path) -> None:
    write_ablation(CELLS[-1:], tmp_path, "rows")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ablation.csv",
        "ablation_history.csv",
    ]
