"""`fastcnn evaluate` beside the run that a model came from."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from scipy.stats import fisher_exact

import fastcnn
from fastcnn.cli.app import run as run_command
from fastcnn.training_run import training_run_of

Cli = Callable[..., tuple[int, str, str]]
BREEDS = ("Abyssinian", "Siamese", "beagle", "pug")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home-of-the-run")


@pytest.fixture(scope="module")
def trained(
    small_pets: Path, tiny_weights: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> fastcnn.Run:
    """A solved head on twelve photographs in folders of their own, with a test part."""
    folder = tmp_path_factory.mktemp("evaluated")
    for number, file in enumerate(sorted(small_pets.glob("*.jpg"))):
        place = folder / "set" / ("train", "train", "val", "test")[number % 4]
        place = place / file.stem.rsplit("_", 1)[0]
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        settings = {"arch": "test_resnet", "weights": tiny_weights, "size": 48, "precision": "fp32"}
        words = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        options = ["--strategy", "head", "--out", str(folder / "run"), *words]
        assert run_command(["train", str(folder / "set"), *options]) == 0
    return fastcnn.Run(folder / "run")


@pytest.fixture(autouse=True)
def trusting(home: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where the run was made, so that its model is known."""
    monkeypatch.setenv("XDG_DATA_HOME", str(home))


def against(cli: Cli, model: Path, data: Path, *options: str) -> tuple[dict[str, Any] | None, str]:
    code, out, err = cli("evaluate", model, data, "--json", *options)
    assert code == 0, err
    return json.loads(out)["training_run"], " ".join(err.split())


def data_of(run: fastcnn.Run) -> Path:
    return Path(run.record["data"]["path"])


def test_the_images_of_the_run_are_known_again(cli: Cli, trained: fastcnn.Run) -> None:
    found, said = against(cli, trained.path, data_of(trained))
    assert found is not None
    assert (found["n"], found["n_learned_from"], found["n_held_out"]) == (4, 8, 8)
    assert "LEAK: the model learned from 8 of the 16 images" in said
    assert "none of these is new to that run" in said


@pytest.mark.parametrize("part", ["valid", "test"])
def test_held_out_images_are_no_leak(cli: Cli, trained: fastcnn.Run, part: str) -> None:
    found, said = against(cli, trained.path / "head", data_of(trained), "--part", part)
    assert found is not None and found["n_learned_from"] == 0 and found["n_held_out"] == 4
    assert (found["difference"] == 0) or part == "test"
    assert "LEAK" not in said and "more than chance" not in said


def test_a_copy_under_another_name_is_known_by_its_content(
    cli: Cli, trained: fastcnn.Run, work: Path
) -> None:
    for number, file in enumerate(sorted((data_of(trained) / "train").rglob("*.jpg"))):
        copy = work / "new" / file.parent.name / f"{number}.jpg"
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, copy)
        copy.with_name(f"{number}-more.jpg").write_bytes(file.read_bytes() + b"\xff\xd9")
    found, said = against(cli, trained.path, work / "new")
    assert found is not None
    assert (found["n_learned_from"], found["n_compared"]) == (8, 8)
    assert "learned from 8 of the 16" in said


def test_images_that_moved_are_known_by_name_and_size(
    cli: Cli, trained: fastcnn.Run, work: Path
) -> None:
    shutil.copytree(trained.path, work / "run")
    record = json.loads((work / "run" / "run.json").read_text("utf-8"))
    record["data"]["path"] = str(work / "gone")
    (work / "run" / "run.json").write_text(json.dumps(record), "utf-8")
    found, _ = against(cli, work / "run", data_of(trained) / "train")
    assert found is not None and found["n_learned_from"] == 8


def test_without_its_list_a_run_knows_its_folder(
    cli: Cli, trained: fastcnn.Run, work: Path
) -> None:
    shutil.copytree(trained.path, work / "run")
    (work / "run" / "images.csv").unlink()
    found, _ = against(cli, work / "run", data_of(trained), "--part", "train")
    assert found is not None and (found["n_learned_from"], found["n_held_out"]) == (8, 0)
    shutil.copytree(data_of(trained) / "train", work / "elsewhere")
    found, _ = against(cli, work / "run", work / "elsewhere")
    assert found is not None and found["n_learned_from"] == 0


def test_new_images_are_compared_with_the_run(cli: Cli, trained: fastcnn.Run, work: Path) -> None:
    """Wrong labels all over, on as many new images as it takes to be sure."""
    table = trained.predictions("head")
    right_there = int(table["correct"].sum())
    for number in range(40):
        for breed in BREEDS:
            picture = next((data_of(trained) / "test" / breed).glob("*.jpg"))
            wrong = work / "new" / BREEDS[(BREEDS.index(breed) + 1) % 4]
            wrong.mkdir(parents=True, exist_ok=True)
            (wrong / f"{breed}{number}.jpg").write_bytes(picture.read_bytes() + bytes([number]))
    code, out, err = cli("evaluate", trained.path, work / "new", "--json")
    assert code == 0
    document = json.loads(out)
    found, metrics = document["training_run"], document["metrics"]
    right = round(metrics["accuracy"] * 160)
    expected = fisher_exact([[right, 160 - right], [right_there, 4 - right_there]]).pvalue
    assert found["p_value"] == pytest.approx(expected)
    assert found["difference"] == pytest.approx(metrics["accuracy"] - right_there / 4)
    assert found["difference_ci"][0] < found["difference"] < found["difference_ci"][1]
    words = "more than chance" if expected < 0.05 else "which chance may make"
    assert words in " ".join(err.split())


def test_a_model_without_its_run_is_not_compared(
    cli: Cli, trained: fastcnn.Run, work: Path
) -> None:
    """Alone, or in a run that another model took the place in."""
    (work / "alone").mkdir()
    shutil.copy(trained.model_file(), work / "alone")
    data = data_of(trained) / "test"
    assert against(cli, work / "alone" / "export.pkl", data)[0] is None
    shutil.copytree(trained.path, work / "run")
    record = json.loads((work / "run" / "run.json").read_text("utf-8"))
    record["strategies"]["head"]["checkpoint_sha256"] = "another"
    (work / "run" / "run.json").write_text(json.dumps(record), "utf-8")
    assert against(cli, work / "run" / "head", data)[0] is None


def test_of_a_repeat_its_own_images_count(trained: fastcnn.Run, work: Path) -> None:
    """The second fold learned from what the first was scored on."""
    shutil.copytree(trained.path, work / "run")
    head, images = work / "run" / "head", pd.read_csv(work / "run" / "images.csv")
    table = pd.read_parquet(head / "predictions.parquet")
    folds = {"fold-1": table, "fold-2": table.assign(path=images["path"][:4].to_list())}
    for name, rows in folds.items():
        (head / name).mkdir()
        rows.to_parquet(head / name / "predictions.parquet")
        (head / name / "export.pkl").write_bytes((head / "export.pkl").read_bytes())
    pd.concat(folds.values()).to_parquet(head / "predictions.parquet")
    record = json.loads((work / "run" / "run.json").read_text("utf-8"))
    entry = record["strategies"]["head"]
    sha256 = entry["checkpoint_sha256"]
    entry["repeats"] = [{"name": name, "checkpoint_sha256": sha256} for name in folds]
    (work / "run" / "run.json").write_text(json.dumps(record), "utf-8")
    held_out = [data_of(trained) / path for path in table["path"]]
    for place, (n_learned, n_scored) in {".": (0, 4), "fold-1": (0, 4), "fold-2": (4, 4)}.items():
        origin = training_run_of(head / place / "export.pkl")
        assert origin is not None
        learned, known = origin.known(held_out)
        assert (len(learned), len(known)) == (n_learned, 4 - n_learned)
        assert origin.score.total == n_scored


def test_the_terminal_says_it_in_lines(cli: Cli, trained: fastcnn.Run) -> None:
    code, out, _ = cli("evaluate", trained.path, data_of(trained))
    assert code == 0
    assert "accuracy" in out.splitlines()[-2] and out.splitlines()[-3].startswith("note: LEAK")
    assert "in its run" in out.splitlines()[-1]


@pytest.mark.parametrize(
    "content", ["", "path,label\na.jpg,pug\n", "path,label,part,bytes\na,b,c,d\n"]
)
def test_a_list_of_images_that_is_none_is_said(
    cli: Cli, trained: fastcnn.Run, work: Path, content: str
) -> None:
    shutil.copytree(trained.path, work / "run")
    (work / "run" / "images.csv").write_text(content)
    for command in (("evaluate", "run", data_of(trained)), ("report", "run")):
        code, _, err = cli(*command)
        assert code == 2 and "images.csv is not the list of a run's images" in err
        assert "hint: a run does without it: mv run/images.csv" in err
