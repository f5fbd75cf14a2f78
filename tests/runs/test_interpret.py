"""`fastcnn interpret`: what a model gets wrong on new images, with labels and without."""

import json
import shutil
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from sklearn.metrics import precision_recall_fscore_support

import fastcnn
from fastcnn.analysis.saliency import saliency_of
from fastcnn.cli.app import run as run_command

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home-of-the-model")


@pytest.fixture(scope="module")
def trained(
    small_pets: Path, tiny_weights: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> fastcnn.Run:
    """A head that was solved on sixteen photographs of four breeds."""
    out = tmp_path_factory.mktemp("interpreted") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        options = ["--strategy", "head", "--out", str(out), "--size", "64", "--precision", "fp32"]
        options += ["--arch", "test_resnet", "--weights", str(tiny_weights)]
        assert run_command(["recipe", "pets", "--data", str(small_pets), *options]) == 0
    return fastcnn.Run(out)


@pytest.fixture(autouse=True)
def trusting(home: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand where the run was made, so that its model is known."""
    monkeypatch.setenv("XDG_DATA_HOME", str(home))


def sorted_into_classes(few_pets: Path, folder: Path) -> Path:
    """New photographs in a folder a class: those that the model does not know."""
    for number, file in enumerate(sorted(few_pets.glob("*.jpg"))):
        if number % 3:
            of_class = folder / file.stem.rsplit("_", 1)[0]
            of_class.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, of_class)
    return folder


@pytest.fixture
def labelled(few_pets: Path, work: Path) -> Path:
    return sorted_into_classes(few_pets, work / "new")


@pytest.fixture(scope="module")
def analysed(
    trained: fastcnn.Run, few_pets: Path, home: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of an analysis, in the folder that holds the images."""
    folder = tmp_path_factory.mktemp("analysed")
    sorted_into_classes(few_pets, folder / "new")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(home))
        words = [str(trained.path), str(folder / "new"), "--out", str(folder / "analysis")]
        assert run_command(["interpret", *words]) == 0
    return folder / "analysis"


@pytest.fixture
def unlabelled(small_pets: Path, work: Path) -> Path:
    shutil.copytree(small_pets, work / "unknown")
    (work / "unknown" / "broken.jpg").write_bytes(b"x")
    return work / "unknown"


def document(cli: Cli, *arguments: object) -> dict[str, Any]:
    code, out, err = cli("interpret", *arguments, "--json")
    assert code == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_errors_on_labelled_images(analysed: Path) -> None:
    found = json.loads((analysed / "interpretation.json").read_text("utf-8"))
    table = pd.read_parquet(analysed / "predictions.parquet")
    assert found["labelled"] and found["n"] == len(table) == 32
    assert all((analysed.parent / "new" / path).is_file() for path in table["path"])
    assert found["metrics"]["accuracy"] == table["correct"].mean()
    names = [row["class"] for row in found["per_class"]]
    precision, recall, _, n = precision_recall_fscore_support(
        table["target"], table["predicted"], labels=names, zero_division=0
    )
    assert [row["recall"] for row in found["per_class"]] == pytest.approx(list(recall))
    assert [row["precision"] or 0 for row in found["per_class"]] == pytest.approx(list(precision))
    assert [row["n"] for row in found["per_class"]] == list(n)
    losses = [row["loss"] for row in found["top_losses"]]
    assert losses == sorted(losses, reverse=True) and losses[0] == table["loss"].max()
    assert sum(pair["count"] for pair in found["most_confused"]) == (~table["correct"]).sum()
    assert found["training_run"]["n_learned_from"] == 0


def test_the_page_shows_the_worst_answers_and_where_the_model_looked(analysed: Path) -> None:
    page = (analysed / "report.html").read_text("utf-8")
    table = pd.read_parquet(analysed / "predictions.parquet")
    assert "Where the model looked" in page and "In its run (" in page
    worst = table[~table["correct"]].nlargest(1, "loss")["path"].item()
    assert worst in page.replace("<wbr>", "")
    assert "http" not in page.replace("http://www.w3.org/", "")


def test_the_page_says_how_it_was_made(trained: fastcnn.Run, analysed: Path) -> None:
    page = unescape((analysed / "report.html").read_text("utf-8"))
    assert f"fastcnn interpret {trained.path} {analysed.parent / 'new'}" in page
    assert trained.record["command"] in page
    assert trained.record["strategies"]["head"]["checkpoint_sha256"] in page
    assert f"<dt>torch</dt><dd><code>{trained.record['environment']['torch']}" in page


def test_of_a_model_without_its_run_the_page_says_so(
    cli: Cli, trained: fastcnn.Run, unlabelled: Path
) -> None:
    shutil.copy(trained.model_file(), "alone.pkl")
    document(cli, "alone.pkl", unlabelled, "--no-saliency", "--out", "a")
    page = Path("a/report.html").read_text("utf-8")
    assert "No run is known that trained this model" in page and "model asked, alone.pkl" in page
    assert trained.record["strategies"]["head"]["checkpoint_sha256"] in page


def test_what_the_model_remembers_advises_nobody(
    cli: Cli, trained: fastcnn.Run, work: Path
) -> None:
    options = ("--label-regex", "(.+)_[0-9]+", "--no-saliency", "--out", "a")
    code, out, _ = cli("interpret", trained.path, trained.record["data"]["path"], *options)
    assert code == 0 and 0 < out.index("LEAK") < out.index("accuracy 0")
    page = Path("a/report.html").read_text("utf-8")
    assert "LEAK: the model learned" in page and "What to try next" not in page


@pytest.mark.parametrize("command", [("report",), ("evaluate",), ("predict",)])
def test_an_analysis_is_no_run_and_says_so(
    cli: Cli, analysed: Path, command: tuple[str, ...]
) -> None:
    more = [] if command == ("report",) else [analysed.parent / "new"]
    code, _, err = cli(*command, analysed, *more)
    assert code == 2 and "error analysis" in err and "report.html" in err


def test_images_without_labels(cli: Cli, trained: fastcnn.Run, unlabelled: Path) -> None:
    found = document(cli, trained.path / "head", unlabelled, "--out", "analysis")
    table = pd.read_parquet("analysis/predictions.parquet")
    assert not found["labelled"] and found["n"] == len(table) == 16
    assert "target" not in table
    assert sum(found["predicted"].values()) == 16
    assert set(found["predicted"]) == set(trained.record["data"]["classes"])
    sureness = [row["probability"] for row in found["least_sure"]]
    assert sureness == sorted(sureness)
    assert [one["path"] for one in found["skipped"]] == ["broken.jpg"]
    page = Path(found["report"]).read_text("utf-8")
    assert "16</span> images without labels" in page and "Where the model looked" in page
    assert found["least_sure"][0]["path"] in page.replace("<wbr>", "")


def test_folders_that_are_no_classes_are_images_without_labels(
    cli: Cli, trained: fastcnn.Run, labelled: Path
) -> None:
    (labelled / "pug").rename(labelled / "unicorn")
    found = document(cli, trained.path, labelled, "--no-saliency", "--out", "a")
    assert found["labelled"] and {one["path"].split("/")[0] for one in found["skipped"]} == {
        "unicorn"
    }
    for number, breed in enumerate(("Abyssinian", "Siamese", "beagle")):
        (labelled / breed).rename(labelled / f"batch{number}")
    code, out, err = cli("interpret", trained.path, labelled, "--no-saliency", "--out", "b")
    assert code == 0 and "taken for images without labels" in " ".join(out.split())


def test_names_that_say_the_class(cli: Cli, trained: fastcnn.Run, unlabelled: Path) -> None:
    (unlabelled / "broken.jpg").unlink()
    options = ("--label-regex", "(.+)_[0-9]+", "--no-saliency", "--out", "a")
    found = document(cli, trained.path, unlabelled, *options)
    assert (
        found["labelled"]
        and found["training_run"]["n_learned_from"] == trained.record["data"]["n_train"]
    )


@pytest.mark.parametrize("data", ["labelled", "unlabelled"])
def test_the_terminal_fits_and_names_files(
    cli: Cli, trained: fastcnn.Run, data: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(data)
    code, out, err = cli("interpret", trained.path, folder, "--no-saliency", "--out", "a")
    assert "Where the model looked" not in Path("a/report.html").read_text("utf-8")
    assert code == 0, err
    lines = out.splitlines()
    assert all(len(line) <= 80 for line in lines if not line.startswith(("note: ", "in its run")))
    assert lines[-2:] == ["folder: a", "page: a/report.html"]
    assert ".jpg" in out and ("the most confused" in out) == (data == "labelled")


def test_an_earlier_analysis_is_not_overwritten_without_force(
    cli: Cli, trained: fastcnn.Run, unlabelled: Path
) -> None:
    arguments = ("interpret", trained.path, unlabelled, "--no-saliency", "--out")
    assert cli(*arguments, "a")[0] == 0
    Path("a/mine.txt").write_text("mine")
    before = Path("a/interpretation.json").read_bytes()
    code, _, err = cli(*arguments, "a")
    assert code == 2 and "--force" in err
    assert cli(*arguments, "a", "--force")[0] == 0
    assert Path("a/interpretation.json").read_bytes() == before
    assert Path("a/mine.txt").is_file()


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_files_of_something_else_are_never_written_over(
    cli: Cli, trained: fastcnn.Run, unlabelled: Path, work: Path, force: tuple[str, ...]
) -> None:
    """Not a run's record, not the table of its strategy, not a stranger's page."""
    (work / "docs").mkdir()
    (work / "docs" / "report.html").write_text("mine")
    table = trained.path / "head" / "predictions.parquet"
    before = table.read_bytes()
    for folder in (trained.path, trained.path / "head", "docs"):
        code, _, err = cli("interpret", trained.path, unlabelled, "--out", folder, *force)
        assert code == 2 and "not of an error analysis" in err
    assert table.read_bytes() == before
    assert (work / "docs" / "report.html").read_text() == "mine"


def test_what_cannot_be_interpreted_is_said(cli: Cli, trained: fastcnn.Run, work: Path) -> None:
    (work / "empty").mkdir()
    assert cli("interpret", trained.path, "empty")[0] == 3
    (work / "empty" / "broken.jpg").write_bytes(b"x")
    code, _, err = cli("interpret", trained.path, "empty")
    assert code == 3 and "doctor" in err
    assert cli("interpret", "nowhere", "empty")[0] == 2
    assert not list(work.glob("interpretations"))


def test_the_heat_is_that_of_the_picture_as_the_network_saw_it(
    trained: fastcnn.Run, few_pets: Path
) -> None:
    files = sorted(few_pets.glob("*.jpg"))[:3]
    names = ["pug", "beagle", "pug"]
    found = saliency_of(trained.model_file(), files, names)
    for (picture, heat), file in zip(found, files, strict=True):
        assert (picture.shape, picture.dtype) == ((64, 64, 3), np.uint8)
        assert (heat.shape, heat.dtype) == ((64, 64), np.float32)
        assert 0 <= heat.min() and heat.max() in (0, 1)
        with Image.open(file) as image:  # the middle square, made smaller
            side = min(image.size)
            left, upper = (image.width - side) // 2, (image.height - side) // 2
            square = image.convert("RGB").crop((left, upper, left + side, upper + side))
            expected = np.asarray(square.resize((64, 64), Image.Resampling.BILINEAR), int)
        assert abs(picture.astype(int) - expected).mean() < 12
    of_learner = saliency_of(trained.learner(), files, names)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(found, of_learner, strict=True))
    with pytest.raises(ValueError, match="unicorn"):
        saliency_of(trained.model_file(), files[:1], ["unicorn"])
