"""`--learning-curve`: what it leaves in a run, and that it costs no model."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pandas as pd
import pytest

import fastcnn
from fastcnn.narrator import Advance, Narrator

Cli = Callable[..., tuple[int, str, str]]


@pytest.mark.slow
def test_it_ends_where_the_head_is(
    cli: Cli, few_pets: Path, tiny_network: list[str], work: Path
) -> None:
    given = ("recipe", "pets", "--data", few_pets, *tiny_network, "--strategy", "head")
    code, out, err = cli(*given, "--learning-curve", "--out", "r")
    assert code == 0, err
    run = fastcnn.Run("r")
    curve, data = run.record["learning_curve"], run.record["data"]
    points = curve["points"]
    sizes = [point["n"] for point in points]
    assert sizes == sorted(set(sizes)) and sizes[0] == 2 * 4 and sizes[-1] == data["n_train"]
    assert [len(point["accuracies"]) for point in points[:-1]] == [5] * (len(points) - 1)
    head = run.record["strategies"]["head"]["metrics"]["accuracy"]
    assert points[-1]["accuracies"] == [pytest.approx(head)]
    assert curve["verdict"] in " ".join(out.split())
    table = pd.read_csv("r/learning_curve.csv")
    assert len(table) == sum(len(point["accuracies"]) for point in points)
    assert Path("r/learning_curve.png").stat().st_size > 10_000

    options = ("--learning-curve", "--force", "--out", "r", "--quiet", "--seed", "8")
    assert cli(*given, *options)[0] == 0
    assert cli(*given, "--force", "--out", "r", "--quiet")[0] == 0
    assert not Path("r/learning_curve.csv").exists(), "a curve of another run was left"


def test_its_groups_stay_whole(
    cli: Cli, few_pets: Path, tiny_network: list[str], work: Path
) -> None:
    """All pictures of a breed are one: each size that shows all breeds has all pictures."""
    lists = {file.name: file.stem.rsplit("_", 1)[0] for file in few_pets.glob("*.jpg")}
    rows = [
        f"{few_pets / name},{breed},{part},{breed + part}"
        for number, (name, breed) in enumerate(sorted(lists.items()))
        for part in ["valid" if number % 4 == 0 else "train"]
    ]
    Path("set.csv").write_text("\n".join(["path,label,split,animal", *rows]))
    given = ("train", "set.csv", "--group-by", "animal", *tiny_network, "--strategy", "head")
    code, _, err = cli(*given, "--learning-curve", "--out", "r")
    assert code == 0, err
    run = fastcnn.Run("r")
    points = run.record["learning_curve"]["points"]
    assert [point["n"] for point in points] == [run.record["data"]["n_train"]]


@pytest.mark.slow
@pytest.mark.slow
def test_of_a_run_that_fine_tunes_it_is_computed_besides(
    cli: Cli, small_pets: Path, tiny_options: list[str], work: Path
) -> None:
    given = ("recipe", "pets", "--data", small_pets, *tiny_options, "--strategy", "full")
    code, out, err = cli(*given, "--learning-curve", "--out", "r")
    assert code == 0, err
    assert "learning curve: computing features of the pretrained body for it" in out
    curve = json.loads(Path("r/run.json").read_text("utf-8"))["learning_curve"]
    assert curve["strategy"] == "head"
    assert [point["n"] for point in curve["points"]][-1] == 13
    assert fastcnn.Run("r").strategies == ["full"]


class Failing(Narrator):
    """Fails where the curve is to be measured."""

    def bar(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Raise instead of showing that one."""
        if title == "learning curve":
            raise RuntimeError("no room")
        return super().bar(title, total)


def test_a_curve_that_fails_costs_only_itself(
    small_pets: Path, tiny_weights: Path, work: Path
) -> None:
    given = {"strategy": "head", "arch": "test_resnet", "weights": str(tiny_weights), "size": 48}
    run = fastcnn.run(
        "pets",
        data=small_pets,
        narrator=Failing(quiet=True),
        learning_curve=True,
        precision="fp32",
        **given,
    )
    assert run.record["status"] == "done" and run.winner == "head"
    assert run.record["events"][-1] == "there is no learning curve: RuntimeError: no room"
    assert "learning_curve" not in run.record
