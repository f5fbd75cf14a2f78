"""Every bundled recipe trains on a little of its data, by a network that is over in a moment."""

import json
import pickle
import shutil
import zipfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fastcnn.data.cifar_batches import as_folders
from fastcnn.errors import DataError
from fastcnn.narrator import Narrator

Cli = Callable[..., tuple[int, str, str]]
PER_FOLDER = 8


def few_of(source: Path, target: Path) -> Path:
    """Copy the first images of every folder."""
    for folder in [source, *filter(Path.is_dir, source.rglob("*"))]:
        for file in sorted(folder.glob("*.jpg"))[:PER_FOLDER]:
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    return target


def few_of_cifar(shared: Path, target: Path) -> Path:
    """Pack the first pictures of every class as the whole set is packed."""
    taken: dict[str, int] = defaultdict(int)
    with zipfile.ZipFile(shared / "cifar10.zip") as whole, zipfile.ZipFile(target, "w") as few:
        for name in whole.namelist():
            taken[str(Path(name).parent)] += 1
            if taken[str(Path(name).parent)] <= PER_FOLDER:
                few.writestr(name, whole.read(name))
    return target


def trained(cli: Cli, recipe: str, tiny_weights: Path, *more: str) -> dict[str, Any]:
    options = ["--arch", "test_resnet", "--weights", str(tiny_weights), "--size", "32"]
    code, _, err = cli(
        *("recipe", recipe, *more, "--out", "r", "--epochs", "1"),
        *("--strategy", "full-vs-head", *options),
    )
    assert code == 0, err
    record: dict[str, Any] = json.loads(Path("r/run.json").read_text("utf-8"))
    assert list(record["strategies"]) == ["full", "head"]
    return record


@pytest.mark.parametrize(
    ("recipe", "folder", "classes", "parts"),
    [
        ("cats_dogs", "cats-dogs", 2, (13, 3, 16)),
        ("hymenoptera", "hymenoptera", 2, (16, 16, 0)),
        pytest.param("flowers", "flowers", 5, (32, 8, 0), marks=pytest.mark.slow),
        pytest.param("nature12k", "nature12k", 4, (26, 6, 32), marks=pytest.mark.slow),
    ],
)
def test_a_recipe_trains_on_its_data(
    recipe: str,
    folder: str,
    classes: int,
    parts: tuple[int, int, int],
    cli: Cli,
    shared: Path,
    work: Path,
    tiny_weights: Path,
) -> None:
    data = few_of(shared / folder, work / "data")
    record = trained(cli, recipe, tiny_weights, "--data", str(data))
    found = record["data"]
    assert len(found["classes"]) == classes
    assert (found["n_train"], found["n_valid"], found["n_test"]) == parts
    tested = [entry["test"] is not None for entry in record["strategies"].values()]
    assert tested == [parts[2] > 0] * 2


@pytest.mark.slow
def test_cifar10_from_its_archive(cli: Cli, shared: Path, work: Path, tiny_weights: Path) -> None:
    archive = few_of_cifar(shared, work / "cifar10.zip")
    record = trained(cli, "cifar10", tiny_weights, "--data", str(archive))
    found = record["data"]
    assert (found["n_train"], found["n_valid"], found["n_test"]) == (64, 16, 80)
    assert "frog" in found["classes"]


@pytest.mark.slow
def test_solar_comes_with_its_package(cli: Cli, work: Path) -> None:
    pytest.importorskip("elpv_dataset", reason="needs fastcnn[solar]")
    code, out, err = cli("recipe", "solar", "--dry-run", "--arch", "tf_efficientnet_lite0")
    assert code == 0, err
    assert "2,624 images of 2 classes" in out and "CC BY-NC-SA 4.0" in out


@pytest.mark.slow
def test_cats_and_dogs_as_kaggle_names_them(
    cli: Cli, few_pets: Path, work: Path, tiny_weights: Path
) -> None:
    (work / "data").mkdir()
    for number, file in enumerate(sorted(few_pets.glob("*.jpg"))):
        shutil.copy(file, work / "data" / f"{('cat', 'dog')[number % 2]}.{number}.jpg")
    assert trained(cli, "cats_dogs", tiny_weights, "--data", "data")["data"]["classes"] == [
        "cat",
        "dog",
    ]


def test_batches_that_torchvision_does_not_know_are_not_opened(work: Path) -> None:
    """They are pickles: a stranger's would run the stranger's code."""
    folder = work / "cifar-10-batches-py"
    folder.mkdir()
    (folder / "data_batch_1").write_bytes(pickle.dumps({"data": np.zeros((1, 3072))}))
    with pytest.raises(DataError, match="not the CIFAR-10 that torchvision knows"):
        as_folders(work, Narrator(quiet=True))
    with pytest.raises(DataError, match="neither train/"):
        as_folders(folder / "nothing", Narrator(quiet=True))


def test_batches_become_folders(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What torchvision reads is written as pictures; its own check of the hashes is left out."""
    from torchvision.datasets import CIFAR10

    folder = work / "cifar-10-batches-py"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3072), dtype=np.uint8)
    names = [name for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list)]
    for name in names:
        content = {"data": pixels, "labels": [0, 1, 2, 9]}
        (folder / name).write_bytes(pickle.dumps(content))
    labels = {"label_names": [f"class{number}" for number in range(10)]}
    (folder / "batches.meta").write_bytes(pickle.dumps(labels))
    monkeypatch.setattr("torchvision.datasets.cifar.check_integrity", lambda *_: True)
    written = as_folders(work, Narrator(quiet=True))
    assert len(list((written / "train").rglob("*.png"))) == 20
    assert len(list((written / "test").rglob("*.png"))) == 4
    with Image.open(written / "test" / "class0" / "00000.png") as image:
        expected = pixels[0].reshape(3, 32, 32).transpose(1, 2, 0)
        assert np.array_equal(np.asarray(image), expected)
