"""`fastcnn train` and `fastcnn evaluate` on folders as users have them."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from fastai.learner import load_learner
from PIL import Image

import fastcnn

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def quick(tiny_weights: Path) -> list[str]:
    """A training that is over in a moment."""
    given = {"arch": "test_resnet", "weights": tiny_weights, "size": 48, "strategy": "head"}
    return [word for name, value in given.items() for word in (f"--{name}", str(value))]


def record(run: str = "r") -> dict[str, Any]:
    document: dict[str, Any] = json.loads((Path(run) / "run.json").read_text("utf-8"))
    return document


@pytest.fixture
def parts(few_pets: Path, work: Path) -> Path:
    """Four breeds in folders of their own: six to learn from, three held out, three for a test."""
    for number, file in enumerate(sorted(few_pets.glob("*.jpg"))):
        part = ("train", "train", "val", "test")[number % 4]
        folder = work / "set" / part / file.stem.rsplit("_", 1)[0]
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, folder)
    return work / "set"


def test_a_dirty_folder_is_trained_on_and_says_what_it_left_out(
    cli: Cli, shared: Path, work: Path, quick: list[str]
) -> None:
    code, out, err = cli("train", shared / "dirty", "--out", "r", *quick)
    assert code == 0, err
    data = record()["data"]
    assert (data["n_train"], data["n_valid"], data["n_test"]) == (32, 11, 0)
    skipped = {entry["path"]: entry["reason"] for entry in data["skipped"]}
    assert set(skipped) == {
        "train/Bengal/zero_bytes.jpg",
        "train/Bengal/truncated.jpg",
        "train/beagle/text.jpg",
        "train/beagle/one_pixel.png",
        "train/beagle/bomb.png",
        "valid/boxer/boxer_11.jpg",
    }
    said = " ".join(out.split())
    assert "a folder for each class (Abyssinian, Bengal, beagle, …: 4 in all), in the parts" in said
    events = " ".join(record()["events"])
    assert "LEAK: 1 held-out images" in events and "copy_of_train.jpg" in events
    assert "1 images are of 16 bits" in events and "1 images are transparent" in events


def test_the_test_part_is_scored_once_at_the_end(
    cli: Cli, parts: Path, quick: list[str], shared: Path
) -> None:
    code, out, err = cli("train", parts, "--out", "r", *quick)
    assert code == 0, err
    document = record()
    assert [document["data"][f"n_{part}"] for part in ("train", "valid", "test")] == [24, 12, 12]
    entry = document["strategies"]["head"]
    assert entry["test"]["n"] == 12
    table = pd.read_parquet("r/head/test-predictions.parquet")
    assert all(path.startswith("test/") for path in table["path"])
    assert table["correct"].mean() == pytest.approx(entry["test"]["metrics"]["accuracy"])
    assert "accuracy on the test part" in out
    held_out = pd.read_parquet("r/head/predictions.parquet")
    assert all(path.startswith("val/") for path in held_out["path"])


@pytest.mark.slow
def test_a_part_that_is_asked_for_in_vain_is_said(
    cli: Cli, parts: Path, few_pets: Path, quick: list[str]
) -> None:
    _, out, err = cli("train", parts, "--out", "r", "--valid-pct", "0.5", *quick)
    assert "--valid-pct 0.5 is not used" in " ".join((out + err).split())
    drawn = ("--split", "random", "--valid-pct", "0.5")
    assert "is not used" not in "".join(cli("train", parts, "--out", "s", *drawn, *quick)[1:])
    options = ("--data", few_pets, "--out", "t", "--valid-pct", "0.3")
    assert "is not used" not in "".join(cli("recipe", "pets", *options, *quick)[1:])


def test_evaluate_says_the_same_as_the_run(cli: Cli, parts: Path, quick: list[str]) -> None:
    """The same images, the same numbers: through validation, evaluate and predict."""
    assert cli("train", parts, "--out", "r", "--resize", "auto", *quick)[0] == 0
    expected = record()["strategies"]["head"]["metrics"]
    code, out, _ = cli("evaluate", "r", parts, "--part", "valid", "--json")
    assert code == 0
    found = json.loads(out)
    assert found["metrics"].pop("accuracy_ci") == expected.pop("accuracy_ci")
    assert found["metrics"] == pytest.approx(expected, rel=1e-5)
    assert {row["class"] for row in found["per_class"]} == set(record()["data"]["classes"])
    table = pd.read_parquet("r/head/predictions.parquet").set_index("path")
    predicted = fastcnn.load("r").predict([parts / path for path in table.index])
    for path, row in zip(table.index, predicted.itertuples(), strict=True):
        assert row.probability == pytest.approx(table.loc[path, f"prob_{row.predicted}"], abs=1e-5)


def test_evaluate_names_what_it_does_not_score(cli: Cli, parts: Path, quick: list[str]) -> None:
    assert cli("train", parts, "--out", "r", *quick)[0] == 0
    (parts / "test" / "unicorn").mkdir()
    shutil.copy(next((parts / "val").rglob("*.jpg")), parts / "test" / "unicorn")
    (parts / "test" / "pug" / "broken.jpg").write_bytes(b"x")
    code, out, _ = cli("evaluate", "r", parts / "test")
    assert code == 0 and "2 images are not scored" in out
    assert max(map(len, out.splitlines())) <= 80 or not out.isascii()
    code, _, err = cli("evaluate", "r", parts / "test" / "unicorn")
    assert code == 3 and err.startswith("error: ")


@pytest.mark.parametrize("way", ["pad", "squish", "crop"])
def test_auto_suits_the_shapes_and_is_the_same_everywhere(
    way: str, cli: Cli, few_pets: Path, work: Path, quick: list[str]
) -> None:
    sizes = {"pad": [(200, 60), (60, 180)], "squish": [(200, 60)], "crop": [(90, 70)]}[way]
    for number, file in enumerate(sorted(few_pets.glob("*.jpg"))):
        folder = work / "set" / file.stem.rsplit("_", 1)[0]
        folder.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as picture:
            picture.convert("RGB").resize(sizes[number % len(sizes)]).save(folder / file.name)
    assert cli("train", work / "set", "--out", "r", *quick)[0] == 0
    assert record()["settings"]["resize"] == way
    table = pd.read_parquet("r/head/predictions.parquet")
    learner = load_learner("r/head/export.pkl")
    files = [work / "set" / path for path in table["path"]]
    with learner.no_bar():
        stock, _ = learner.get_preds(dl=learner.dls.test_dl(files))
    columns = [f"prob_{name}" for name in record()["data"]["classes"]]
    assert abs(stock.numpy() - table[columns].to_numpy()).max() < 1e-4


def test_a_table_with_groups_that_stay_together(
    cli: Cli, few_pets: Path, work: Path, quick: list[str]
) -> None:
    files = sorted(few_pets.glob("*.jpg"))
    rows = {
        "picture": files,
        "breed": [file.stem.rsplit("_", 1)[0] for file in files],
        "animal": [f"{file.stem[:3]}{number // 2}" for number, file in enumerate(files)],
    }
    table = pd.DataFrame(rows)
    table.to_csv("set.csv", index=False)
    columns = ["--image-col", "picture", "--label-col", "breed", "--group-by", "animal"]
    code, out, err = cli("train", "set.csv", "--out", "r", *columns, *quick)
    assert code == 0, err
    held_out = set(pd.read_parquet("r/head/predictions.parquet")["path"])
    animals = table.assign(held_out=[str(file) in held_out for file in files]).groupby("animal")
    assert all(group["held_out"].nunique() == 1 for _, group in animals)
    assert 0 < len(held_out) < len(files)


def test_lr_find_ends_with_a_command_that_trains(cli: Cli, parts: Path, quick: list[str]) -> None:
    code, out, err = cli("lr-find", parts, *quick[:-2])
    assert code == 0, err
    (line,) = [line for line in out.splitlines() if line.startswith("next: ")]
    assert line.startswith(f"next: fastcnn train {parts} ") and "--lr " in line
