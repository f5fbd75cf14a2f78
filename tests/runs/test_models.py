"""`fastcnn models`: the list, its filters, and what suits a folder of pictures."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from typer.main import get_command

from fastcnn.cli.app import app
from fastcnn.models.sizes import NetworkSizes
from fastcnn.suggestion import Advice, advise
from fastcnn.suggestion_costs import Cost, Trial
from fastcnn.suggestion_rules import Facts

Cli = Callable[..., tuple[int, str, str]]


def listed(cli: Cli, *arguments: object) -> list[dict[str, Any]]:
    code, out, _ = cli("models", *arguments, "--json")
    assert code == 0
    found: list[dict[str, Any]] = json.loads(out)
    return found


def test_a_pattern_searches_every_name_and_sizes_filter(cli: Cli) -> None:
    everything = listed(cli, "test_*net")
    names = [entry["name"] for entry in everything]
    assert {"test_resnet", "test_byobnet", "test_efficientnet"} <= set(names)
    assert [entry["parameters"] for entry in everything] == sorted(
        entry["parameters"] for entry in everything
    )
    small = [entry for entry in everything if entry["parameters"] <= 400_000]
    assert 0 < len(small) < len(everything)
    assert listed(cli, "test_*net", "--max-parameters", "400k") == small
    most = max(entry["multiply_adds"] for entry in small)
    assert most == max(
        entry["multiply_adds"]
        for entry in listed(
            cli, "test_*net", "--max-parameters", "0.4m", "--max-multiply-adds", most
        )
    )


def test_a_listed_size_is_that_of_summary(cli: Cli) -> None:
    (entry,) = listed(cli, "test_resnet")
    _, out, _ = cli("summary", "test_resnet", "--json")
    summary = json.loads(out)
    assert {name: entry[name] for name in ("parameters", "multiply_adds", "input_size")} == {
        name: summary[name] for name in ("parameters", "multiply_adds", "input_size")
    }


def test_where_weights_lie(cli: Cli, own_home: Path) -> None:
    (lite,) = listed(cli, "tf_efficientnet_lite0")
    (scratch,) = listed(cli, "sprint")
    (vgg,) = listed(cli, "vgg16_bn")
    assert (lite["weights"], scratch["weights"]) == ("packaged", "none")
    assert vgg["weights"] == "downloadable"
    checkpoints = Path(torch.hub.get_dir()) / "checkpoints"
    checkpoints.mkdir(parents=True)
    (checkpoints / "vgg16_bn-6c64b313.pth").touch()
    assert listed(cli, "vgg16_bn", "--weights", "cached")[0]["weights"] == "cached"
    assert listed(cli, "vgg16_bn", "--weights", "downloadable") == []


def test_sizes_are_remembered_and_a_damaged_memory_is_counted_anew(
    cli: Cli, own_home: Path
) -> None:
    first = listed(cli, "test_resnet")
    (kept,) = (own_home / "fastcnn_cache" / "measured").glob("network-sizes-*.json")
    listed(cli, "three-conv")
    document = json.loads(kept.read_text())
    assert list(document) == ["test_resnet"]  # our own may change with fastcnn
    assert NetworkSizes(**document["test_resnet"]).parameters == first[0]["parameters"]
    document["test_resnet"]["parameters"] = 7
    kept.write_text(json.dumps(document))
    assert listed(cli, "test_resnet")[0]["parameters"] == 7  # from the file
    kept.write_text('{"test_resnet": [')
    assert listed(cli, "test_resnet") == first


def test_the_table_fits_80_columns_and_says_how_many_there_are(cli: Cli) -> None:
    code, out, _ = cli("models", "test_vit*")
    assert code == 0
    assert max(len(line.rstrip()) for line in out.splitlines()[:-2]) <= 80
    assert " architectures" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["resnett18"], "did you mean 'resnet18'?"),
        (["--weights", "cachd"], "did you mean 'cached'?"),
        (["--max-parameters", "ten"], "as 400k, 10m or 1.5g"),
        (["--suggest", ".", "--budget", "soon"], "as 90s, 5m or 1h"),
        (["resnet18", "--suggest", "."], "--suggest"),
    ],
)
def test_what_cannot_be_meant(cli: Cli, arguments: list[str], words: str) -> None:
    code, out, err = cli("models", *arguments)
    assert (code, out) == (2, "")
    assert words in err


@pytest.mark.slow
def test_few_small_pictures_lead_to_enlarging(cli: Cli, work: Path) -> None:
    for name, colour in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        (work / name).mkdir()
        for number in range(10):
            shade = tuple(channel + 4 * number for channel in colour)
            Image.new("RGB", (16, 16), shade).save(work / name / f"{number}.png")
    code, out, _ = cli("models", "--suggest", work, "--budget", "1h", "--json")
    advice = json.loads(out)
    assert code == 0
    assert advice["facts"]["side"] == 16
    ways = {(one["arch"], one["strategy"], one["size"]) for one in advice["suggestions"]}
    assert ways == {
        ("tf_efficientnet_lite0", "head", 64),
        ("tf_efficientnet_lite0", "lp-ft", 64),
    }
    first = advice["suggestions"][0]
    assert (first["strategy"], first["weights"]) == ("head", "packaged")  # eight images a class
    assert "resnet18" in advice["elsewhere"]
    name, *arguments = shlex.split(first["command"])[1:]
    command = get_command(app).commands[name]  # type: ignore[attr-defined]
    assert command.make_context(name, arguments).params["arch"] == "tf_efficientnet_lite0"


COSTS = [
    Cost(Trial("tf_efficientnet_lite0", "head", 160), 60, 0),
    Cost(Trial("tf_efficientnet_lite0", "lp-ft", 160, 5), 80, 300),
    Cost(Trial("sprint", "scratch", 32, 30), 10, 40),
]


@settings(max_examples=20)
@given(st.integers(8, 500), st.integers(2, 50_000), st.integers(2, 100), st.floats(1, 10_000))
def test_every_suggestion_fits_the_budget_or_is_the_quickest(
    side: int, images: int, classes: int, budget: float
) -> None:
    advice = advised(side, images, classes, budget)
    seconds = [one.seconds for one in advice.suggestions]
    assert seconds
    if all(one.fits for one in advice.suggestions):
        assert max(seconds) <= budget
    else:
        assert seconds == [min(cost.seconds for cost in COSTS)]
    assert len(advice.suggestions) + len(advice.notes) == len(COSTS)


def test_few_images_keep_the_body_and_many_let_it_learn() -> None:
    orders = {
        name: [one.strategy for one in advised(*facts, 10_000).suggestions]
        for name, facts in {
            "few": (300, 200, 10),
            "many": (300, 20_000, 10),
            "small": (32, 50_000, 10),
        }.items()
    }
    assert orders["few"][0] == "head"
    assert orders["many"][0] == "lp-ft"
    assert orders["small"].index("scratch") < orders["small"].index("head")
    in_time = advised(32, 50_000, 10, budget=1250).suggestions
    assert [one.arch for one in in_time][0] == "sprint"  # lp-ft of an enlarged picture is later


def advised(side: int, images: int, classes: int, budget: float) -> Advice:
    facts = Facts("pictures", images, images, classes, side)
    return advise(facts, budget, COSTS)
