"""`--dry-run`: what it announces is what training moves, and it leaves no trace."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

import fastcnn
from fastcnn.models.architectures import find_architecture
from fastcnn.models.learner import build_learner
from fastcnn.models.weights import Weights
from fastcnn.settings import Settings

Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture(params=[pytest.param("resnet18", marks=pytest.mark.slow), "test_resnet"])
def options(request: pytest.FixtureRequest, tiny_weights: Path, tmp_path: Path) -> list[str]:
    """One network of torchvision's and one of timm's, with random weights."""
    if request.param == "resnet18":
        import torchvision

        torch.manual_seed(0)
        tiny_weights = tmp_path / "resnet18.pth"
        torch.save(torchvision.models.resnet18().state_dict(), tiny_weights)
    network = ["--arch", request.param, "--weights", str(tiny_weights), "--precision", "fp32"]
    return [*network, "--size", "64", "--epochs", "1", "--bs", "16"]


def untrained(run: fastcnn.Run) -> nn.Module:
    """Build the network as the run began with it."""
    settings = run.record["settings"]
    known = {name: value for name, value in settings.items() if name not in ("data", "measured")}
    weights = Weights(find_architecture(settings["arch"]), "file", Path(settings["weights"]))
    learner = build_learner(run.learner().dls, weights, Settings(**known))
    return learner.model


def frozen_statistics(model: nn.Module, learning: set[str]) -> set[str]:
    """Return the names of the running statistics of every layer whose weights do not learn."""
    return {
        f"{name}.{statistic}"
        for name, module in model.named_modules()
        if isinstance(module, nn.BatchNorm2d) and f"{name}.weight" not in learning
        for statistic, _ in module.named_buffers()
    }


def test_partial_moves_exactly_what_was_announced(
    cli: Cli, few_pets: Path, options: list[str], work: Path
) -> None:
    command = ["recipe", "pets", "--data", few_pets, *options, "--lr", "0.01"]
    command += ["--strategy", "partial", "--freeze-until", "layer2"]
    before = set(work.iterdir())
    code, out, err = cli(*command, "--dry-run", "--json")
    assert code == 0, err
    assert set(work.iterdir()) == before
    (strategy,) = json.loads(out)["strategies"]
    head, main = strategy["phases"]
    assert main["frozen"] == ["stem", "layer1", "layer2"]
    assert main["learning"] == ["layer3", "layer4", "head"]
    announced = set(main["trainable_tensors"])
    assert set(head["trainable_tensors"]) < announced

    assert cli(*command, "--out", "r")[0] == 0
    run = fastcnn.Run("r")
    first, last = untrained(run), run.learner().model
    moved = {
        name
        for (name, one), (_, other) in zip(
            first.named_parameters(), last.named_parameters(), strict=True
        )
        if not torch.equal(one, other)
    }
    assert moved == announced
    still = frozen_statistics(first, announced)
    statistics = {name for name, _ in first.named_buffers()}
    assert still and statistics - still
    for name, tensor in first.named_buffers():
        assert torch.equal(tensor, last.get_buffer(name)) == (name in still), name
    entry = run.record["strategies"]["partial"]
    assert entry["trainable_parameters"] == main["trainable_numbers"]


def test_an_unknown_block_is_found_before_anything_is_trained(
    cli: Cli, few_pets: Path, options: list[str], work: Path
) -> None:
    """Although another strategy would come first."""
    command = ["recipe", "pets", "--data", few_pets, *options, "--strategy", "head-vs-partial"]
    before = set(work.iterdir())
    for dry in ([], ["--dry-run"]):
        code, _, err = cli(*command, "--freeze-until", "layer9", *dry)
        assert code == 2
        assert "'layer9'" in err and "stem, layer1, layer2, layer3, layer4" in err
    assert set(work.iterdir()) == before


def test_the_tables(cli: Cli, few_pets: Path, tiny_options: list[str], work: Path) -> None:
    options = [*tiny_options, "--precision", "fp32", "--strategy", "full-vs-head"]
    code, out, err = cli("recipe", "pets", "--data", few_pets, *options, "--dry-run")
    assert code == 0, err
    assert "groups of test_resnet: stem" in out
    assert "features to compute: 48 of 48 images" in out
    assert "estimated: " in out and "GB of memory at most" in out
    assert list(work.iterdir()) == []
