"""`fastcnn lr-find`: the range test as whole runs, and that it leaves no trace in the network."""

import json
import math
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from torch import Tensor

from fastcnn.assembly import Shared, make_job
from fastcnn.data.feature_store import FeatureStore
from fastcnn.errors import UsageError
from fastcnn.narrator import Narrator
from fastcnn.plan import make_plan
from fastcnn.rate_finder import Rates, find_rates, find_recipe_or_folder
from fastcnn.recipe_book import find_recipe
from fastcnn.training.job import Job
from fastcnn.training.train import search_rates

Cli = Callable[..., tuple[int, str, str]]
READINGS = {"valley", "minimum", "steep", "slide"}


@pytest.fixture
def classes(few_pets: Path, tmp_path: Path) -> Path:
    """The same photographs in a folder a class."""
    folder = tmp_path / "sorted"
    for path in few_pets.glob("*.jpg"):
        breed = folder / path.stem.rsplit("_", 1)[0]
        breed.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, breed / path.name)
    return folder


def assert_sound(document: dict[str, Any]) -> None:
    """The shape of the contract: four positive rates, and a curve of finite numbers."""
    assert set(document) == {"suggestions", "curve"}
    assert set(document["suggestions"]) == READINGS
    assert all(1e-8 < rate < 10 for rate in document["suggestions"].values())
    rates, losses = zip(*document["curve"], strict=True)
    assert list(rates) == sorted(rates) and rates[0] == pytest.approx(1e-7)
    assert len(rates) > 20 and all(map(math.isfinite, losses))


def test_the_default_ends_with_a_command_that_uses_it(
    cli: Cli, few_pets: Path, tiny_options: list[str], work: Path
) -> None:
    """Piped, so that there is a table and no chart."""
    code, out, err = cli("lr-find", "--data", few_pets, *tiny_options)
    assert code == 0, err
    lines = out.splitlines()
    assert lines[0].startswith("data: ") and "48 images of 4 classes" in lines[0]
    assert lines[1].startswith("body: test_resnet")
    for name in READINGS:
        assert any(name in line for line in lines)
    assert "smoothed loss" not in out and "\x1b" not in out
    assert "no part in the range test: --epochs" in lines
    words = shlex.split(lines[-1].removeprefix("next: "))
    assert words[:5] == ["fastcnn", "recipe", "pets", "--data", str(few_pets)]
    assert words[-2] == "--lr" and 1e-8 < float(words[-1]) < 10
    assert [path.name for path in work.iterdir()] == ["lr-find.png"]
    with Image.open("lr-find.png") as picture:
        assert picture.format == "PNG" and picture.width >= 800


def test_json_is_one_document_and_the_notes_go_elsewhere(
    cli: Cli, few_pets: Path, tiny_options: list[str], work: Path
) -> None:
    code, out, err = cli(
        *("lr-find", "pets", "--data", few_pets, *tiny_options, "--json", "--out", "curves/a.png")
    )
    assert code == 0, err
    assert_sound(json.loads(out))
    assert err.startswith("data: ")
    assert (work / "curves" / "a.png").is_file() and not (work / "lr-find.png").exists()


def test_a_folder_of_classes_is_its_own_data(
    cli: Cli, classes: Path, tiny_options: list[str], work: Path
) -> None:
    code, out, err = cli("lr-find", classes, *tiny_options)
    assert code == 0, err
    assert "48 images of 4 classes" in out
    assert "--lr" in out.splitlines()[-1] and "fastcnn recipe" not in out


@pytest.mark.slow
def test_from_random_weights_the_whole_network_is_tested(
    few_pets: Path, classes: Path, work: Path
) -> None:
    """Without weights: there are none to look for."""
    recipe, data = find_recipe_or_folder(str(classes), None)
    found = find_rates(recipe, data=data, arch="test_resnet", size=64, bs=16, strategy="scratch")
    assert found.tested == "whole network"
    assert_sound(found.to_json())


@pytest.mark.slow
def test_what_the_test_depends_on(few_pets: Path, tiny_weights: Path, work: Path) -> None:
    recipe, _ = find_recipe_or_folder("pets", None)

    def find(**settings: Any) -> Rates:
        given = {"arch": "test_resnet", "weights": str(tiny_weights), "size": 64, "bs": 16}
        return find_rates(recipe, data=few_pets, **{**given, **settings})

    first = find()
    assert first.tested == "head on a frozen body"
    assert_sound(first.to_json())
    assert find() == first
    assert find(strategy="full") == first  # it begins with the same frozen body
    assert find(epochs=9, lr="0.1", clip=1.0, config={"bs": 32}) == first
    for changed in ({"opt": "sgd"}, {"head": "fastai"}, {"bs": 8}, {"views": 1}):
        assert find(**changed).curve != first.curve, changed


def job_of(strategy: str, data: Path, weights: Path, store: FeatureStore, **more: Any) -> Job:
    given = {"arch": "test_resnet", "weights": str(weights), "size": 64, "bs": 16, **more}
    recipe = find_recipe("pets")
    plan = make_plan(recipe, str(data), {**given, "strategy": strategy}, {}, Narrator(quiet=True))
    return make_job(plan, strategy, None, Shared.by(plan, store, Narrator()), Narrator())


@pytest.mark.parametrize(
    ("strategy", "head"),
    [
        ("head", "linear"),
        ("head", "fastai"),
        pytest.param("scratch", "linear", marks=pytest.mark.slow),
    ],
)
def test_the_network_is_to_the_bit_what_it_was(
    strategy: str, head: str, few_pets: Path, tiny_weights: Path, work: Path
) -> None:
    """Weights and statistics; no gradient, optimizer, callback or file is left."""
    with FeatureStore() as store:
        job = job_of(strategy, few_pets, tiny_weights, store, head=head)
        learner = job.learner
        before: dict[str, Tensor] = {n: t.clone() for n, t in learner.model.state_dict().items()}
        callbacks = [type(callback) for callback in learner.cbs]
        found = search_rates(job)
        after = learner.model.state_dict()
    assert set(before) == set(after)
    assert all(torch.equal(before[name], after[name]) for name in before)
    gradients = [parameter.grad for parameter in learner.model.parameters()]
    assert not any(gradient.any() for gradient in gradients if gradient is not None)
    assert learner.opt is None
    assert [type(callback) for callback in learner.cbs] == callbacks
    assert list(work.iterdir()) == []
    assert set(found.suggestions) == READINGS


def test_the_second_time_every_feature_is_found(
    few_pets: Path, tiny_weights: Path, work: Path
) -> None:
    with FeatureStore() as store:
        first, second = (job_of("head", few_pets, tiny_weights, store) for _ in range(2))
        assert search_rates(first) == search_rates(second)
    n_train, n_valid = len(first.images.train), len(first.images.valid)
    assert first.bank.n_computed == n_train * first.settings.views + n_valid
    assert second.bank.n_computed == 0


def test_another_file_is_not_written_over(cli: Cli, few_pets: Path, work: Path) -> None:
    """And that is found before anything is computed."""
    (work / "lr-find.png").write_text("mine")
    code, out, err = cli("lr-find", "pets", "--data", few_pets)
    assert (code, out) == (2, "")
    assert "is there already" in err and "hint: add --force" in err
    assert (work / "lr-find.png").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["pest"], 2, ["'pest'", "did you mean 'pets'", "fastcnn recipes"]),
        (["nowhere/pictures"], 2, ["neither a recipe nor a folder"]),
        ([".", "--data", "x"], 2, ["both the folder"]),
        (["--out", "curve.svg"], 2, ["curve.svg", ".png"]),
        (["--strategy", "scratch-vs-full", "--data", "."], 2, ["two range tests"]),
        (["--bs", "0", "--views", "9"], 2, ["--bs is 0", "--views is 9"]),
        (["--config", "nowhere"], 2, ["--config nowhere", "run.json"]),
        (["--data", "nowhere"], 3, ["nowhere", "does not exist"]),
    ],
)
def test_what_can_be_wrong(
    cli: Cli, work: Path, arguments: list[str], code: int, words: list[str]
) -> None:
    found, out, err = cli("lr-find", *arguments)
    assert (found, out) == (code, ""), err
    lines = err.splitlines()
    assert {line.split(":")[0] for line in lines} == {"error", "hint"}
    assert all(word in err for word in words), err
    assert list(work.iterdir()) == []


def test_a_folder_without_folders_says_how_to_read_names(cli: Cli, few_pets: Path) -> None:
    code, _, err = cli("lr-find", few_pets)
    assert code == 3
    assert "no folder of images for each class" in err and "--label-regex" in err


def test_a_folder_and_data_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="both the folder"):
        find_recipe_or_folder(".", "elsewhere")
