"""A whole run on a few real photographs: what it leaves, and that it comes out the same again."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import fastcnn
from fastcnn.analysis.doubtful import can_judge_labels
from fastcnn.cli.app import run as run_command

COLUMNS = "phase,epoch,train_loss,valid_loss,accuracy,lr_head,lr_body,seconds"


@pytest.fixture(scope="module")
def finished(
    few_pets: Path, tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory
) -> fastcnn.Run:
    """One run of both strategies; the tests of this module read what it left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("FASTCNN_REPORT", raising=False)
        return train(few_pets, tiny_weights, tmp_path_factory.mktemp("runs") / "one")


def train(data: Path, weights: Path, out: Path, **settings: Any) -> fastcnn.Run:
    return fastcnn.run(
        "pets",
        data=data,
        out=out,
        **{
            "strategy": "full-vs-head",
            "arch": "test_resnet",
            "weights": str(weights),
            "size": 64,
            "precision": "fp32",
            "epochs": 2,
            "bs": 16,
            "seed": 7,
        }
        | settings,
    )


def test_the_folder_holds_what_the_contract_names(finished: fastcnn.Run) -> None:
    found = {path.relative_to(finished.path).as_posix() for path in finished.path.rglob("*.*")}
    per_strategy = ("history.csv", "predictions.parquet", "export.pkl")
    expected = {f"{name}/{file}" for name in ("full", "head") for file in per_strategy}
    of_run = {"run.json", "images.csv", "comparison.csv", "suspected.csv"}
    of_run |= {"curves.png", "contact_sheet.png", "report.html", "doctor.csv"}
    assert found - {"doubtful.csv"} == expected | of_run
    assert ("doubtful.csv" in found) == can_judge_labels()


def test_the_report_knows_how_the_run_ended_and_where_its_model_looked(
    finished: fastcnn.Run,
) -> None:
    page = (finished.path / "report.html").read_text()
    assert finished.record["comparison"]["verdict"].partition(" (")[0] in page
    assert "run is not over" not in page
    assert page.count("Where the model looked for") >= 9  # one a worst answer


def test_the_record_is_whole(finished: fastcnn.Run) -> None:
    record = json.loads((finished.path / "run.json").read_text())
    assert record["schema_version"] == 1
    assert record["status"] == "done"
    assert record["settings"]["seed"] == 7
    assert record["data"]["n_images"] == 48
    assert record["data"]["n_train"] + record["data"]["n_valid"] == 48
    assert record["data"]["classes"] == ["Abyssinian", "Siamese", "beagle", "pug"]
    assert record["weights"]["source"] == "file"
    assert record["weights"]["network"] is None  # which only one of our own has
    for entry in record["strategies"].values():
        assert set(entry["metrics"]) == {
            *("accuracy", "accuracy_ci", "error_rate", "loss", "f1_macro", "ece"),
            "majority_baseline",
        }
        assert entry["seconds"]["total"] >= entry["seconds"]["train"] > 0
    full, head = record["strategies"]["full"], record["strategies"]["head"]
    assert head["trainable_parameters"] == 96 * 4 + 4
    assert full["trainable_parameters"] == full["total_parameters"] > 300_000
    assert len(record["comparison"]["pairs"]) == 1
    assert record["comparison"]["verdict"].count(" took ") == 2


def test_history_keeps_all_phases(finished: fastcnn.Run) -> None:
    text = (finished.path / "full" / "history.csv").read_text()
    assert text.splitlines()[0] == COLUMNS
    history = finished.history("full")
    assert list(history["phase"]) == ["head", "all", "all"]
    assert list(history["epoch"]) == [1, 2, 3]
    assert math.isnan(history["lr_body"][0])
    assert 0 < history["lr_body"][1] < history["lr_head"][1]


def test_every_validation_image_is_scored_once(finished: fastcnn.Run, few_pets: Path) -> None:
    for strategy in finished.strategies:
        table = finished.predictions(strategy)
        assert len(table) == finished.record["data"]["n_valid"]
        assert table["path"].is_unique
        assert all((few_pets / path).is_file() for path in table["path"])
        labels = [path.rsplit("_", 1)[0] for path in table["path"]]
        assert list(table["target"]) == labels
        probabilities = table.filter(like="prob_")
        assert list(probabilities.columns) == [
            f"prob_{name}" for name in finished.record["data"]["classes"]
        ]
        assert probabilities.sum(axis=1).round(4).eq(1).all()


def test_every_label_is_ranked(finished: fastcnn.Run, few_pets: Path) -> None:
    """Each image that was learned from or held out stands in `suspected.csv` with its part."""
    ranked = pd.read_csv(finished.path / "suspected.csv")
    assert sorted(ranked["path"]) == sorted(file.name for file in few_pets.glob("*.jpg"))
    assert list(ranked["label"]) == [path.rsplit("_", 1)[0] for path in ranked["path"]]
    held_out = ranked.loc[ranked["split"] == "valid", "path"]
    assert sorted(held_out) == sorted(finished.predictions("head")["path"])
    assert set(ranked["split"]) == {"train", "valid"}


@pytest.mark.slow
def test_labels_are_ranked_without_cleanlab_too(
    few_pets: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fastcnn.labels.can_judge_labels", lambda: False)
    run = train(few_pets, tiny_weights, tmp_path / "run", strategy="head", epochs=None)
    assert (run.path / "suspected.csv").exists() and not (run.path / "doubtful.csv").exists()


def test_both_strategies_score_the_same_images(finished: fastcnn.Run) -> None:
    full, head = finished.predictions("full"), finished.predictions("head")
    assert list(full["path"]) == list(head["path"])


def test_the_last_epoch_scored_what_the_exported_model_scores(finished: fastcnn.Run) -> None:
    for strategy in finished.strategies:
        accuracy = finished.record["strategies"][strategy]["metrics"]["accuracy"]
        assert finished.history(strategy)["accuracy"].iloc[-1] == pytest.approx(accuracy)


@pytest.mark.slow
def test_a_second_run_is_equal(
    finished: fastcnn.Run, few_pets: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    again = train(few_pets, tiny_weights, tmp_path / "two")
    assert again.record["data"]["split_sha256"] == finished.record["data"]["split_sha256"]
    for strategy in finished.strategies:
        first, second = (run.record["strategies"][strategy] for run in (finished, again))
        assert first["metrics"] == second["metrics"]
        pd.testing.assert_frame_equal(finished.predictions(strategy), again.predictions(strategy))


@pytest.mark.slow
def test_another_seed_splits_otherwise(
    finished: fastcnn.Run, few_pets: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    other = train(few_pets, tiny_weights, tmp_path / "o", seed=8, strategy="head", epochs=None)
    assert other.record["data"]["split_sha256"] != finished.record["data"]["split_sha256"]
    assert other.record["comparison"] is None
    assert other.winner == "head"


def test_the_config_of_a_run_repeats_it(
    finished: fastcnn.Run, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From whichever folder it is asked for."""
    code = run_command(
        ["recipe", "pets", "--config", str(finished.path / "run.json"), "--json"]
        + ["--out", "three"]
    )
    out = capsys.readouterr().out
    record = json.loads(out)
    assert code == 0
    first = finished.record["strategies"]["full"]["metrics"]
    assert record["strategies"]["full"]["metrics"] == first


def test_out_is_not_overwritten_without_force(
    finished: fastcnn.Run, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (finished.path / "run.json").read_bytes()
    code = run_command(
        ["recipe", "pets", "--config", str(finished.path / "run.json")]
        + ["--out", str(finished.path)]
    )
    assert code == 2
    assert "--force" in capsys.readouterr().err
    assert (finished.path / "run.json").read_bytes() == before
